"""What a question asks for: weighted terms, and the pages and sheets it names. Pure.

Each rule was measured on the open question sets (docs/search.md): words that only ask, sentences that only tell how to
answer, pages named by their number.
"""

import re

import msgspec

from storage.terms import parse_query, word_terms

PAGES_LIMIT = 20
"""Of a range «стр. 3–400». A guess."""

_ASKING_EN = """about all also any because before being between both can cannot could doing during each exactly
further get give given having he her here him his i include included includes just list many may me mention
mentioned more most much my now once only other our please same shall she should show so some such tell their them
there they through under until upon us very want we when where whether while whom whose why will would you your"""
_ASKING_RU = """будет будут был была были было быть ведь весь вот все всего всех вы где да даже должен должна должно
должны другой его ее ей ему если есть еще же здесь им именно имеет имеют их каким какими каких какого какому какую
когда который которая которое которые которых которым кто лишь между меня мне много может можно мы надо нам нас наш
него нее нет них нужно однако он она они оно перечисли почему приведи раз сам свой себя сколько также такие такой
там те тем того тоже той только том тот ту тут ты уже укажи чего чей чем чтобы чья эта эти этого этой этом этот эту
я"""
_ASKING = frozenset(term for word in f"{_ASKING_EN} {_ASKING_RU}".split() for term in word_terms(word))

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?=[A-ZА-ЯЁ])")
_TELLS_HOW = re.compile(
    r"\s*(?:please\s+)?(?:answer|return|list|write|give|format|round|express|provide|respond|"
    r"ответь|ответьте|ответ|дай|дайте|напиши|напишите|округли|округлите|перечисли|перечислите|формат)\b",
    re.IGNORECASE,
)
_NUMBERS = r"\s*(?:№|no\.?)?\s*(\d{1,4})(?:\s*[-–—]\s*(\d{1,4}))?(?![\w.,/-]*\d)"
_PAGES = re.compile(r"(?<!\w)(?:pages?|pp?\.|стр\.|страниц[а-я]{0,3})" + _NUMBERS, re.IGNORECASE)
_SHEETS = re.compile(r"(?<!\w)(?:sheets?|лист(?:а|е|у|ом|ов|ы|ах)?)" + _NUMBERS, re.IGNORECASE)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` of the terms; `page_nos` and `sheets` named by number, mostly none."""

    weights: dict[str, float]
    page_nos: frozenset[int] = frozenset()
    sheets: frozenset[int] = frozenset()


def read_question(text: str) -> Question:
    """Words that only ask are left out, unless there are no others."""
    first, *others = _SENTENCE_END.split(text)
    said = " ".join([first, *(sentence for sentence in others if not _TELLS_HOW.match(sentence))])
    weights = parse_query(said).terms
    telling = {term: weight for term, weight in weights.items() if term not in _ASKING}
    return Question(weights=telling or weights, page_nos=_named(_PAGES, text), sheets=_named(_SHEETS, text))


def _named(pattern: re.Pattern[str], text: str) -> frozenset[int]:
    numbers: set[int] = set()
    for first, last in pattern.findall(text):
        numbers.update(range(int(first), min(int(last or first), int(first) + PAGES_LIMIT) + 1))
    return frozenset(numbers)
