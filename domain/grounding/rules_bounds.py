"""Words that turn a value or a sentence into its opposite: «не менее» and «не более», «должен» and «не должен».

Only a plain contradiction counts: both sides use words listed here, and no word of the other side is there too.
"""

import re

LOWEST, HIGHEST = "lowest", "highest"
WINDOW_BEFORE = 45
WINDOW_BEHIND = 22
"""Characters around a value in which its limit stands: about five words before, two behind. Guesses."""

_MORE = (
    r"(?:более|больше|выше|свыше|превы\w+|больш\w+|дальше|more|greater|higher|larger|longer|over|above|exceed\w*"
    r"|beyond)"
)
_LESS = r"(?:менее|меньше|ниже|меньш\w+|ближе|less|lower|smaller|shorter|fewer|below|under|closer)"
_BEFORE = re.compile(
    rf"(?P<more>\b{_MORE}\b)|(?P<less>\b{_LESS}\b)|(?P<lowest>\bминим\w*|\bmin(?:imum|imal|\.)?(?!\w)|\bat\s+least\b|≥|>=)"
    r"|(?P<highest>\bмаксим\w*|\bmax(?:imum|imal|\.)?(?!\w)|\bat\s+most\b|\bup\s+to\b|≤|<=)|(?P<over>>)|(?P<under><)",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\s*[)\]]?\s*(?:(?P<lowest>(?:и|или|and|or)\s+(?:более|больше|выше|more|greater|higher|above|larger)\b|minimum\b|min\b)"
    r"|(?P<highest>(?:и|или|and|or)\s+(?:менее|меньше|ниже|less|lower|below|smaller|fewer)\b|maximum\b|max\b))",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:не|нет|нельзя|no|not|never|cannot|n't)\s+(?:[^\W\d_]+\s+){0,3}$", re.IGNORECASE)
_NUMBER = re.compile(r"\d|[;]")

_MODALS = {
    "allowed": r"допуска\w+|разреша\w+|allowed|permitted",
    "due": r"следует|долж\w+|требу\w+|необходимо|must|shall|should|required",
    "may": r"может|могут|may|can",
    "forbidden": r"запреща\w+|запрещен\w*|prohibited|forbidden",
}
_MODAL = re.compile("|".join(f"(?P<{name}>\\b(?:{words})\\b)" for name, words in _MODALS.items()), re.IGNORECASE)
_COMPARED = re.compile(rf"(?:\s+[^\W\d_]+){{0,4}}?\s+(?:{_MORE}|{_LESS})\b", re.IGNORECASE)
_NOT_BEFORE = re.compile(r"\b(?:не|no|not)\s+(?:быть\s+|be\s+)?$", re.IGNORECASE)
_NOT_BEHIND = re.compile(r"\s+(?:не|not|never)\b|n't\b", re.IGNORECASE)

_TURNS = (
    (r"\b(?:увелич|возра?ст|вырос|повыш|прирост|рост)\w*|\bincreas\w+|\brose\b|\bhigher\b|\bgr[eo]w\w*",
     r"\b(?:уменьш|сниз|сниж|сократ|пониж|упал)\w*|\bdecreas\w+|\bdeclin\w+|\bfell\b|\blower\b|\bdrop\w*"),
    (r"\bлев\w{2,3}\b|\bслева\b|\bleft\b", r"\bправ(?:ый|ая|ое|ого|ой|ую|ым|ом|ые|ых)\b|\bсправа\b|\bright\b"),
    (r"\bверхн\w+|\bupper\b|\btop\b", r"\bнижн\w+|\blower\b|\bbottom\b"),
    (r"\bвключ[её]н\w*|\bзамкнут\w*|\bзамыка\w*|\bclosed\b",
     r"\b(?:вы|от)ключ[её]н\w*|\bразомкнут\w*|\bразмыка\w*|\bopen\b"),
)  # fmt: skip
_PAIRS = tuple((re.compile(one, re.IGNORECASE), re.compile(two, re.IGNORECASE)) for one, two in _TURNS)


def bound_of(text: str, start: int, end: int) -> str | None:
    """Whether the value at `start`–`end` is said to be the least or the greatest one; null when neither is said.

    «не более», "must not be more than" are the greatest; the word nearest to the value decides.
    """
    behind = _BEHIND.match(text[end : end + WINDOW_BEHIND])
    if behind:
        return behind.lastgroup
    before = text[max(start - WINDOW_BEFORE, 0) : start]
    cut = [found.end() for found in _NUMBER.finditer(before)]
    before = before[cut[-1] :] if cut else before
    words = list(_BEFORE.finditer(before))
    if not words:
        return None
    word = words[-1]
    name = word.lastgroup or ""
    if name in (LOWEST, HIGHEST):
        return name
    is_more = name in ("more", "over")
    if _NOT.search(before[: word.start()]):
        is_more = not is_more
    return LOWEST if is_more else HIGHEST


def contradicts(said: str, shown: str) -> bool:
    """Whether a sentence permits, demands or tells the opposite of what the shown one does."""
    told, held = _modals(said), _modals(shown)
    for name, is_negated in told:
        if (name, not is_negated) in held and (name, is_negated) not in held and (name, not is_negated) not in told:
            return True
    return any(
        (one.search(said) and not two.search(said) and two.search(shown) and not one.search(shown))
        or (two.search(said) and not one.search(said) and one.search(shown) and not two.search(shown))
        for one, two in _PAIRS
    )


def _modals(text: str) -> set[tuple[str, bool]]:
    """Each modal word's group and whether it is negated. A negation that belongs to a limit («не должен быть менее»,
    "must not exceed") tells nothing: the same can be said without it."""
    found: set[tuple[str, bool]] = set()
    for word in _MODAL.finditer(text):
        if _COMPARED.match(text, word.end()):
            continue
        negated = bool(_NOT_BEFORE.search(text[max(word.start() - 16, 0) : word.start()]))
        negated = negated or bool(_NOT_BEHIND.match(text, word.end()))
        name = word.lastgroup or ""
        found.add(("allowed", not negated) if name == "forbidden" else (name, negated))
    return found
