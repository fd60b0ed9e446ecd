"""Write `builtins.json`, the field names and types of the built-in kinds, from the classes of the `kubernetes` package.

    python -m controller.sandbox.api.schema.generate            write the file
    python -m controller.sandbox.api.schema.generate --check    exit 1 when it is not up to date

The file names the release of the package that it was made from; another release makes other files, so the check is
run with that one. Only names, types and what is required are taken: facts of the API, no text.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
import sys
from pathlib import Path
from typing import Any, Final

from controller.sandbox.api.schema.tables import (
    INT64,
    INT64_NAMES,
    JSON_FIELDS,
    KINDS,
    MICRO_TIMES,
    QUANTITIES,
    SCHEMA_UNIONS,
)

TARGET: Final = Path(__file__).with_name("builtins.json")
_ALWAYS = ("V1DeleteOptions", "V1Status", "V1ListMeta", "V1Condition")
_CLASS = re.compile(r"([A-Z][A-Za-z]+)?V\d+(?:(?:alpha|beta)\d+)?([A-Z]\w*)")
_LIST = re.compile(r"list\[(.+)\]", re.IGNORECASE)
_MAP = re.compile(r"dict\[str, (.+)\]", re.IGNORECASE)
_PLAIN = {"str": "string", "bool": "boolean", "float": "double", "datetime": "time", "bytes": "byte"}


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` say whether it is up to date; the process's exit code."""
    text = generated()
    if arguments == ["--check"]:
        if TARGET.is_file() and TARGET.read_text() == text:
            return 0
        installed, made_from = importlib.metadata.version("kubernetes"), _made_from()
        why = (
            f"it was made from kubernetes {made_from}, installed is {installed}" if installed != made_from else "stale"
        )
        print(f"{TARGET.name} is not up to date ({why}): run python -m {__spec__.name}", file=sys.stderr)
        return 1
    if arguments:
        print(f"usage: python -m {__spec__.name} [--check]", file=sys.stderr)
        return 2
    TARGET.write_text(text)
    return 0


def _made_from() -> str:
    return str(json.loads(TARGET.read_text())["kubernetes"]) if TARGET.is_file() else "nothing"


def generated() -> str:
    """The file's text, one definition a line."""
    models = importlib.import_module("kubernetes.client.models")
    classes = {_definition(name): name for name in reversed(dir(models)) if _CLASS.fullmatch(name)}
    todo = [_class_of(kind.version, kind.definition, classes, models) for kind in KINDS] + list(_ALWAYS)
    definitions: dict[str, Any] = {}
    while todo:
        name = todo.pop()
        if _definition(name) in definitions:
            continue
        definitions[_definition(name)], below = _describe(getattr(models, name), _definition(name))
        todo += below
    lines = [f"{json.dumps(name)}:{_compact(definitions[name])}" for name in sorted(definitions)]
    version = importlib.metadata.version("kubernetes")
    return f'{{"kubernetes":"{version}","definitions":{{\n' + ",\n".join(lines) + "\n}}\n"


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _definition(class_name: str) -> str:
    """`V1Pod` -> `Pod`, `CoreV1Event` -> `CoreEvent`."""
    match = _CLASS.fullmatch(class_name)
    if match is None:
        raise ValueError(f"{class_name} is not a versioned model class of the kubernetes package")
    group = match[1] or ""
    return (group if match[2] in _AMBIGUOUS else "") + match[2]


_AMBIGUOUS = frozenset(("Event", "EventSeries", "EndpointPort"))


def _class_of(version: str, definition: str, classes: dict[str, str], models: Any) -> str:
    direct = version.capitalize() + definition
    if hasattr(models, direct):
        return direct
    return classes[definition]


def _describe(model: Any, definition: str) -> tuple[dict[str, Any], list[str]]:
    """The fields of a class, and the classes that they refer to."""
    fields: dict[str, str] = {}
    required: list[str] = []
    below: list[str] = []
    infos = {info.serialization_alias or attribute: info for attribute, info in model.model_fields.items()}
    for attribute, declared in model.openapi_types.items():
        name = model.attribute_map[attribute]
        info = infos[name]
        whole = declared if "object" not in declared else _loose(f"{definition}.{name}", str(info.annotation))
        fields[name] = _shape(whole, f"{definition}.{name}", below)
        if info.is_required():
            required.append(name)
    return {"fields": fields, **({"required": required} if required else {})}, below


def _loose(field: str, annotation: str) -> str:
    """The type of a field that the models call an object."""
    if field in SCHEMA_UNIONS:
        return SCHEMA_UNIONS[field]
    if field in JSON_FIELDS:
        return "list[json]" if field.endswith(".enum") else "json"
    if field.endswith(".dependencies"):
        return "dict[str, json]"
    return "int-or-string" if "int" in annotation and "str" in annotation else "object"


def _shape(declared: str, field: str, below: list[str]) -> str:
    """A type in the file's words: `int32`, `[Container]`, `{string}`, `ObjectMeta`."""
    if match := _LIST.fullmatch(declared):
        return f"[{_shape(match[1], field, below)}]"
    if match := _MAP.fullmatch(declared):
        return f"{{{_shape(match[1], field, below)}}}"
    if declared == "int":
        return "int64" if field in INT64 or field.partition(".")[2] in INT64_NAMES else "int32"
    if declared == "str" and field in QUANTITIES:
        return "quantity"
    if declared == "datetime" and field in MICRO_TIMES:
        return "micro-time"
    if declared in _PLAIN:
        return _PLAIN[declared]
    if _CLASS.fullmatch(declared):
        below.append(declared)
        return _definition(declared)
    return declared


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
