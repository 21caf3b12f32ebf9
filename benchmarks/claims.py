"""How many false values the claims ledger catches in answers on real documents, and how many true ones it doubts.

`python -m benchmarks.claims [dev|held] [--show CHANGE]` prints the tables; `--show` lists what got through on dev.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from benchmarks.claims_answers import Planted, Written, write_answer
from benchmarks.claims_facts import Fact, facts_of, sentences_of
from benchmarks.claims_gold import gold_answers, gold_pages
from benchmarks.claims_material import HALVES, Document, read_documents
from benchmarks.claims_mutations import HARD, PLAIN, Mutant, mutants_of
from domain.answers import VERIFIED, Claim
from domain.families.analysis.rules_claims import check_text
from domain.families.analysis.rules_ledger import Ledger

LABELLED = ("value", "designation", "date", "quotation")
PER_DOCUMENT = {"value": 30, "number": 10, "designation": 12, "date": 4, "quotation": 5}
"""How many facts of a kind one document gives at most, so that no single file outweighs the others."""

MAX_MUTANTS = 9
"""Of one answer, drawn from all of its mutants."""


class Tally(msgspec.Struct, kw_only=True):
    """Counts by (half, class): claims, doubted ones, mutants, caught ones. Times are CPU per answer."""

    claims: Counter[tuple[str, str]]
    doubted: Counter[tuple[str, str]]
    mutants: Counter[tuple[str, str]]
    caught: Counter[tuple[str, str]]
    times_ms: list[float]
    shown: list[str]


def section() -> str:
    return render(measure())


def measure(halves: Sequence[str] = HALVES, show: str | None = None) -> Tally:
    tally = Tally(claims=Counter(), doubted=Counter(), mutants=Counter(), caught=Counter(), times_ms=[], shown=[])
    documents = [document for document in read_documents(gold_pages()) if document.half in halves]
    for document in documents:
        chance = random.Random(document.path)
        for written, neighbours in _answers(document, chance):
            _check(tally, document.half, written, neighbours, chance, show)
    for half, written in gold_answers(documents):
        _check(tally, half, written, (), random.Random(written.text), show, group="gold ")
    return tally


def _answers(document: Document, chance: random.Random) -> Iterator[tuple[Written, list[Fact]]]:
    by_source = [facts_of(source) for source in document.sources]
    by_source = [facts + _quotations(facts) for facts in by_source]
    chosen: list[Fact] = []
    for kind, most in PER_DOCUMENT.items():
        facts = [fact for facts in by_source for fact in facts if fact.kind == kind]
        chosen += chance.sample(facts, min(most, len(facts)))
    chance.shuffle(chosen)
    while chosen:
        count = chance.choice([1, 1, 2, 3])
        facts, chosen = chosen[:count], chosen[count:]
        cited = {id(fact.source) for fact in facts}
        neighbours = [fact for group in by_source for fact in group if id(fact.source) in cited]
        yield write_answer(facts, chance), neighbours


def _quotations(facts: Sequence[Fact]) -> list[Fact]:
    """Five to twelve words of a sentence that holds a fact."""
    found: list[Fact] = []
    for fact in facts:
        words = fact.spot.split(" ")
        if fact.column < 0 and len(words) >= 5 and sentences_of(fact.spot) == [fact.spot] and '"' not in fact.spot:
            quoted = " ".join(words[: 5 + len(fact.spot) % 8]).strip(" ,.;:«»“”-")
            found.append(msgspec.structs.replace(fact, kind="quotation", value=quoted, unit=""))
    return found


def _check(
    tally: Tally,
    half: str,
    written: Written,
    neighbours: Sequence[Fact],
    chance: random.Random,
    show: str | None,
    group: str = "",
) -> None:
    started = time.process_time()
    ledger = Ledger(written.cited)
    claims = check_text(written.text, ledger)
    tally.times_ms.append((time.process_time() - started) * 1000)
    for claim in claims:
        kind = _kind_of(claim, written.planted)
        tally.claims[half, group + kind] += 1
        if claim.verdict not in VERIFIED:
            tally.doubted[half, group + kind] += 1
            if show == "doubted":
                tally.shown.append(f"{kind} {claim.text!r} {claim.verdict} IN {written.text!r}\n    {_spots(written)}")
    mutants = list(mutants_of(written, neighbours, chance))
    for mutant in chance.sample(mutants, min(MAX_MUTANTS, len(mutants))):
        name = group + (mutant.change if mutant.kind != "number" else f"bare: {mutant.change}")
        tally.mutants[half, name] += 1
        if is_caught(check_text(mutant.text, ledger), mutant):
            tally.caught[half, name] += 1
        elif show == mutant.change and mutant.kind != "number":
            tally.shown.append(f"{mutant.text[mutant.start : mutant.end]!r} IN {mutant.text!r}\n    {_spots(written)}")


def is_caught(claims: Sequence[Claim], mutant: Mutant) -> bool:
    """Whether a claim that touches the altered place is shown as unverified."""
    return any(
        claim.start < mutant.end and mutant.start < claim.end and claim.verdict not in VERIFIED for claim in claims
    )


def _kind_of(claim: Claim, planted: Sequence[Planted]) -> str:
    if claim.kind == "value" and claim.unit is None:
        return "number"
    return claim.kind


def _spots(written: Written) -> str:
    return " ## ".join(planted.fact.spot[:160] for planted in written.planted)


HEADING = """
## The claims ledger on real documents

