"""Glob patterns as KEYS, SCAN, PSUBSCRIBE, CONFIG GET and ACL understand them.

``*`` any run, ``?`` any byte, ``[a-z]`` and ``[^...]`` classes, ``\\x`` the byte x itself. The corners are
Redis's: a class that is never closed ends with the pattern, ``[]`` matches nothing, a range may run backwards,
a lone backslash at the end stands for itself. Only ``*`` may match more or less than one byte, so going back to
the last ``*`` is enough: the work is bounded by len(pattern) * len(text) and there is no recursion.
"""

from typing import Final

_ANY_BYTE: Final = -1
_STAR: Final = -2
# A token at or below this names a class: its 256-byte table is classes[_FIRST_CLASS - token].
_FIRST_CLASS: Final = -3

_PLAIN: Final = 0
_PREFIX: Final = 1
_SUFFIX: Final = 2
_INSIDE: Final = 3
_EVERYTHING: Final = 4
_GENERAL: Final = 5


class Glob:
    """A pattern made ready to be matched against many texts."""

    def __init__(self, pattern: bytes, nocase: bool = False) -> None:
        self.nocase = nocase
        self._tokens: list[int] = []
        self._classes: list[bytes] = []
        self._literal = b""
        self._parse(pattern.lower() if nocase else pattern)
        self._shape: int = self._find_shape()

    @property
    def is_literal(self) -> bool:
        """True if exactly one text matches (letter case aside)."""
        return self._shape == _PLAIN

    @property
    def matches_everything(self) -> bool:
        return self._shape == _EVERYTHING

    def matches(self, text: bytes) -> bool:
        shape = self._shape
        if shape == _EVERYTHING:
            return True
        if self.nocase:
            text = text.lower()
        if shape == _PREFIX:
            return text.startswith(self._literal)
        if shape == _PLAIN:
            return text == self._literal
        if shape == _SUFFIX:
            return text.endswith(self._literal)
        if shape == _INSIDE:
            return self._literal in text
        return self._walk(text)

    def _walk(self, text: bytes) -> bool:
        tokens = self._tokens
        classes = self._classes
        token_count = len(tokens)
        text_length = len(text)
        at_token = 0
        at_text = 0
        retry_token = -1
        retry_text = 0
        while at_text < text_length:
            if at_token < token_count:
                token = tokens[at_token]
                if token == _STAR:
                    at_token += 1
                    if at_token == token_count:
                        return True
                    retry_token = at_token
                    retry_text = at_text
                    continue
                byte = text[at_text]
                if token in (byte, _ANY_BYTE) or (token <= _FIRST_CLASS and classes[_FIRST_CLASS - token][byte]):
                    at_token += 1
                    at_text += 1
                    continue
            if retry_token < 0:
                return False
            retry_text += 1
            at_text = retry_text
            at_token = retry_token
        # Runs of stars are one token, so at most one is left.
        return at_token == token_count or (at_token == token_count - 1 and tokens[at_token] == _STAR)

    def _parse(self, pattern: bytes) -> None:
        tokens = self._tokens
        length = len(pattern)
        at = 0
        while at < length:
            byte = pattern[at]
            at += 1
            if byte == 42:  # *
                if not tokens or tokens[-1] != _STAR:
                    tokens.append(_STAR)
            elif byte == 63:  # ?
                tokens.append(_ANY_BYTE)
            elif byte == 91:  # [
                at = self._parse_class(pattern, at)
            else:
                if byte == 92 and at < length:
                    byte = pattern[at]
                    at += 1
                tokens.append(byte)

    def _parse_class(self, pattern: bytes, at: int) -> int:
        """Read a class whose ``[`` is just before `at`; return where the pattern goes on."""
        length = len(pattern)
        table = bytearray(256)
        negated = at < length and pattern[at] == 94
        if negated:
            at += 1
        while at < length:
            byte = pattern[at]
            if byte == 92 and at + 1 < length:
                table[pattern[at + 1]] = 1
                at += 2
            elif byte == 93:
                at += 1
                break
            elif at + 2 < length and pattern[at + 1] == 45:
                last = pattern[at + 2]
                for member in range(min(byte, last), max(byte, last) + 1):
                    table[member] = 1
                at += 3
            else:
                table[byte] = 1
                at += 1
        if negated:
            for member in range(256):
                table[member] ^= 1
        self._tokens.append(_FIRST_CLASS - len(self._classes))
        self._classes.append(bytes(table))
        return at

    def _find_shape(self) -> int:
        """Recognise the patterns that one call of a bytes method answers."""
        tokens = self._tokens
        starts = bool(tokens) and tokens[0] == _STAR
        if starts and len(tokens) == 1:
            return _EVERYTHING
        ends = bool(tokens) and tokens[-1] == _STAR
        middle = tokens[int(starts) : len(tokens) - int(ends)]
        for token in middle:
            if token < 0:
                return _GENERAL
        self._literal = bytes(middle)
        if starts:
            return _INSIDE if ends else _SUFFIX
        return _PREFIX if ends else _PLAIN


def glob_match(pattern: bytes, text: bytes, nocase: bool = False) -> bool:
    """Whether `text` as a whole matches `pattern`; build a `Glob` to match many texts."""
    return Glob(pattern, nocase).matches(text)
