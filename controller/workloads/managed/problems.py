"""Why a Deployment cannot be released: one sentence each, with the remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.core.objects import PREFIX, Found, Object, Ref, labels, namespace, pod_template, where
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


def problem(release: Release, template: Object, found: Found) -> str:
    """The first thing in the way of releasing this Deployment, "" when nothing is."""
    own = next(_problems(template, found), "")
    service = found.get("Service", release.namespace, release.traffic.service)
    return own or (next(_unreachable(release, service, template), "") if service is not None else "")


def names_no_port(port: Mapping[str, Any], template: Object) -> str:
    """What is wrong with a Service's port whose target is a name: a clause, "" when the pods have such a port."""
    target, spec = port.get("targetPort"), pod_template(template).get("spec") or {}
    sidecars = [one for one in spec.get("initContainers") or [] if one.get("restartPolicy") == "Always"]
    ports = [one for container in [*sidecars, *(spec.get("containers") or [])] for one in container.get("ports") or []]
    named = {one.get("name") for one in ports}
    if not isinstance(target, str) or target.isdecimal() or target in named:
        return ""
    known = ", ".join(sorted(str(one) for one in named if one)) or "none"
    return f"targetPort {target} names no port of {where(template)}, which has {known}; use one of them"


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


def _unreachable(release: Release, service: Object, template: Object) -> Iterator[str]:
    """Why requests would find no pod of a new revision, though it is ready: it is none of the Service's endpoints.

    Our own labels are left out: the template does not have them, and the pods do.
    """
    spec, own = service.get("spec") or {}, labels(pod_template(template))
    if spec.get("type") == "ExternalName":
        return  # the router says so
    selector = spec.get("selector") or {}
    if not selector:
        yield f"{where(service)}: it has no selector, so no pod of a revision is behind it; give it the pods' labels"
    wrong = {key: value for key, value in selector.items() if own.get(key) != value and not key.startswith(PREFIX)}
    if wrong:
        asked = ", ".join(f"{key}={value}" for key, value in sorted(wrong.items()))
        yield (
            f"{where(service)}: it selects pods with {asked}, which those of {where(template)} are not labelled; use "
            "the same labels, and none that changes with the version"
        )
    ports = spec.get("ports") or []
    for port in ports:
        lost = names_no_port(port, template) if len(ports) == 1 or port.get("port") == release.traffic.port else ""
        if lost:
            yield f"{where(service)}: {lost}"


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
