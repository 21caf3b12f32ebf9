"""Terms of a text as the offline reader compares them. Stand-in until `storage.terms` is there."""

import re
from functools import lru_cache

import Stemmer

_TOKEN = re.compile(r"[^\W_]+(?:[.\-/×x_][^\W_]+)*", re.UNICODE)
_RU = Stemmer.Stemmer("russian")
_EN = Stemmer.Stemmer("english")


@lru_cache(maxsize=100_000)
def stem_of(word: str) -> str:
    return (_RU if re.search("[а-я]", word) else _EN).stemWord(word)


def terms(text: str) -> list[str]:
    out = []
    for token in _TOKEN.findall(text.lower().replace("ё", "е")):
        if any(letter.isdigit() for letter in token) or "_" in token:
            out.append(token)
        else:
            out += [stem_of(part) for part in re.split(r"[.\-/]", token) if part]
    return out


def is_designation(term: str) -> bool:
    return any(letter.isdigit() for letter in term) or "_" in term
