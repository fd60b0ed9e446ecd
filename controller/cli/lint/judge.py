"""Documents -> findings: parsed and admitted as the controller does it, then held against each other."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from controller.admission import Admission
from controller.cli.files import Collected, Document
from controller.cli.lint.advice import advice
from controller.cli.lint.against import against, port_hint
from controller.cli.lint.findings import Finding, Severity
from controller.cli.lint.metadata import metadata_faults
from controller.core.objects import Object, name, where
from controller.core.objects import annotations as annotations_of
from controller.core.release import Release
from controller.crd import GROUP, VERSION, definitions, parse_release
from controller.errors import InvalidRelease

KIND = "Release"
_LOOKED_AT = frozenset(
    {"Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "VirtualService", "DestinationRule"}
    | {"PersistentVolumeClaim", "ConfigMap", "Secret"}
)


@dataclass
class Judged:
    """Every finding, in the order of the files, and what there was. ``readable``: the Releases that could be parsed;
    ``others``: the objects that they were compared with."""

    findings: list[Finding] = field(default_factory=list)
    releases: int = 0
    objects: int = 0
    files: int = 0
    readable: list[tuple[Release, Document]] = field(default_factory=list)
    others: list[Object] = field(default_factory=list)


def judge(collected: Collected, namespace: str = "default") -> Judged:
    """Everything that is wrong with the Releases in these files, and what is hardly meant.

    ``namespace`` is that of objects without one.
    """
    judged = Judged(files=collected.files, objects=len(collected.documents))
    judged.findings += [Finding(one.position, Severity.ERROR, one.sentence) for one in collected.broken]
    ours: list[tuple[Document, dict[str, Any]]] = []
    objects: list[tuple[Document, dict[str, Any]]] = []
    for document in collected.documents:
        if _is_ours(document.value):
            judged.findings += _doubles(document)
            if unknown := _unknown_kind(document):
                judged.findings.append(unknown)
            elif document.value.get("kind") == KIND:
                ours.append((document, _placed(document.value, namespace)))
        elif _is_looked_at(document.value):
            judged.findings += _doubles(document)
            objects.append((document, _placed(document.value, namespace)))
    judged.releases = len(ours)
    judged.findings += _twice(ours)
    _admit(judged, ours)
    judged.others = [obj for _, obj in objects]
    for release, document in judged.readable:
        judged.findings += _advised(release, document)
        judged.findings += _compared(release, document, objects)
    judged.findings = sorted(dict.fromkeys(judged.findings), key=lambda one: one.position)
    return judged


def _admit(judged: Judged, ours: list[tuple[Document, dict[str, Any]]]) -> None:
    # Own uids: by them the admission knows which Releases it has read already.
    numbered = [
        {**obj, "metadata": {**obj["metadata"], "uid": f"{number}", "generation": 1}}
        if isinstance(obj.get("metadata"), dict)
        else obj
        for number, (_, obj) in enumerate(ours)
    ]
    readable = [obj for obj in numbered if isinstance(obj.get("metadata"), dict)]
    admission = Admission()
    for (document, _), obj in zip(ours, numbered, strict=True):
        for path, sentence in metadata_faults(document.value.get("metadata")):
            judged.findings.append(_finding(document, Severity.ERROR, path, sentence))
        try:
            judged.readable.append((parse_release(obj), document))
            admission.admit(obj, readable)
        except InvalidRelease as error:
            for path, sentence in error.problems:
                judged.findings.append(_finding(document, Severity.ERROR, path, sentence))


def _is_ours(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    group, kind = str(value.get("apiVersion") or ""), value.get("kind")
    return group.split("/")[0] == GROUP or (kind == KIND and "/" not in group)


def _is_looked_at(value: Any) -> bool:
    metadata = value.get("metadata") if isinstance(value, dict) else None
    named = isinstance(metadata, dict) and isinstance(metadata.get("name"), str)
    return named and value.get("kind") in _LOOKED_AT and isinstance(value.get("apiVersion"), str)


def _unknown_kind(document: Document) -> Finding | None:
    known, kind = _kinds(), document.value.get("kind")
    if kind in known:
        return None
    if kind is None:
        return _finding(document, Severity.ERROR, "kind", f"it is missing; write {' or '.join(known)}")
    close = difflib.get_close_matches(str(kind), known, n=1)
    remedy = f"did you mean {close[0]}?" if close else f"write {' or '.join(known)}"
    return _finding(document, Severity.ERROR, "kind", f"{GROUP}/{VERSION} has no kind {kind}; {remedy}")


@cache
def _kinds() -> list[str]:
    """Every kind of ours that people write: those with a spec."""
    specs = [definition["spec"] for definition in definitions()]
    return [
        spec["names"]["kind"]
        for spec in specs
        if "spec" in spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    ]


def _placed(value: dict[str, Any], namespace: str = "default") -> dict[str, Any]:
    """The object with a namespace, as kubectl would give it one."""
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        return value
    return {**value, "metadata": {**metadata, "namespace": metadata.get("namespace") or namespace}}


def _doubles(document: Document) -> Iterator[Finding]:
    for position, path in document.doubles:
        text = "it stands here a second time, and only the last one counts; remove one"
        yield Finding(position, Severity.ERROR, text, path, _called(document))


def _twice(ours: list[tuple[Document, dict[str, Any]]]) -> Iterator[Finding]:
    first: dict[str, Document] = {}
    for document, obj in ours:
        called = where(obj)
        if not name(obj):
            continue
        if called in first:
            text = f"{called} is in {first[called].position} already, and the one applied last counts; remove one"
            # Two files may be meant for two clusters.
            severity = Severity.ERROR if first[called].file == document.file else Severity.WARNING
            yield _finding(document, severity, "metadata.name", text)
        first.setdefault(called, document)


def _advised(release: Release, document: Document) -> Iterator[Finding]:
    for severity, path, sentence in advice(release, annotations_of(document.value)):
        yield _finding(document, severity, path, sentence)


def _compared(
    release: Release, document: Document, objects: list[tuple[Document, dict[str, Any]]]
) -> Iterator[Finding]:
    """What the router and the workload say about the other objects."""
    standing = {where(obj): other for other, obj in objects}
    plain = [obj for _, obj in objects]
    try:
        problems = list(against(release, plain))
    except (AttributeError, KeyError, TypeError, ValueError) as error:  # no API server has looked at these yet
        text = f"it could not be compared with the other objects, since one of them has an odd shape ({error!r})"
        yield _finding(document, Severity.WARNING, "", f"{text}; try `kubectl apply --dry-run=server`")
        return
    for place, sentence in problems:
        if place in standing:
            yield _finding(standing[place], Severity.ERROR, "metadata.name", sentence)
        else:
            yield _finding(document, Severity.ERROR, place, sentence)
    if hint := port_hint(release, plain):
        yield _finding(document, Severity.HINT, "spec.traffic.port", hint)


def _finding(document: Document, severity: Severity, path: str, sentence: str) -> Finding:
    return Finding(document.at(path), severity, sentence, path, _called(document))


def _called(document: Document) -> str:
    value = document.value
    return where(_placed(value)) if isinstance(value.get("metadata"), dict) else str(value.get("kind") or "")
