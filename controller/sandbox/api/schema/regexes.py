"""Go's regular expressions (RE2 syntax) on Python's engine.

Differences that users meet are translated: `$` and `\\z` mean the very end, classes such as `\\d` are ASCII, POSIX and
the commonest Unicode classes are spelled out. What RE2 lacks (look-around, back-references, atomic groups, possessive
quantifiers) is refused. Not had: RE2's linear running time, so patterns come from CRDs and tests only.
"""

from __future__ import annotations

import re
from functools import lru_cache

_POSIX = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7f",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
# Letters and digits beyond ASCII are approximated by the Latin, Greek and Cyrillic blocks and everything above them.
_UNICODE = {
    "L": "A-Za-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u02c1\\u0370-\\u1fff\\u2c00-\\ud7ff",
    "Lu": "A-Z\\u00c0-\\u00de\\u0391-\\u03a9\\u0410-\\u042f",
    "Ll": "a-z\\u00df-\\u00ff\\u03b1-\\u03c9\\u0430-\\u044f",
    "N": "0-9\\u0660-\\u0669\\u06f0-\\u06f9\\u0966-\\u096f\\uff10-\\uff19",
    "Nd": "0-9\\u0660-\\u0669\\u06f0-\\u06f9\\u0966-\\u096f\\uff10-\\uff19",
}
_GO_WORDS = {
    "missing ), unterminated subpattern": "missing closing )",
    "unbalanced parenthesis": "unexpected )",
    "bad character range": "invalid character class range",
}
_FLAGS = re.compile(r"\(\?([ims]+)\)")
_REPEAT = re.compile(r"\{(\d+)(,(\d*))?\}")


class BadPattern(ValueError):
    """The expression is none of RE2's; the text is what Go's `regexp.Compile` says."""


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> re.Pattern[str]:
    """The expression as Go would read it. Raises BadPattern."""
    try:
        return re.compile(_Translation(pattern).text(), re.ASCII)
    except re.error as error:
        text = next((go for ours, go in _GO_WORDS.items() if error.msg.startswith(ours)), error.msg)
        raise BadPattern(f"error parsing regexp: {text}: `{pattern}`") from error


