"""YAML of some size, read by libyaml where PyYAML was built with it: eight times as fast as PyYAML's own parser."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def document(text: str) -> Any:
    """The one document of a text."""
    return yaml.load(text, _LOADER)


def documents(text: str) -> list[Any]:
    """All documents of a text; None for an empty one."""
    return list(yaml.load_all(text, _LOADER))
