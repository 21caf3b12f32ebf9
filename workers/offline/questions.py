"""What a question asks: its terms without the words of asking, and the kind of value it wants."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from storage.questions import read_question as read_named
from workers.offline.cues import Cues, read_cues
from workers.offline.forms import other_forms
from workers.offline.glossary import companions_of
from workers.offline.quantities import quantities_of
from workers.offline.words import is_designation, sequence_of, terms_of

_ASKING_WORDS = """
    what which who whom whose how why when where can could should would will shall may might must any some all there
    their they them we our you your my me please tell give show find list name state describe explain exactly say says
    mention mentioned according document documents page pages file text question answer write return format many much
    often following provided include included does
    чего чему чем какого каких какому каким какую этот эта эти этого сколько где когда кто кому кем куда откуда почему
    зачем чей чья чьи можно нужно надо должен должна должно должны быть есть был была было были будет являться ли же бы
    его ее их он она оно они мы вы мне нам вам пожалуйста скажи скажите покажи покажите найди найдите назови назовите
    перечисли перечислите укажи укажите указан указана указано указаны опиши объясни написано говорится документ
    документа документе документы документах страница странице вопрос ответ нужен нужна нужны который которая которое
    которые сказано пункт пункте раздел разделе clause section требуется принято входит каком какой какая какие какое
    relevant related relating regarding concerning applicable относящийся относящиеся касающиеся связанные
    integer float rounded приведи приведите все всех весь
"""
"""The words of asking, beyond the stop words of the search: they say nothing about where the answer stands."""

_GENERAL_WORDS = """
    use used using useful number amount total value level rate type kind name case part item items thing way
    increase increased decrease decreased change changed improve improving compare compared drop decline
    best worst highest lowest high low good bad large small main primary first last year years time
    made manufactured provided designed rated give gives given have has
    perform performed performance drive drove driven expect expected treat treated occur occurred contain contained
    mean means require required based assume introduced say end beginning profile
    использовать используется применяется применять установлен установлена находится находятся выбирать выбрать
    изготовлен изготовлена изготовлено изготовлены изготовить выполнен выполнена сделан сделана предусмотрен
    предусмотрена предусмотрено предусмотрены рассчитан рассчитана применен применена входит входят
    состоит состоят выпускается
    изменить изменять изменен менять увеличить уменьшить сравнить лучший худший больший меньший большой малый главный
    основной общий первый последний вид тип случай часть время год принимать задать задается означает значит показывают
    показан показано называется именно
"""
"""Words that documents say in their own way: they weigh less than the names of things."""

GENERAL_WEIGHT = 0.5
"""Of a general word, against a name. A guess."""

_LISTED_WORDS = """
    rule rules requirement requirements clauses standards items places mentions
    правила требования пункты положения места упоминания
