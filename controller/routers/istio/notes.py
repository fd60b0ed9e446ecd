"""What a Release has to remember about an object that is not its own: an annotation, divided by Release.

Several Releases may share an object; each reads and writes its own part only.
"""

import json
from typing import Any

from controller.core.objects import Object, annotations, label_value, labels
from controller.core.release import Release
from controller.routers.istio.names import CREATED, FENCE, MANAGED_LABEL, NAMESPACE_LABEL, ORIGINAL, RELEASE_LABEL


def read(obj: Object, annotation: str, release: Release) -> Any:
    """This Release's part of the annotation, None without one. What is no JSON of ours counts as nothing."""
    return _all(obj, annotation).get(str(release.ref))


def others(obj: Object, annotation: str, release: Release) -> dict[str, Any]:
    """The parts of other Releases, by ``namespace/name``."""
    return {key: value for key, value in _all(obj, annotation).items() if key != str(release.ref)}


def write(obj: dict[str, Any], annotation: str, release: Release, value: Any) -> None:
    """Set this Release's part in place; an empty value takes it away, and the last one the annotation."""
    parts = _all(obj, annotation)
    parts[str(release.ref)] = value
    if not value:
        del parts[str(release.ref)]
    if parts:
        # Nothing is sorted: what is given back has its keys in the order in which it was found.
        text = json.dumps(parts, separators=(",", ":"))
        if annotations(obj).get(annotation) != text:
            obj["metadata"].setdefault("annotations", {})[annotation] = text
    else:
        _drop(obj, annotation)


def set_fence(obj: dict[str, Any], fence: str) -> None:
    """Set in place the version of the Release that a write follows from."""
    obj["metadata"].setdefault("annotations", {})[FENCE] = fence


def forget(obj: dict[str, Any], release: Release) -> None:
    """Take this Release's notes and marks off an object that is not its own, in place."""
    write(obj, ORIGINAL, release, None)
    if not others(obj, ORIGINAL, release):
        _drop(obj, FENCE)
    disown(obj, release)


def disown(obj: dict[str, Any], release: Release) -> None:
    """Take the labels off, in place, that an object kept which we created and somebody took over."""
    found = labels(obj)
    if found.get(MANAGED_LABEL) == "sluice" and found.get(RELEASE_LABEL) == label_value(release.name):
        for key in (MANAGED_LABEL, RELEASE_LABEL, NAMESPACE_LABEL):
            obj["metadata"]["labels"].pop(key, None)
        if not obj["metadata"]["labels"]:
            del obj["metadata"]["labels"]
        _drop(obj, CREATED)


def _drop(obj: dict[str, Any], annotation: str) -> None:
    found = obj["metadata"].get("annotations")
    if found and found.pop(annotation, None) is not None and not found:
        del obj["metadata"]["annotations"]


def _all(obj: Object, annotation: str) -> dict[str, Any]:
    try:
        found = json.loads(annotations(obj).get(annotation) or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
