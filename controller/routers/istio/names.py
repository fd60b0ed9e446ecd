"""How Istio's objects name things of ours: subsets, inserted routes, labels and annotations."""

import re
from typing import Any

from controller.core.objects import PREFIX, Object, annotations, label_value, labels, name, namespace
from controller.core.release import Release

API = "networking.istio.io/v1"
DOMAIN = "cluster.local"
MESH = "mesh"
"""The gateway that stands for every sidecar."""
ROOT_NAMESPACE = "istio-system"
"""Where Istio looks for rules that hold for everybody; an installation that moved it is not known here."""

REVISION_LABEL = f"{PREFIX}revision"
RELEASE_LABEL = f"{PREFIX}release"
NAMESPACE_LABEL = f"{PREFIX}release-namespace"
"""Only where the Release lives in another namespace than the object."""
MANAGED_LABEL = f"{PREFIX}managed-by"

CREATED = f"{PREFIX}created-as"
"""Annotation of what we created: the name it was given. A copy under another name is its author's, not ours."""
ORIGINAL = f"{PREFIX}original"
"""Annotation of a user's VirtualService: by Release, then by route, the destinations as the user wrote them."""
SUBSETS = f"{PREFIX}subsets"
"""Annotation of a DestinationRule: by Release, the names of the subsets that it added."""
FENCE = f"{PREFIX}fence"
"""Annotation: the version of the Release that the last write of this object followed from."""

_SUBSET = "r-"
_TOOLS = (
    "kubectl.kubernetes.io/last-applied",
    "app.kubernetes.io/managed-by",
    "app.kubernetes.io/instance",
    "argocd.argoproj.io/",
    "meta.helm.sh/",
    "helm.toolkit.fluxcd.io/",
    "kustomize.toolkit.fluxcd.io/",
)
"""How the labels and annotations begin by which a tool knows the objects that it manages."""
_INSERTED = re.compile(r"sluice-(.+)-testers-([0-9]+)")


def subset(revision: str) -> str:
    """The name of a revision's subset. It belongs to that revision for ever."""
    return f"{_SUBSET}{revision}"


def revision_of(subset_name: str) -> str:
    """The revision whose subset would have this name, "" for a subset that cannot be ours."""
    return subset_name.removeprefix(_SUBSET) if subset_name.startswith(_SUBSET) else ""


def service_host(release: Release) -> str:
    """The Service's name in full."""
    return f"{release.traffic.service}.{release.namespace}.svc.{DOMAIN}"


def inserted_name(release: Release, where: str, number: int) -> str:
    """The name of the testers' route before the named route of this number, in a VirtualService of namespace ``where``.

    Releases of one name in two namespaces may share a VirtualService, so a foreign namespace is part of the name.
    """
    owner = release.name if where == release.namespace else str(release.ref)
    return f"sluice-{owner}-testers-{number}"


def inserted_by(route_name: object, where: str) -> str:
    """The Release (``namespace/name``) that put the route of this name there, "" when it is a user's own."""
    found = _INSERTED.fullmatch(route_name) if isinstance(route_name, str) else None
    if found is None:
        return ""
    return found[1] if "/" in found[1] else f"{where}/{found[1]}"


def ours(obj: Object, release: Release) -> bool:
    """Whether we made this object for this Release: then all of it is ours.

    Until somebody's tool takes it over, under our labels, which it leaves alone: what Git or Helm says is the user's.
    """
    found = labels(obj)
    if any(key.startswith(_TOOLS) for key in (*found, *annotations(obj))):
        return False
    return (
        found.get(MANAGED_LABEL) == "sluice"
        and found.get(RELEASE_LABEL) == label_value(release.name)
        and found.get(NAMESPACE_LABEL, namespace(obj)) == release.namespace
        and annotations(obj).get(CREATED) == name(obj)
    )


def our_metadata(release: Release, where: str, called: str) -> dict[str, Any]:
    """Metadata of an object that we create in namespace ``where``."""
    made: dict[str, Any] = {"metadata": {"name": called, "namespace": where, "labels": {MANAGED_LABEL: "sluice"}}}
    hand_over(made, str(release.ref))
    return {**made["metadata"], "annotations": {CREATED: called}}


def hand_over(obj: dict[str, Any], release: str) -> None:
    """Make an object that we created belong to this Release (``namespace/name``), in place."""
    space, _, called = release.partition("/")
    found = obj["metadata"]["labels"]
    found.pop(NAMESPACE_LABEL, None)
    found[RELEASE_LABEL] = label_value(called)
    if space != namespace(obj):
        found[NAMESPACE_LABEL] = space