"""
"""What is listed when all of something is asked for: the places found are that, whether they say so or not."""

_ASKING = terms_of(_ASKING_WORDS)
_LISTED = terms_of(_LISTED_WORDS)
_GENERAL = terms_of(_GENERAL_WORDS)


_ORDINAL = re.compile(r"\b(\d+)-?(?:й|го|му|м|я|ой|ю|е|х|ти|ых|ым|ый|ая|ое|ом|st|nd|rd|th)\b")
_SEVERAL = re.compile(
    r"(?:[,;?]\s*|\s)(?:и|а|and)\s+(?=(?:как(?:ов|о[йв]|ая|ое|ие|ого)|кто|где|когда|сколько|what|which|how|when|where|who)\w*\s)"
    r"|(?<=\?)\s+(?=\w)",
    re.IGNORECASE,
)
_SUBJECT = re.compile(r"(?:\bof|(?<=\s)у)\s+(?:the\s+|an?\s+)?([\w\s./&-]{2,60}?)\s*[?.]?\s*$", re.IGNORECASE)

_WHOLE = terms_of(
    "plan drawing sheet document schematic diagram paper report standard план чертеж лист документ схема стандарт"
)
"""What a document or its sheet is: what is asked of it stands anywhere in it."""

_NAME = re.compile(r"\b[A-ZА-ЯЁ][^\W\d_]*\b(?![\w-]*\d)")
"""A name, of a firm or a place: whole documents are about it."""

_YEAR = re.compile(r"(?:19|20)\d\d")

LEAST_TERMS = 2
"""A part with fewer words of its own leans on the rest: «… и где?». A guess."""

_QUARTER = re.compile(r"[qh][1-4]")
_FISCAL_YEAR = re.compile(r"\bFY\s?(\d{4})\b")
"""«на 1-м этаже» is «1 этаж»; FY2022 stands as 2022 in most reports."""


class AskedFor(msgspec.Struct, frozen=True, kw_only=True):
    """`weights` are the terms of the question that carry it, with `synonyms` that may stand for them; `pairs` are
    neighbouring ones; `designations` those with a digit, as they stand. `page_nos` are named by number.
    `subject` are the terms of what a property is asked of: "the melting point of silver", «масса у часов»;
    `quantity` is the term of the first quantity that it names, such as mass."""

    weights: Mapping[str, float]
    pairs: frozenset[tuple[str, str]]
    designations: frozenset[str]
    cues: Cues
    synonyms: Mapping[str, frozenset[str]] = {}
    page_nos: frozenset[int] = frozenset()
    subject: frozenset[str] = frozenset()
    quantity: str = ""
    text: str = ""


def read_question(question: str) -> AskedFor:
    """What a question asks. One of nothing but words of asking keeps them all, unless it names a page."""
    question = _FISCAL_YEAR.sub(r"\1", _ORDINAL.sub(r"\1", question))
    named = read_named(question)
    weights = {term: weight for term, weight in named.weights.items() if not _is_page(term, named.page_nos)}
    cues = read_cues(question)
    dropped = _ASKING | _LISTED if cues.is_exhaustive else _ASKING
    carrying = {term: weight for term, weight in weights.items() if term not in dropped}
    carrying = carrying or ({} if named.page_nos else weights)
    weighed = {term: weight * (GENERAL_WEIGHT if term in _GENERAL else 1.0) for term, weight in carrying.items()}
    forms = other_forms(question)
    order = [term for term in sequence_of(question) if term in carrying]
    return AskedFor(
        weights=weighed,
        synonyms={term: others for term in weighed if (others := _others(term, forms))},
        pairs=pairs_of(order),
        designations=frozenset(term for term in order if is_designation(term) and not _QUARTER.fullmatch(term)),
        page_nos=named.page_nos,
        subject=_subject_of(question) & weighed.keys(),
        text=question,
        quantity=next((term for term in order if term in weighed and quantities_of(term)), ""),
        cues=cues,
    )


def _subject_of(question: str) -> frozenset[str]:
    found = _SUBJECT.search(question)
    words = _NAME.sub(" ", found.group(1)) if found else ""
    terms = terms_of(words)
    return frozenset() if terms & _WHOLE else frozenset(term for term in terms if not _YEAR.fullmatch(term))


def _others(term: str, forms: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """What may stand for a term: other words, other forms of it, the units of a quantity."""
    own = forms.get(term, frozenset())
    return own.union(*map(companions_of, (term, *own)), quantities_of(term))


def parts_of(question: str) -> list[str]:
    """The questions that one asks, when it asks several that can stand alone: «Какой напор у П1 и какой расход у В2?»
    One part otherwise, the whole."""
    parts = [part.strip() for part in _SEVERAL.split(question)]
    names = [len(read_question(part).weights) for part in parts]
    return parts if len(parts) > 1 and min(names) >= LEAST_TERMS else [question]


def _is_page(term: str, page_nos: frozenset[int]) -> bool:
    """Whether a term is the number or the range of the pages that the question names: it says where, not what."""
    first = term.partition("-")[0]
    return first.isdigit() and int(first) in page_nos


def pairs_of(found: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(found))
