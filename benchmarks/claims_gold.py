"""Answers that people wrote to questions about these documents (gold_open.jsonl), as cited sentences."""

import json
import re
from collections.abc import Iterator, Sequence

from benchmarks.claims_answers import Planted, Written, language_of
from benchmarks.claims_facts import DATE, DESIGNATION, VALUE, Fact
from benchmarks.claims_material import DATA, Document
from domain.grounding.rules_citations import Source

GOLD = DATA / "B_retrieval/gold_open.jsonl"
MAX_CITED = 5
MAX_ANSWER = 300
"""Characters."""

_WORD = re.compile(r"[^\W_]{2,}")


def gold_pages() -> dict[str, set[int]]:
    """The pages that answer, from 1, by the document's path."""
    pages: dict[str, set[int]] = {}
    for question in _questions():
        for gold in question["gold"]:
            pages.setdefault(_path(gold["doc"]), set()).update(page + 1 for page in gold["pages"])
    return pages


def gold_answers(documents: Sequence[Document]) -> Iterator[tuple[str, Written]]:
    """Half and answer. Left out are answers none of whose values stands in the cited blocks: those were reckoned or
    seen in pictures, so nothing can prove them."""
    for question in _questions():
        gold = question["gold"][0]
        for document in documents:
            if document.path == _path(gold["doc"]):
                written = _written(question, gold, document.sources)
                if written is not None:
                    yield document.half, written


def _questions() -> Iterator[dict]:
    for line in GOLD.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        answer = question.get("answer")
        if (
            isinstance(answer, str)
            and len(answer) <= MAX_ANSWER
            and question["gold"]
            and question.get("kind") != "rule_compilation"
        ):
            yield question


def _path(doc: str) -> str:
    return doc.removeprefix("../../open/") if doc.startswith("../../open/") else f"B_retrieval/{doc}"


def _written(question: dict, gold: dict, sources: Sequence[Source]) -> Written | None:
    answer = re.sub(r"\s+", " ", question["answer"]).strip(" .")
    text = f"{question['question'].strip(' ?.')}: {answer} "
    pages = {page + 1 for page in gold["pages"]}
    blocks = set(gold.get("blocks") or ())
    near = [s for s in sources if s.block.page_no in pages and (not blocks or s.block.id in blocks)]
    ranked = _cited(text, near)
    facts = [
        _fact(kind, found, source)
        for kind, pattern in (("date", DATE), ("designation", DESIGNATION), ("value", VALUE))
        for found in pattern.finditer(text)
        if found.start() > len(question["question"])
        for source in ranked[:1]
    ]
    shown = " ".join(source.block.content for source in ranked)
    planted = [
        (fact, start) for fact, start in facts if re.search(rf"(?<!\d){re.escape(fact.value.split()[0])}(?!\d)", shown)
    ]
    if not ranked or not planted or len(planted) < len(facts):
        return None
    marks = "".join(f"[{number}]" for number in range(1, len(ranked) + 1))
    return Written(
        text=f"{text}{marks}.",
        cited=dict(enumerate(ranked, start=1)),
        planted=tuple(
            Planted(start=start, end=start + len(fact.value), kind=fact.kind, fact=fact) for fact, start in planted
        ),
        language=language_of(text),
    )


def _fact(kind: str, found: re.Match[str], source: Source) -> tuple[Fact, int]:
    unit = (found.group("unit") or "") if kind == "value" else ""
    is_bare = kind == "value" and not unit and not found.group("before")
    name = "number" if is_bare else kind
    fact = Fact(source=source, kind=name, value=found.group(), unit=unit, label="", spot=found.group(), row=0)
    return fact, found.start()


def _cited(text: str, near: Sequence[Source]) -> list[Source]:
    """The blocks that hold most of the values of question and answer, then most of their words."""
    values = {found.group() for pattern in (DATE, DESIGNATION, VALUE) for found in pattern.finditer(text)}
    words = {word.lower()[:6] for word in _WORD.findall(text)}
    left, cited = set(values), []
    while len(cited) < MAX_CITED:
        rest = [source for source in near if not any(source is other for other in cited)]
        if not rest:
            break
        best = max(rest, key=lambda source: (len(_held(left, source)), _overlap(words, source)))
        cited.append(best)
        left -= _held(left, best)
        if not left:
            break
    return cited


def _held(values: set[str], source: Source) -> set[str]:
    return {v for v in values if re.search(rf"(?<!\d){re.escape(v.split()[0])}(?!\d)", source.block.content)}


def _overlap(wanted: set[str], source: Source) -> float:
    words = {word.lower()[:6] for word in _WORD.findall(source.block.content)}
    return len(wanted & words) - len(words) / 1000
