"""Bodies: which form is asked for, and what a body says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import yaml

from controller.sandbox.api.failure import Failure
from controller.sandbox.api.schema.protobuf import MEDIA as PROTOBUF
from controller.sandbox.api.schema.protobuf import UnknownKind, read_protobuf
from controller.sandbox.client import Object

JSON = "application/json"
YAML = "application/yaml"
OFFERED = (JSON, YAML)
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False)
READ = (*OFFERED, PROTOBUF)
"""What a body may be; answers are OFFERED only."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Form:
    """How an answer is wanted: ``shape`` is ``object``, ``table`` or ``partial`` (PartialObjectMetadata).

    ``version`` is that of meta.k8s.io; ``include`` is what a table's rows carry: Metadata, Object or None. ``of_list``:
    whether PartialObjectMetadata was asked for as a list's form.
    """

    shape: str = "object"
    version: str = "v1"
    include: str = "Metadata"
    yaml: bool = False
    of_list: bool | None = None

    def check_single(self, kind: str) -> None:
        """Raises Failure(406) where the form is that of a list."""
        if self.of_list:
            raise Failure(406, "NotAcceptable", f"{_ASKED}PartialObjectMetadataList{_NOT} not a list ({kind})")

    def check_list(self, kind: str) -> None:
        """Raises Failure(406) where the form is that of one object."""
        if self.of_list is False:
            raise Failure(406, "NotAcceptable", f"{_ASKED}PartialObjectMetadata{_NOT} a list ({kind})")


PLAIN = Form()
_ASKED, _NOT = "you requested ", ", but the requested object is"
_SHAPES = {"Table": "table", "PartialObjectMetadata": "partial", "PartialObjectMetadataList": "partial"}


def wanted_form(accept: str, include: str = "") -> Form:
    """The first clause of an Accept header that can be served. Raises Failure(406) when none can."""
    for media, parameters in _clauses(accept):
        if media not in (JSON, YAML, "application/*", "*/*"):
            continue
        name = parameters.get("as", "")
        if not name:
            return Form(yaml=True) if media == YAML else PLAIN
        version = parameters.get("v", "")
        if parameters.get("g") == "meta.k8s.io" and version in ("v1", "v1beta1") and name in _SHAPES:
            of_list = None if name == "Table" else name.endswith("List")
            return Form(_SHAPES[name], version, include or "Metadata", media == YAML, of_list)
    if not accept:
        return PLAIN
    raise Failure.not_acceptable(OFFERED)


def discovery_version(accept: str) -> str:
    """The version of aggregated discovery asked for (``v2``, ``v2beta1``), "" for plain discovery."""
    for media, parameters in _clauses(accept):
        if media in (JSON, "*/*") and parameters.get("as") == "APIGroupDiscoveryList":
            if parameters.get("g") == "apidiscovery.k8s.io" and parameters.get("v") in ("v2", "v2beta1"):
                return parameters["v"]
        elif media in (JSON, "*/*"):
            return ""
    return ""


def _clauses(accept: str) -> Iterable[tuple[str, dict[str, str]]]:
    for clause in accept.split(","):
        media, *rest = (word.strip() for word in clause.split(";"))
        yield media, dict(pair.split("=", 1) for pair in rest if "=" in pair)


def encode(value: Any) -> bytes:
    """JSON, as short as it gets."""
    return _ENCODER.encode(value).encode()


def encode_yaml(value: Any) -> bytes:
    text: str = yaml.safe_dump(value, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return text.encode()


def decode(data: bytes, content_type: str, offered: Iterable[str] = READ) -> tuple[Any, list[str]]:
    """A body's value, and a sentence for each key that stands twice in one mapping (the last one counts).

    Raises Failure(415) for a content type that is not offered, or not for this kind; Unreadable for a body that cannot
    be read.
    """
    media = content_type.partition(";")[0].strip().lower() or JSON
    if media not in offered:
        raise Failure.unsupported_media(offered)
    try:
        if media == PROTOBUF:
            return read_protobuf(data), []
        if media == JSON or media.endswith("+json"):
            repeated: list[_Repeated] = []
            value = json.loads(data, object_pairs_hook=_pairs(repeated), parse_constant=_no_number)
            return value, [f'duplicate field "{path}"' for path in _paths(value, "")] if repeated else []
        return _from_yaml(data), []
    except UnknownKind:
        raise Failure.unsupported_media(OFFERED) from None
    except (ValueError, TypeError, yaml.YAMLError, RecursionError) as error:
        raise Unreadable(" ".join(str(error).split())) from None


class Unreadable(ValueError):
    """A body that is not what its content type says; the text says why."""


def _from_yaml(data: bytes) -> Any:
    """YAML whose dates stay text and whose keys are text, as Kubernetes reads it."""
    value = yaml.load(data, Loader=_Loader)
    return json.loads(json.dumps(value, allow_nan=False))


class _Loader(_LOADER):  # type: ignore[misc]
    """SafeLoader without dates: a timestamp is text in Kubernetes."""


_Loader.yaml_implicit_resolvers = {
    letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for letter, resolvers in _LOADER.yaml_implicit_resolvers.items()
}


class _Repeated(dict[str, Any]):
    """An object in which keys stood twice."""

    twice: tuple[str, ...] = ()


def _pairs(repeated: list[_Repeated]) -> Callable[[list[tuple[str, Any]]], Object]:
    def collect(pairs: list[tuple[str, Any]]) -> Object:
        result = dict(pairs)
        if len(result) == len(pairs):
            return result
        names = [name for name, _ in pairs]
        marked = _Repeated(result)
        marked.twice = tuple(name for name in result if names.count(name) > 1)
        repeated.append(marked)
        return marked

    return collect


def _no_number(word: str) -> None:
    """Python would read NaN and Infinity; JSON has no such numbers."""
    raise ValueError(f"invalid character '{word[0]}' looking for beginning of value")


def _paths(value: Any, path: str) -> list[str]:
    """The paths of all keys that stood twice."""
    if isinstance(value, list):
        return [found for i, item in enumerate(value) for found in _paths(item, f"{path}[{i}]")]
    if not isinstance(value, dict):
        return []
    inner = {name: f"{path}.{name}" if path else name for name in value}
    here = [inner[name] for name in value.twice] if isinstance(value, _Repeated) else []
    return here + [found for name, item in value.items() for found in _paths(item, inner[name])]
