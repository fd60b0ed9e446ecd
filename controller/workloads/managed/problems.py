"""Why a Deployment cannot be released: one sentence each, with the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.core.objects import Found, Object, Ref, namespace, pod_template, where
from controller.core.release import Release

_WORKLOAD_NAME = "service.istio.io/workload-name"
_OTHERS = ("StatefulSet", "DaemonSet")
_SHARED = frozenset({"ReadWriteMany", "ReadOnlyMany"})


def refs(release: Release, template: Object | None) -> tuple[Ref, ...]:
    """What :func:`missing` and :func:`problem` look at."""
    if template is None:
        return tuple(Ref("apps/v1", kind, release.namespace, release.workload.deployment) for kind in _OTHERS)
    return tuple(Ref("v1", "PersistentVolumeClaim", release.namespace, claim) for claim, _ in _claims(template))


def missing(release: Release, found: Found) -> str:
    """What to do when the Deployment that the Release names is not there."""
    called = release.workload.deployment
    for kind in _OTHERS:
        if found.get(kind, release.namespace, called) is not None:
            return (
                f"spec.workload.deployment: {release.namespace}/{called} is a {kind}, and only Deployments can be "
                "released; name a Deployment"
            )
    return f"spec.workload.deployment: there is no Deployment {release.namespace}/{called}; create it"


def problem(template: Object, found: Found) -> str:
    """The first thing in the way of releasing this Deployment, "" when nothing is."""
    return next(_problems(template, found), "")


def _problems(template: Object, found: Found) -> Iterator[str]:
    pods = pod_template(template)
    if _WORKLOAD_NAME in ((pods.get("metadata") or {}).get("labels") or {}):
        yield (
            f"{where(template)}: its pods are labelled {_WORKLOAD_NAME}, so the mesh would report every revision as "
            "one; take the label away"
        )
    yield from _host_ports(template, pods.get("spec") or {})
    for claim, volume in _claims(template):
        one = found.get("PersistentVolumeClaim", namespace(template), claim)
        modes = ((one or {}).get("spec") or {}).get("accessModes") or []
        if modes and not _SHARED & set(modes):
            yield (
                f"{where(template)}: volume {volume} is the claim {claim} with access mode {modes[0]}, which pods of "
                "two revisions cannot share; use a claim with ReadWriteMany, or take it away"
            )


def _host_ports(template: Object, spec: Mapping[str, Any]) -> Iterator[str]:
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                remedy = "set hostNetwork to false" if spec.get("hostNetwork") else "take it away"
                yield (
                    f"{where(template)}: container {container.get('name')} has hostPort {port['hostPort']}, which pods "
                    f"of two revisions cannot both have on a node; {remedy}"
                )


def _claims(template: Object) -> Iterator[tuple[str, str]]:
    """The claims that all pods share, with the volume: one that is made for each pod is the pod's own."""
    for volume in (pod_template(template).get("spec") or {}).get("volumes") or []:
        claim = (volume.get("persistentVolumeClaim") or {}).get("claimName")
        if claim:
            yield claim, volume.get("name", "")
