"""How Istio's objects name things of ours: hosts, subsets, routes, annotations."""

from __future__ import annotations

from controller.core.objects import PREFIX, Object
from controller.core.release import Release

API = "networking.istio.io/v1"
DOMAIN = "cluster.local"

REVISION_LABEL = f"{PREFIX}revision"
RELEASE_LABEL = f"{PREFIX}release"
MANAGED_LABEL = f"{PREFIX}managed-by"
ORIGINAL = f"{PREFIX}original"
"""Annotation of a user's VirtualService: the destinations of the named routes as the user wrote them."""
FENCE = f"{PREFIX}fence"
"""Annotation: the version of the Release that the last write of this object followed from."""

_SUBSET = "r-"


def subset(revision: str) -> str:
    """The name of a revision's subset. It belongs to that revision for ever."""
    return f"{_SUBSET}{revision}"


def revision_of(subset_name: str) -> str:
    """The revision whose subset this is, "" for a subset that is not ours."""
    return subset_name.removeprefix(_SUBSET) if subset_name.startswith(_SUBSET) else ""


def service_host(release: Release) -> str:
    """The Service's name in full."""
    return f"{release.traffic.service}.{release.namespace}.svc.{DOMAIN}"


def in_full(host: str, namespace: str) -> str:
    """A host as Istio reads it in an object of ``namespace``: without a dot it is a Service of that namespace."""
    return host if "." in host or host == "*" else f"{host}.{namespace}.svc.{DOMAIN}"


def inserted_name(release: Release, number: int) -> str:
    """The name of the testers' route before the named route of this number."""
    return f"{inserted_prefix(release)}{number}"


def inserted_prefix(release: Release) -> str:
    return f"sluice-{release.name}-testers-"


def ours(obj: Object, release: Release) -> bool:
    """Whether we made this object for this Release: then all of it is ours."""
    found = obj["metadata"].get("labels") or {}
    return bool(found.get(MANAGED_LABEL) == "sluice" and found.get(RELEASE_LABEL) == release.name)


def our_labels(release: Release) -> dict[str, str]:
    return {MANAGED_LABEL: "sluice", RELEASE_LABEL: release.name}
