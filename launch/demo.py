"""`make demo`: start everything, read documents, ask, and show the proof. `make demo PDF=… Q=…` does it on any file."""

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markdown import Markdown
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from launch.demo_client import DemoClient
from launch.places import LaunchError
from launch.stack import REPOSITORY, Stack

SAMPLES = REPOSITORY / "samples"
DATA_DIR = Path(".data/demo")
CONTEXT = 0.04
"""How much of the page is shown around a cited box, in page units."""
PROOF_DPI = 200
DEFAULT_QUESTION = "О чём этот документ и какие в нём основные данные? / What is this document about?"

console = Console(highlight=False, soft_wrap=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m launch.demo", description=__doc__)
    parser.add_argument("--pdf", default="", help="a file of your own instead of the samples")
    parser.add_argument("--question", default="", help="your question")
    parser.add_argument("--data-dir", default=str(DATA_DIR))
    options = parser.parse_args()
    paths = [Path(options.pdf)] if options.pdf else sorted(SAMPLES.glob("*.pdf"))
    for path in paths:
        if not path.is_file():
            console.print(f"[red]no such file:[/] {path}")
            return 2
    questions = [options.question] if options.question else _questions(own_file=bool(options.pdf))
    try:
        return run(Path(options.data_dir), paths, questions)
    except LaunchError as error:
        console.print(f"[red]{error}[/]")
        return 1
    except KeyboardInterrupt:
        return 130


def run(data_dir: Path, paths: list[Path], questions: list[str]) -> int:
    """0 when every document was read and every question answered."""
    started = time.monotonic()
    console.rule("AIZoomDoc")
    stack = Stack(data_dir, say=_say_quietly)
    with console.status("starting PostgreSQL, Valkey, S3, api and workers …"):
        stack.start()
    console.print(f"service ready at [bold]{stack.url}[/] after {time.monotonic() - started:.1f} s, no API key needed")
    client = DemoClient(stack)
    try:
        documents = read(client, paths)
        out = data_dir / "proof"
        # Without a document there is nothing to ask: an empty list would mean the documents of all earlier runs.
        asked = enumerate(questions, 1) if documents else ()
        answered = [ask(client, number, question, list(documents), out) for number, question in asked]
    finally:
        client.close()
        stack.stop()
    console.rule()
    console.print(f"pictures of the proof: [bold]{out.resolve()}[/]")
    console.print(f"data: {data_dir.resolve()}   logs: {(data_dir / 'logs').resolve()}")
    console.print(f"done in {time.monotonic() - started:.0f} s. The service itself: [bold]make run[/]")
    return 0 if documents and all(answered) else 1


def read(client: DemoClient, paths: list[Path]) -> dict[str, str]:
    """Upload and read the files; names of the readable documents by id."""
    uploads = [client.upload(path) for path in paths]
    readable: dict[str, str] = {}
    with _progress() as progress:
        for upload in uploads:
            task = progress.add_task(f"reading {upload['filename']}", total=1.0)

            def watch(event: str, data: dict[str, Any], task: Any = task) -> None:
                if event == "stage.progress":
                    progress.update(task, completed=data["progress"])

            last = client.follow(upload["job_id"], watch)
            progress.update(task, completed=1.0)
            document = client.document(upload["document_id"])
            if document["recognition"]["state"] == "pending":
                progress.update(task, description=f"recognising scans of {upload['filename']}", completed=0.0)
                client.follow(document["recognition"]["job_id"], watch)
                progress.update(task, completed=1.0)
            if last == "job.succeeded":
                readable[document["id"]] = document["name"]
            else:
                progress.console.print(f"[red]{document['name']}: {document.get('error_en') or last}[/]")
    return readable


def ask(client: DemoClient, number: int, question: str, document_ids: list[str], out: Path) -> bool:
    """Ask, show phases live, the answer and its proof; true when it was answered."""
    console.rule(f"question {number}")
    console.print(f"[bold]{question}[/]\n")
    chat_id, job_id = client.ask(question, document_ids)
    with _progress() as progress:
        phases: dict[str, Any] = {}

        def watch(event: str, data: dict[str, Any]) -> None:
            stage = data.get("stage") or ""
            if event == "stage.started":
                phases[stage] = progress.add_task(data.get("label_en") or stage, total=1.0)
            elif event == "stage.progress" and stage in phases:
                progress.update(phases[stage], completed=data["progress"])
            elif event == "stage.finished" and stage in phases:
                progress.update(phases[stage], completed=1.0)

        last = client.follow(job_id, watch)
    message = client.answer(chat_id)
    if last != "job.succeeded" or message is None:
        console.print(f"[red]not answered: {last}[/]")
        return False
    console.print(Padding(Markdown(message["content"]), (1, 2)))
    show_proof(client, number, message["answer"]["citations"], out)
    return True


def show_proof(client: DemoClient, number: int, citations: list[dict[str, Any]], out: Path) -> None:
    """A line for each citation, and a picture of what it points at."""
    out.mkdir(parents=True, exist_ok=True)
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("", "file", "лист", "page", "block", "box", "picture"):
        table.add_column(heading, overflow="fold")
    for citation in citations:
        boxes = citation["boxes"]
        picture = out / f"question-{number}-proof-{citation['number']}.png"
        if boxes:
            query = {
                "region": _text(_around(boxes)),
                "marks": ";".join(_text(box) for box in boxes),
                "dpi": PROOF_DPI,
            }
            picture.write_bytes(client.picture(citation["document_id"], citation["page_no"], **query))
        table.add_row(
            f"[{citation['number']}]",
            citation["document_name"],
            citation["sheet"],
            str(citation["page_no"]),
            citation["block_id"] or "",
            _text(_union(boxes)) if boxes else "no coordinates",
            picture.name if boxes else "",
        )
    console.print(table)


def _around(boxes: list[list[float]]) -> list[float]:
    x0, y0, x1, y1 = _union(boxes)
    return [max(x0 - CONTEXT, 0), max(y0 - CONTEXT, 0), min(x1 + CONTEXT, 1), min(y1 + CONTEXT, 1)]


def _union(boxes: list[list[float]]) -> list[float]:
    left, top, right, bottom = zip(*boxes, strict=True)
    return [min(left), min(top), max(right), max(bottom)]


def _text(box: list[float]) -> str:
    return ",".join(f"{value:.4f}" for value in box)


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(finished_text="[green]✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
    )


def _questions(*, own_file: bool) -> list[str]:
    """One question about the plan and one about the general notes, of those that come with the samples."""
    if own_file:
        return [DEFAULT_QUESTION]
    known = json.loads((SAMPLES / "questions.json").read_text(encoding="utf-8"))
    documents = ("План_вентиляции", "Общие_данные")
    answerable = [item for item in known if item.get("document")]
    return [
        [item["question"] for item in answerable if document in item["document"]][place]
        for document, place in zip(documents, (0, -1), strict=True)
    ]


def _say_quietly(line: str) -> None:
    """The admin token of a first start is for `make run`; the demo has a user of its own."""
    if "token" not in line.lower():
        console.print(line)


if __name__ == "__main__":
    sys.exit(main())
