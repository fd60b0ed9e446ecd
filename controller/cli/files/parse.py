"""Text -> documents. YAML is read as kubectl reads it: no dates, no numbers to the base of 60; JSON is YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

import yaml

from controller.cli.files.document import Document, Position, Unreadable, position

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BASE_60 = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(_Base):  # type: ignore[misc]
    """pyyaml's safe loader without what only YAML 1.1 knows, and kubectl does not."""

    yaml_implicit_resolvers: ClassVar = {
        sign: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":timestamp")]
        for sign, pairs in _Base.yaml_implicit_resolvers.items()
    }

    def construct_text_or_number(self, node: yaml.ScalarNode) -> Any:
        if _BASE_60.fullmatch(node.value):
            return node.value
        make = self.construct_yaml_int if node.tag.endswith(":int") else self.construct_yaml_float
        return make(node)


for _kind in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _Loader.construct_text_or_number)


def parse(text: str, file: str) -> tuple[list[Document], Unreadable | None]:
    """Every object in a text, and why the rest of it cannot be read (None: all of it was). Lists are taken apart."""
    if text.lstrip().startswith(("{", "[")):
        text = text.replace("\t", " ")  # JSON may be indented by tabs, which YAML does not know
    documents: list[Document] = []
    try:
        loader = _Loader(text)
        while loader.check_node():
            node = loader.get_node()
            doubles = tuple(_doubles(node, file))  # before the next line, which resolves merge keys in the nodes
            documents += _apart(file, loader.construct_document(node), node, doubles)
    except yaml.YAMLError as error:
        return documents, _unreadable(error, text, file)
    except RecursionError:
        return documents, Unreadable(Position(file, 1, 1), "it is nested too deeply, or refers to itself; write it out")
    return documents, None


def _apart(file: str, value: Any, node: yaml.Node, doubles: tuple[tuple[Position, str], ...]) -> Iterator[Document]:
    """The document itself, or the items of a list of objects (``kubectl get -o yaml``)."""
    if value is None:
        return
    items = value.get("items") if isinstance(value, dict) and str(value.get("kind", "")).endswith("List") else None
    if not isinstance(items, list):
        yield Document(file, value, node, doubles)
        return
    found = next(below for key, below in node.value if key.value == "items")
    for number, (item, below) in enumerate(zip(items, found.value, strict=True)):
        start = f"items[{number}]."
        own = tuple((at, path.removeprefix(start)) for at, path in doubles if path.startswith(start))
        yield Document(file, item, below, own)


def _doubles(
    node: yaml.Node, file: str, path: str = "", above: tuple[yaml.Node, ...] = ()
) -> Iterator[tuple[Position, str]]:
    """Keys that stand twice in one map: Kubernetes keeps the last one, and says nothing."""
    if node in above:
        raise RecursionError
    if isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield from _doubles(item, file, f"{path}[{number}]", (*above, node))
    if isinstance(node, yaml.MappingNode):
        known = set()
        for key, value in node.value:
            name = str(key.value)
            below = f"{path}.{name}" if path else name
            if name in known and key.tag != _MERGE:
                yield position(file, key.start_mark), below
            known.add(name)
            yield from _doubles(value, file, below, (*above, node))


def _unreadable(error: yaml.YAMLError, text: str, file: str) -> Unreadable:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    where = position(file, mark) if mark else Position(file, 1, 1)
    what = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    line = text.splitlines()[where.line - 1 : where.line]
    remedy = "correct the indentation, quotes or brackets"
    if "\t" in "".join(line):
        remedy = "indent with spaces, not tabs"
    elif "{{" in text:
        remedy = "if it is a Helm template, lint what `helm template` prints"
    return Unreadable(where, f"this is no YAML: {what}; {remedy}")
