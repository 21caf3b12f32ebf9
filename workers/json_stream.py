"""Reading one text field of a JSON object while the object is still arriving."""

_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class JsonTextField:
    """Gives the decoded text of one top-level string field as it grows. Feed it the reply, cut anywhere.

    Anything before the first `{` (a code fence, a preamble) is skipped. Equally named fields of nested objects are
    not taken. A surrogate pair split over chunks comes out whole; a lone surrogate and an escaped
    NUL (which PostgreSQL cannot hold) become U+FFFD.
    """

    def __init__(self, field: str) -> None:
        self._field = field
        self._depth = 0
        self._in_string = False
        self._escape: str | None = None
        self._high: int | None = None
        self._string: list[str] = []
        self._is_key = False
        self._expects_key = False
        self._key = ""
        self._is_wanted = False

    def feed(self, text: str) -> str:
        """The part of the field's text that `text` adds; empty when it adds none."""
        out: list[str] = []
        for letter in text:
            if self._in_string:
                decoded = self._inside_string(letter)
                if decoded and self._is_wanted:
                    out.append(decoded)
            else:
                self._outside_string(letter)
        return "".join(out)

    def _outside_string(self, letter: str) -> None:
        if letter == "{":
            self._depth += 1
            self._expects_key = self._depth == 1
        elif letter == "[" and self._depth > 0:
            self._depth += 1
        elif letter in "}]" and self._depth > 0:
            self._depth -= 1
        elif letter == "," and self._depth == 1:
            self._expects_key = True
        elif letter == '"' and self._depth > 0:
            self._open_string()

    def _open_string(self) -> None:
        self._in_string = True
        self._string = []
        self._is_key = self._depth == 1 and self._expects_key
        self._is_wanted = self._depth == 1 and not self._is_key and self._key == self._field

    def _inside_string(self, letter: str) -> str:
        if self._escape is not None:
            return self._take(self._unescape(letter))
        if letter == "\\":
            self._escape = ""
            return ""
        if letter == '"':
            return self._close_string()
        return self._take(letter)

    def _close_string(self) -> str:
        self._in_string = False
        left_over = self._flush_high()
        if self._is_key:
            self._key = "".join(self._string)
            self._expects_key = False
        elif self._depth == 1:
            self._key = ""
        return left_over

    def _unescape(self, letter: str) -> str:
        """The character an escape stands for; empty while it is incomplete or is half of a surrogate pair."""
        escape = (self._escape or "") + letter
        if escape[0] != "u":
            self._escape = None
            return _ESCAPES.get(letter, letter)
        if len(escape) < 5:
            self._escape = escape
            return ""
        self._escape = None
        try:
            code = int(escape[1:], 16)
        except ValueError:
            return "\ufffd"
        return self._join_surrogates(code)

    def _join_surrogates(self, code: int) -> str:
        if 0xD800 <= code < 0xDC00:
            left_over = self._flush_high()
            self._high = code
            return left_over
        if 0xDC00 <= code < 0xE000:
            if self._high is None:
                return "\ufffd"
            high, self._high = self._high, None
            return chr(0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00))
        return self._flush_high() + (chr(code) if code else "\ufffd")

    def _take(self, text: str) -> str:
        """Keep `text` for keys; a high surrogate that is not followed by its low half comes out first."""
        if text and self._high is not None:
            text = self._flush_high() + text
        if self._is_key:
            self._string.append(text)
        return text

    def _flush_high(self) -> str:
        if self._high is None:
            return ""
        self._high = None
        return "\ufffd"