class _Translation:
    """One pass over an expression; `at` is the next character."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.out: list[str] = []
        self.repeated = False  # the last thing written was a quantifier
        self.closers = [0]  # for the whole and each open group: the groups that flags opened in it

    def text(self) -> str:
        while self.at < len(self.pattern):
            self._step(self.pattern[self.at])
        if len(self.closers) != 1:
            raise BadPattern(f"error parsing regexp: missing closing ): `{self.pattern}`")
        return "".join(self.out) + ")" * self.closers[0]

    def _step(self, char: str) -> None:
        if char in "*+?{":
            self._quantifier(char)
            return
        self.repeated = False
        if char == "\\":
            self.out.append(self._escape(inside=False))
        elif char == "[":
            self._bracket()
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char == "$":
            self._put("\\Z" if "(?m" not in self.pattern else "$")
        else:
            self._put(char)

    def _open(self) -> None:
        flags = _FLAGS.match(self.pattern, self.at)
        if flags:  # to the end of the group around it, which Python writes as a group of its own
            self._put(f"(?{flags[1]}:", len(flags[0]))
            self.closers[-1] += 1
            return
        self.closers.append(0)
        if self.pattern.startswith("(?", self.at):
            self._group()
        else:
            self._put("(")

    def _close(self) -> None:
        if len(self.closers) == 1:
            raise BadPattern(f"error parsing regexp: unexpected ): `{self.pattern}`")
        self._put(")" * (1 + self.closers.pop()), 1)

    def _put(self, text: str, length: int = 1) -> None:
        self.out.append(text)
        self.at += length

    def _quantifier(self, char: str) -> None:
        repeat = _REPEAT.match(self.pattern, self.at) if char == "{" else None
        if char == "{" and repeat is None:  # `{` and `{,3}` are plain text to RE2
            self.repeated = False
            self._put("\\{")
            return
        text = repeat[0] if repeat else char
        if repeat and max(int(repeat[1]), int(repeat[3] or 0)) > 1000:
            raise BadPattern(f"error parsing regexp: invalid repeat count: `{text}`")
        if self.repeated:
            raise BadPattern(f"error parsing regexp: invalid nested repetition operator: `{self.out[-1]}{text}`")
        if not self.out:
            raise BadPattern(f"error parsing regexp: missing argument to repetition operator: `{text}`")
        self.at += len(text)
        if self.pattern.startswith("?", self.at):
            text += "?"
            self.at += 1
        self.out.append(text)
        self.repeated = True

    def _group(self) -> None:
        rest = self.pattern[self.at :]
        named = re.match(r"\(\?P?<([A-Za-z_0-9]+)>", rest)
        plain = re.match(r"\(\?[ims]*(-[ims]+)?:", rest)
        if named:
            self._put(f"(?P<{named[1]}>", named.end())
        elif plain:
            self._put(plain[0], plain.end())
        else:
            shown = re.match(r"\(\?(<?[=!]|.)?", rest)
            raise BadPattern(
                f"error parsing regexp: invalid or unsupported Perl syntax: `{shown[0] if shown else rest[:3]}`"
            )

    def _escape(self, inside: bool) -> str:
        """The translation of one escape; moves past it."""
        if self.at + 1 >= len(self.pattern):
            raise BadPattern("error parsing regexp: trailing backslash at end of expression: ``")
        char = self.pattern[self.at + 1]
        self.at += 2
        if char == "z" and not inside:
            return "\\Z"
        if char in "pP":
            return self._unicode_class(char, inside)
        if char == "x" and self.pattern.startswith("{", self.at):
            end = self.pattern.index("}", self.at)
            point = int(self.pattern[self.at + 1 : end], 16)
            self.at = end + 1
            return re.escape(chr(point))
        if (char.isdigit() and char != "0") or (char.isalpha() and char not in "AbBdDsSwWafnrtvx"):
            raise BadPattern(f"error parsing regexp: invalid escape sequence: `\\{char}`")
        return "\\" + char

    def _unicode_class(self, char: str, inside: bool) -> str:
        braces = re.compile(r"\{(\^?)(\w+)\}|(\w)").match(self.pattern, self.at)
        name = (braces[2] or braces[3]) if braces else ""
        negated = (char == "P") != bool(braces and braces[1])
        if name not in _UNICODE or (inside and negated):
            raise BadPattern(
                f"error parsing regexp: invalid character class range: `\\{char}{braces[0] if braces else ''}`"
            )
        self.at = braces.end() if braces else self.at
        chars = _UNICODE[name]
        return chars if inside else f"[{'^' if negated else ''}{chars}]"

    def _bracket(self) -> None:
        """A character class, up to its closing bracket."""
        start = self.at
        self._put("[")
        if self.pattern.startswith("^", self.at):
            self._put("^")
        if self.pattern.startswith("]", self.at):
            self._put("\\]")
        while self.at < len(self.pattern) and self.pattern[self.at] != "]":
            posix = re.compile(r"\[:(\^?)(\w+):\]").match(self.pattern, self.at)
            if posix and posix[2] in _POSIX and not posix[1]:
                self._put(_POSIX[posix[2]], posix.end() - self.at)
            elif posix:
                raise BadPattern(f"error parsing regexp: invalid character class range: `{posix[0]}`")
            elif self.pattern[self.at] == "\\":
                self.out.append(self._escape(inside=True))
            else:
                char = self.pattern[self.at]
                self._put("\\" + char if char in "[&~|" else char)
        if self.at >= len(self.pattern):
            raise BadPattern(f"error parsing regexp: missing closing ]: `{self.pattern[start:]}`")
        self._put("]")
