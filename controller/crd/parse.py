"""A Release as the API server or a file gives it -> the core's Release, or every reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from controller.core.release import COMMAND, COMMAND_BY, COMMAND_REASON, Command, Release
from controller.crd.convert import to_release
from controller.crd.forms import shown
from controller.crd.problems import Problem, find_problems
from controller.crd.wire import Spec
from controller.errors import InvalidRelease

GROUP = "sluice.dev"
VERSION = "v1alpha1"
KIND = "Release"

_AT_ONCE = {"canary": {"steps": [{"weight": "100%"}]}}
_TOP = {"apiVersion", "kind", "metadata", "spec", "status"}


def parse_release(obj: Any) -> Release:
    """What the user asked for.

    ``obj`` is the whole object as JSON. Raises InvalidRelease with all that is wrong with it: one line each in its
    text, (field, sentence) pairs in ``problems``.
    """
    spec, problems = _read(obj)
    if problems:
        raise InvalidRelease(
            "\n".join(str(problem) for problem in problems),
            problems[0].field,
            tuple((problem.field, problem.sentence) for problem in problems),
        )
    metadata = obj["metadata"]
    generation = metadata.get("generation")
    return to_release(
        Spec.model_validate(spec),
        namespace=str(metadata.get("namespace") or "default"),
        name=metadata["name"],
        uid=str(metadata.get("uid") or ""),
        generation=generation if isinstance(generation, int) else 0,
        created=epoch(metadata.get("creationTimestamp")),
        deleting=bool(metadata.get("deletionTimestamp")),
    )


def parse_ownership(obj: Any) -> Release:
    """What the Release takes over, and nothing else of what it asks for: it moves at once, and nothing judges it.

    A Release can be handed back though its strategy or its gates cannot be read. Raises InvalidRelease.
    """
    spec = obj.get("spec") if isinstance(obj, dict) else None
    if not isinstance(spec, dict):
        return parse_release(obj)
    owned = {key: spec[key] for key in ("replicas", "workload", "traffic") if key in spec}
    return parse_release({**obj, "spec": {**owned, "strategy": _AT_ONCE, "gates": {"none": True}}})


def parse_command(obj: Mapping[str, Any]) -> Command | None:
    """The command in the annotations, None without one; it can be read of a Release whose spec is invalid, too."""
    metadata = obj.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    if not isinstance(annotations, dict) or not isinstance(annotations.get(COMMAND), str):
        return None
    by, reason = (str(annotations.get(key) or "") for key in (COMMAND_BY, COMMAND_REASON))
    return Command(annotations[COMMAND], by=by, reason=reason)


def epoch(text: object) -> float | None:
    """Epoch seconds of an RFC 3339 time, to the millisecond; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    try:
        return round(moment.astimezone(UTC).timestamp(), 3)
    except OverflowError:
        return None


def _read(obj: Any) -> tuple[Any, list[Problem]]:
    if not isinstance(obj, dict):
        return None, [Problem("", f"{shown(obj)} is no Release; write a map with apiVersion, kind, metadata and spec")]
    problems: list[Problem] = []
    for field, wanted in (("apiVersion", f"{GROUP}/{VERSION}"), ("kind", KIND)):
        if obj.get(field) != wanted:
            problems.append(Problem(field, f"{shown(obj.get(field))} is not known here; write {field}: {wanted}"))
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        problems.append(Problem("metadata.name", "it is missing; give the Release a name"))
    for field in obj:
        if field not in _TOP:
            problems.append(Problem(str(field), "there is no such field; did you mean to write it below spec?"))
    if obj.get("spec") is None:
        return None, [*problems, Problem("spec", "it is missing; add workload, traffic and strategy below it")]
    spec = _cleaned(obj["spec"], "spec", problems)
    return spec, [*problems, *find_problems(Spec, spec, "spec")]


def _cleaned(value: Any, path: str, problems: list[Problem]) -> Any:
    """Without null fields, which the API server drops too; a key that is no text becomes text, with a problem."""
    if isinstance(value, list):
        return [_cleaned(item, f"{path}[{index}]", problems) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    cleaned = {}
    for key, item in value.items():
        if not isinstance(key, str):
            problems.append(Problem(path, f"the name {shown(key)} is no text; put it in quotes"))
        if item is not None:
            cleaned[str(key)] = _cleaned(item, f"{path}.{key}", problems)
    return cleaned
