"""How many tokens a text may have, for what is reserved or counted before or without the provider's own count. Pure."""

CHARS_PER_TOKEN = 2.0
"""Fewest characters of a token, for reserving, in texts without digits: Russian words have about three."""

MOST_BYTES = 4
"""Of a character in UTF-8, each perhaps a token, where it is none of Latin, Cyrillic and the usual signs."""


def tokens_in(text: str) -> int:
    """At most as many tokens, about. Gemma's tokenizer, a part of Gemini's, splits numbers into digits and what it does
    not know into bytes (arxiv.org/abs/2403.08295, §2)."""
    encoded = text.encode("cp1251", "ignore")
    usual = len(encoded)
    digits = usual - len(encoded.translate(None, b"0123456789"))
    return round((usual - digits) / CHARS_PER_TOKEN) + digits + (len(text) - usual) * MOST_BYTES
