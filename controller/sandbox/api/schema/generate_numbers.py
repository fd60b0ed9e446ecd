"""Write `numbers.json`, the protobuf field numbers of the built-in kinds, from the `generated.proto` of two Go modules.

    go mod download -json k8s.io/api@vX k8s.io/apimachinery@vX      prints the folders
    python -m controller.sandbox.api.schema.generate_numbers API_FOLDER APIMACHINERY_FOLDER

Run it after `builtins.json` was made from another release. Only numbers are taken: facts of the API, no text. A message
that JSON writes inline (VolumeSource in Volume) stands as a table of its own in the place of a name.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from controller.sandbox.api.schema.builtins import raw_definitions
from controller.sandbox.api.schema.tables import KINDS

TARGET: Final = Path(__file__).with_name("numbers.json")
_MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.DOTALL | re.MULTILINE)
_FIELD = re.compile(r"^  (?:optional |repeated )?(map<string, ([\w.]+)>|[\w.]+) (\w+) = (\d+);", re.MULTILINE)
_META = "k8s.io.apimachinery.pkg.apis.meta.v1"
_NOT_SPOKEN = "apiextensions.k8s.io"  # its names differ from JSON's, and no client sends definitions in protobuf

Messages = dict[str, dict[int, tuple[str, str]]]
"""By full name: by number, a field's name and its type (a map's: that of its values)."""


def main(arguments: list[str]) -> int:
    """Write the file; the process's exit code."""
    if len(arguments) != 2:
        print(f"usage: python -m {__spec__.name} API_FOLDER APIMACHINERY_FOLDER", file=sys.stderr)
        return 2
    messages = _messages([Path(word) for word in arguments])
    tables: dict[str, Any] = {}
    for kind in KINDS:
        if kind.group != _NOT_SPOKEN:
            group = kind.group.partition(".")[0] or "core"
            _collect(messages, f"k8s.io.api.{group}.{kind.version}.{kind.kind}", kind.definition, tables)
    _collect(messages, f"{_META}.DeleteOptions", "DeleteOptions", tables)
    lines = [f"{json.dumps(name)}:{json.dumps(tables[name], separators=(',', ':'))}" for name in sorted(tables)]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return 0


def _messages(folders: list[Path]) -> Messages:
    found: Messages = {}
    for file in sorted(path for folder in folders for path in folder.rglob("generated.proto")):
        text = re.sub(r"^\s*//.*\n", "", file.read_text(), flags=re.MULTILINE)
        package = re.search(r"^package ([\w.]+);", text, re.MULTILINE)
        assert package is not None, file
        for name, body in _MESSAGE.findall(text):
            fields = {int(number): (field, inner or whole) for whole, inner, field, number in _FIELD.findall(body)}
            found[f"{package[1]}.{name}"] = {
                number: (field, _full(type_, package[1])) for number, (field, type_) in fields.items()
            }
    return found


def _full(type_: str, package: str) -> str:
    return type_[1:] if type_.startswith(".") else f"{package}.{type_}"


def _collect(messages: Messages, message: str, definition: str, tables: dict[str, Any]) -> None:
    """The table of one definition and of those that it refers to."""
    if definition not in tables:
        tables[definition] = {}  # before its fields: a definition may contain itself
        tables[definition].update(_table(messages, message, definition, tables))


def _table(messages: Messages, message: str, definition: str, tables: dict[str, Any]) -> dict[str, Any]:
    known = raw_definitions()
    types = known[definition]["fields"]
    spelled = {name.lower(): name for name in types}  # some are written `Expression` or `aPIGroup` there
    table: dict[str, Any] = {}
    for number, (field, type_) in sorted(messages[message].items()):
        name = spelled.get(field.lower())
        if name is not None:
            table[str(number)] = name
            inner = types[name].strip("[]{}")
            if inner in known:
                _collect(messages, type_, inner, tables)
        elif type_ in messages and (inlined := _table(messages, type_, definition, tables)):
            table[str(number)] = inlined
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
