"""Whether a regular expression can be one of RE2's, which Istio and Envoy use.

Envoy refuses a whole route table over one bad expression, and keeps the old one with only a log line. This is a check
of plausibility, not RE2 itself: it refuses what RE2 is known not to have, and what no engine can read.
Source: RE2's page "Syntax".
"""

from __future__ import annotations

import re
import warnings

_LACKING = (
    (r"\(\?(=|!|<=|<!)", "looks ahead or behind"),
    (r"\(\?>", "has an atomic group (?>...)"),
    (r"\(\?P=|\\k[<{']", "refers back to a group"),
    (r"\(\?\(", "has a conditional group"),
    (r"\(\?#", "has a comment (?#...)"),
    (r"\\[1-9]", "refers back to a group"),
    (r"[*+?}]\+", "has a possessive quantifier"),
    (r"\\[ZGKXRhH]", "uses an escape of other engines"),
)
_LONGEST_REPEAT = 1000

# What RE2 reads and Python's re does not, in forms that re can read, to let re judge the rest.
_TRANSLATED = (
    (r"\\[pP](\{\^?\w+\}|[A-Z])", "[a]"),
    (r"\[:\^?[a-z]+:\]", "a"),
    (r"\\[zC]", "."),
    (r"\\x\{[0-9A-Fa-f]{1,6}\}", "a"),
    (r"\(\?P?<\w+>", "("),
    (r"\(\?[imsU]*(-[imsU]+)?:", "("),
    (r"\(\?[imsU]+(-[imsU]+)?\)", ""),
    (r"\\Q.*?(\\E|$)", "a"),
)


def _outside(expression: str) -> str:
    """The expression with its character classes and escaped backslashes blanked, so that signs mean themselves."""
    without = re.sub(r"\\\\", "aa", expression)
    return re.sub(r"\[\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*\]", lambda found: "a" * len(found.group()), without)


def refused_regex(expression: str) -> str | None:
    """The sentence that says why RE2 would refuse the expression, None if it is plausible."""
    outside = re.sub(r"\\[.*+?(){}|\[\]^$]", "aa", _outside(expression))
    for pattern, fault in _LACKING:
        if re.search(pattern, outside):
            return f"the expression {fault}, which RE2 does not know; write it without"
    repeats = [int(number) for found in re.findall(r"\{(\d+)(?:,(\d*))?\}", outside) for number in found if number]
    if any(number > _LONGEST_REPEAT for number in repeats):
        return f"the expression repeats more than {_LONGEST_REPEAT} times, which RE2 refuses; write a smaller number"
    for pattern, replacement in _TRANSLATED:
        expression = re.sub(pattern, replacement, expression)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(expression)
    except (re.error, OverflowError, RecursionError) as error:
        return f"the expression cannot be read ({error}); correct it"
    return None
