"""A Release against the other objects of the same files: the router's and the workload's own eyes.

Files seldom hold everything, so what they do not hold is taken to be in the cluster and to be right: stand-ins take its
place. What is said of the objects that are there is said by the functions that the controller uses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.cli import standins
from controller.core.objects import FoundObjects, Object, where
from controller.core.release import Release
from controller.routers import router_of
from controller.workloads import workload_of
from controller.workloads.managed.problems import names_no_port

_OTHERS = ("StatefulSet", "DaemonSet")
_HTTP = ("http", "http2", "https", "grpc")

Problem = tuple[str, str]
"""Where (a field of the Release such as ``spec.traffic.port``, or an object as ``where`` names it) and what."""


def against(release: Release, objects: Sequence[Object]) -> Iterator[Problem]:
    """Everything that the objects of the files say about the Release. May raise what malformed objects cause."""
    found = FoundObjects(objects)
    workload = workload_of(release).see(release, found)
    if workload.template is not None:
        yield from map(_parted, filter(None, [workload.template.problem]))
    elif any(found.get(kind, release.namespace, release.workload.deployment) for kind in _OTHERS):
        yield _parted(workload.missing)
    filled = FoundObjects([*objects, *_stand_ins(release, found)])
    yield from map(_parted, router_of(release).see(release, filled).problems)
    service = found.get("Service", release.namespace, release.traffic.service)
    template = found.get("Deployment", release.namespace, release.workload.deployment)
    if service is not None and template is not None:
        yield from _targets(release, service, template)


def port_hint(release: Release, objects: Sequence[Object]) -> str:
    """What to add to the Service's port so that Istio need not guess its protocol; "" when nothing is missing."""
    service = FoundObjects(objects).get("Service", release.namespace, release.traffic.service)
    for port in ((service or {}).get("spec") or {}).get("ports") or []:
        called = str(port.get("appProtocol") or str(port.get("name") or "").partition("-")[0]).lower()
        if release.traffic.port in (None, port.get("port")) and called not in _HTTP:
            return (
                f"port {port.get('port')} of Service {release.traffic.service} does not say its protocol, and Istio "
                "guesses; name the port http (or grpc), or set appProtocol"
            )
    return ""


def _parted(problem: str) -> Problem:
    field, _, sentence = problem.partition(": ")
    return field, sentence


def _stand_ins(release: Release, found: FoundObjects) -> Iterator[Object]:
    """The Service and the VirtualServices that the Release names and that the files do not hold."""
    if found.get("Service", release.namespace, release.traffic.service) is None:
        yield standins.service(release, {})
    for ref in release.traffic.router.virtual_services:
        if found.get("VirtualService", ref.namespace, ref.name) is None:
            yield standins.virtual_service(release, ref)


def _targets(release: Release, service: Object, template: Object) -> Iterator[Problem]:
    """Whether the Service finds its other ports at the Deployment's pods; what the release needs was said before."""
    ports = (service.get("spec") or {}).get("ports") or []
    for port in ports if len(ports) > 1 else ():
        lost = names_no_port(port, template) if port.get("port") != release.traffic.port else ""
        if lost:
            yield where(service), lost
