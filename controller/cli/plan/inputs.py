"""What a plan is made for: the Release, the objects that there are, and the pods of the version to release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.cli import standins
from controller.core.objects import Found, FoundObjects, Object, labels, pod_template, same_template, where
from controller.core.release import Release
from controller.core.status import Status
from controller.errors import InvalidRelease
from controller.simulate.objects import Key, key_of
from controller.workloads import workload_of

REPLICAS = 4
"""Of a Deployment that nobody told anything of."""

_NOW, _NEXT = "what-serves-now", "the-next-version"


@dataclass
class Inputs:
    """``base``: what is there when the release begins, by key; differences are shown to it. ``pods``: those to be
    released, None where the Deployment among ``objects`` already says so. ``assumed``: what nobody told, each
    in a sentence; ``knows_...``: whether the names of the revisions are those that they will really have."""

    release: Release
    objects: list[Object]
    base: dict[Key, Object]
    pods: Object | None
    status: Status = field(default_factory=Status)
    now: float = 0.0
    assumed: list[str] = field(default_factory=list)
    knows_candidate: bool = True
    knows_stable: bool = True


def from_files(release: Release, files: Iterable[Object], replicas: int | None) -> Inputs:
    """The Deployment in the files is the version to release; what serves until then is like it, in another version."""
    objects, assumed = list(files), list[str]()
    found = FoundObjects(objects)
    told = found.get("Deployment", release.namespace, release.workload.deployment)
    template = told
    if template is None:
        template = standins.deployment(release, replicas or REPLICAS)
        assumed.append(f"{where(template)} is not in the files: {_pods(template)} are assumed (--replicas)")
    else:
        _check(template)
        if replicas is not None:
            template = {**template, "spec": {**template["spec"], "replicas": replicas}}
        assumed += _missing_content(release, found)
    if found.get("Service", release.namespace, release.traffic.service) is None:
        objects.append(standins.service(release, labels(pod_template(template))))
        assumed.append(f"{where(objects[-1])} is not in the files: a plain one is assumed")
    for ref in release.traffic.router.virtual_services:
        if found.get("VirtualService", ref.namespace, ref.name) is None:
            assumed.append(_created_or_there(release, objects, ref.namespace, ref.name))
    pods = pod_template(template) if told else standins.of_version(pod_template(template), _NEXT)
    former = {**template, "spec": {**template["spec"], "template": standins.of_version(pods, _NOW)}}
    objects = [*(one for one in objects if key_of(one) != key_of(template)), former]
    base = {key_of(one): one for one in objects}
    base[key_of(template)] = {**template, "spec": {**template["spec"], "template": pods}}
    return Inputs(release, objects, base, pods, assumed=assumed, knows_candidate=told is not None, knows_stable=False)


def from_cluster(
    release: Release, objects: list[Object], files: Iterable[Object], status: Status, now: float
) -> Inputs:
    """The Deployment in the files is what would be applied; without one it is what the cluster has already.

    ``now`` in epoch seconds; the clock of the controller that wrote ``status`` may be ahead of it.
    Raises InvalidRelease when the cluster has no such Deployment.
    """
    found = FoundObjects(objects)
    template = found.get("Deployment", release.namespace, release.workload.deployment)
    if template is None:
        raise InvalidRelease(workload_of(release).see(release, found).missing, "spec.workload.deployment")
    base = {key_of(one): one for one in objects}
    told = FoundObjects(files).get("Deployment", release.namespace, release.workload.deployment)
    if told is not None:
        _check(told)
        base[key_of(template)] = {**template, "spec": {**template["spec"], "template": pod_template(told)}}
    made = Inputs(release, objects, base, pod_template(told) if told else None, status, max(now, *_moments(status)))
    if not _news(release, FoundObjects(base.values()), template, told, status):
        made.pods = standins.of_version(pod_template(template), _NEXT)
        base[key_of(template)] = {**template, "spec": {**template["spec"], "template": made.pods}}
        made.knows_candidate = False
        made.assumed.append(f"{where(template)} is what serves already: a next version of it is assumed")
    return made


def _moments(status: Status) -> list[float]:
    """When things were, by the status."""
    step, revisions = status.step, (status.stable, status.candidate, *status.retiring)
    found = [status.phase_since, status.timers.progress_since, status.timers.template_free_since]
    found += [one.routable_since for one in revisions if one] + [one.unrouted_since for one in revisions if one]
    found += [step.started, step.routed_since, step.in_effect_since, step.looked_until] if step else []
    return [0.0, *(moment for moment in found if moment is not None)]


def _news(release: Release, applied: Found, template: Object, told: Object | None, status: Status) -> bool:
    """Whether the Deployment, with what the files say applied, asks for a version that does not serve yet."""
    if status.stable is None:
        return told is not None and not same_template(pod_template(told), pod_template(template))
    if told is None and status.candidate is not None:
        return True
    seen = workload_of(release).see(release, applied).template
    failed = told is None and status.failed_name != ""
    return not failed and seen is not None and seen.revision != status.stable.name


def _check(template: Object) -> None:
    """Raises InvalidRelease for a Deployment that the API server would refuse anyway."""
    spec = template.get("spec")
    selector = spec.get("selector") if isinstance(spec, dict) else None
    if not isinstance(selector, dict) or not (pod_template(template).get("spec") or {}).get("containers"):
        raise InvalidRelease(f"{where(template)} has no selector or no containers; complete it")


def _created_or_there(release: Release, objects: list[Object], space: str, called: str) -> str:
    """A VirtualService that is nowhere is created; one of which several routes are named must be the user's own."""
    routes = release.traffic.router.routes
    text = f"VirtualService {space}/{called} is not in the files: "
    if len(routes) < 2:
        return f"{text}it is taken to be missing, and created"
    ref = next(one for one in release.traffic.router.virtual_services if (one.namespace, one.name) == (space, called))
    objects.append(standins.virtual_service(release, ref))
    return f"{text}one with the routes {', '.join(routes)} is assumed"


def _missing_content(release: Release, found: FoundObjects) -> list[str]:
    """Configuration that the pods read and the files do not hold: the names of revisions depend on it."""
    refs = [ref for ref in workload_of(release).reads(release, found) if ref.kind in ("ConfigMap", "Secret")]
    names = [f"{ref.kind} {ref.name}" for ref in refs if ref.name and not found.get(ref.kind, ref.namespace, ref.name)]
    if not names:
        return []
    return [f"{', '.join(dict.fromkeys(names))} not in the files: revisions will have other names than here"]


def _pods(template: Object) -> str:
    count = template["spec"]["replicas"]
    return f"{count} pods" if count != 1 else "1 pod"
