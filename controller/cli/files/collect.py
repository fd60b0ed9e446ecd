"""Files, directories and standard input -> documents."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from controller.cli.files.document import Document, Position, Unreadable
from controller.cli.files.parse import parse

_SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "stdin"


@dataclass
class Collected:
    """What was read. ``broken``: texts that are no YAML. ``missing``: files that could not be read, one line each."""

    documents: list[Document] = field(default_factory=list)
    broken: list[Unreadable] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    files: int = 0


def collect(names: Iterable[str], *, ours: str = "") -> Collected:
    """Every object in these files and directories (all of their YAML and JSON, hidden ones left out); ``-``: stdin.

    What a directory holds and is no YAML is passed over unless ``ours`` occurs in it: charts lie beside manifests.
    """
    found = Collected()
    for name in names:
        path = Path(name)
        if name == "-":
            _add(found, STDIN, _decoded(sys.stdin.buffer.read()), must=True, ours=ours)
        elif path.is_dir():
            for one in _below(path):
                _file(found, one, must=False, ours=ours)
        else:
            _file(found, path, must=True, ours=ours)
    return found


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in _SUFFIXES and path.is_file() and not hidden:
            yield path


def _file(found: Collected, path: Path, *, must: bool, ours: str) -> None:
    try:
        text = _decoded(path.read_bytes())
    except OSError as error:
        found.missing.append(f"{path} cannot be read: {error.strerror or error}; check the name and its rights")
    else:
        _add(found, str(path), text, must=must, ours=ours)


def _add(found: Collected, name: str, text: str | None, *, must: bool, ours: str) -> None:
    found.files += 1
    if text is None:
        if must:
            found.broken.append(Unreadable(Position(name, 1, 1), "it is no text in UTF-8; save it as such"))
        return
    documents, broken = parse(text, name)
    found.documents += documents
    if broken is not None and (must or ours in text):
        found.broken.append(broken)


def _decoded(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
