"""An object that cannot be translated, named."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from controller.errors import SandboxError


class Unreadable(SandboxError):
    """An object is not as its schema says; the text names it and what is wrong."""


@contextlib.contextmanager
def reading(kind: str, namespace: str, name: str) -> Iterator[None]:
    """Whatever goes wrong in the block is the fault of this object."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise Unreadable(f"{kind} {namespace}/{name} cannot be read: {said}") from error