Correct answers were written from facts of the documents of ../shared/data (table rows, sentences, dates, quotations,
Russian and English, reworded, regrouped, in lists and tables) and taken from people's answers to the gold questions;
then made false in one place. Files are divided into a half on which the rules were worked out and one that was only
measured. A value counts as caught when a claim that touches it is shown as unverified. Wanted of labelled claims: 99 %
caught, at most 1 % doubted as they stand. Hard ones are true elsewhere in the cited block or turn the words around it.
"""


def render(tally: Tally) -> str:
    """The section of benchmarks/RESULTS.md."""
    times = sorted(tally.times_ms)
    lines = [HEADING, "| false in one place | n dev | caught | n held-out | caught |", "|---|---|---|---|---|"]
    for title, names in (("**all plain, labelled**", PLAIN), *((name, (name,)) for name in PLAIN)):
        lines.append(_row(title, tally.caught, tally.mutants, names))
    for title, names in (("**all hard**", HARD), *((name, (name,)) for name in HARD)):
        lines.append(_row(title, tally.caught, tally.mutants, names))
    lines.append(_row("bare numbers, plain", tally.caught, tally.mutants, [f"bare: {name}" for name in PLAIN]))
    lines.append(_row("bare numbers, hard", tally.caught, tally.mutants, [f"bare: {name}" for name in HARD]))
    lines.append(_row("people's answers, plain", tally.caught, tally.mutants, [f"gold {name}" for name in PLAIN]))
    lines += ["", "| true as it stands | n dev | doubted | n held-out | doubted |", "|---|---|---|---|---|"]
    for title, names in (("**all labelled**", LABELLED), *((name, (name,)) for name in (*LABELLED, "number"))):
        lines.append(_row(title, tally.doubted, tally.claims, names, digits=2))
    gold = [f"gold {name}" for name in LABELLED]
    lines.append(_row("people's answers, labelled", tally.doubted, tally.claims, gold, digits=2))
    lines.append("")
    middle, late = times[len(times) // 2], times[len(times) * 95 // 100]
    lines.append(
        f"CPU time per answer: median {middle:.1f} ms, p95 {late:.1f} ms, slowest {times[-1]:.1f} ms (wanted ≤ 30)."
    )
    return "\n".join(lines) + "\n"


def _row(
    title: str,
    part: Counter[tuple[str, str]],
    whole: Counter[tuple[str, str]],
    names: Sequence[str],
    digits: int = 1,
) -> str:
    cells = []
    for half in HALVES:
        count = sum(whole[half, name] for name in names)
        share = f"{100 * sum(part[half, name] for name in names) / count:.{digits}f} %" if count else "–"
        cells += [str(count), share]
    return f"| {title} | " + " | ".join(cells) + " |"


def main() -> None:
    arguments = sys.argv[1:]
    halves = [half for half in HALVES if half in arguments] or HALVES
    show = arguments[arguments.index("--show") + 1] if "--show" in arguments else None
    tally = measure(halves, show)
    print("\n".join(tally.shown))
    print(render(tally))


if __name__ == "__main__":
    main()
