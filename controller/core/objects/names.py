"""Names of revisions and of the objects made for them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

_LONGEST_BASE = 52
_LONGEST_LABEL = 63
_MARK = 6
_LENGTH = 10
# Without vowels and signs that look alike, so that no name spells a word (the alphabet of Kubernetes' own suffixes).
_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"


def _hash(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
    letters = []
    for _ in range(length):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)


def revision_name(normal: Any, content: str = "", taken: Collection[str] = ()) -> str:
    """A name of 10 characters for a new revision, none of ``taken``.

    ``normal`` is the template's normal form (``normal_template``), ``content`` tells its configuration apart. It is a
    name that is given once, not a test: whether two templates are equal is for ``same_template`` to say.
    """
    text = json.dumps([normal, content], sort_keys=True, separators=(",", ":"))
    attempt = 0
    while (name := _hash(f"{attempt} {text}", _LENGTH)) in taken:
        attempt += 1
    return name


def named_after(base: str, revision: str) -> str:
    """``<base>-<revision>``, at most 63 characters.

    A base of more than 52 is cut to that; a mark made of the whole keeps apart two that are cut to the same.
    """
    if len(base) > _LONGEST_BASE:
        base = f"{base[: _LONGEST_BASE - _MARK - 1].rstrip('-.')}-{_hash(base, _MARK)}"
    return f"{base}-{revision}"


def label_value(called: str) -> str:
    """The name of an object as the value of a label, which may be shorter than a name."""
    return called if len(called) <= _LONGEST_LABEL else named_after(called, revision_name(called))
