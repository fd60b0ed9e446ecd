"""The one reader of a Release: parsed, then held against what its router can do and what other Releases claim."""

from __future__ import annotations

from collections.abc import Iterable

from controller.core.objects import Object, Ref
from controller.core.release import PrometheusLimit, Release
from controller.core.status import Revision, Status
from controller.crd import parse_release
from controller.errors import InvalidRelease, ProviderError
from controller.providers.queries import context, fill
from controller.routers import router_of


def admit(obj: Object, others: Iterable[Object] = ()) -> Release:
    """The Release as it is to be followed. ``others`` are all Releases of the cluster, also this one.

    Raises InvalidRelease with one sentence per fault.
    """
    release = parse_release(obj)
    problems = [*_queries(release), *_router(release), *_claims(release, others)]
    if problems:
        raise InvalidRelease("\n".join(f"{field}: {text}" for field, text in problems), problems[0][0], tuple(problems))
    return release


def _queries(release: Release) -> list[tuple[str, str]]:
    """Templates are filled in once with names of no meaning: what is wrong with them is wrong with any."""
    sample = Status(stable=Revision("stable", "stable"), candidate=Revision("candidate", "candidate"))
    problems = []
    for number, limit in enumerate(release.gates.limits):
        if isinstance(limit.check, PrometheusLimit):
            try:
                fill(limit.check.query, context(release, sample))
            except ProviderError as error:
                problems.append((f"spec.gates.limits[{number}].prometheus.query", str(error)))
    return problems


def _router(release: Release) -> list[tuple[str, str]]:
    supports = router_of(release).SUPPORTS
    problems = []
    for number, match in enumerate(release.strategy.testers):
        if match.query_params and "query-params" not in supports:
            problems.append(
                (f"spec.strategy.canary.testers[{number}].queryParams", "this router cannot match them; use headers")
            )
    return problems


def _claims(release: Release, others: Iterable[Object]) -> list[tuple[str, str]]:
    """Two Releases for one Deployment or one route object: the younger gives way and names the older."""
    mine = _claimed(release)
    for other in others:
        try:
            rival = parse_release(other)
        except InvalidRelease:
            continue
        if rival.ref == release.ref or _age(rival) >= _age(release):
            continue
        for ref, field in mine.items():
            if ref in _claimed(rival):
                what = f"{ref.kind} {ref.namespace}/{ref.name} belongs to the Release {rival.ref} already"
                return [(field, f"{what}; choose another, or delete one of the two Releases")]
    return []


def _age(release: Release) -> tuple[float, str, str]:
    created = float("inf") if release.created is None else release.created
    return created, release.namespace, release.name


def _claimed(release: Release) -> dict[Ref, str]:
    router = release.traffic.router
    deployment = Ref("apps/v1", "Deployment", release.namespace, release.workload.deployment)
    claimed = {deployment: "spec.workload.deployment"}
    for one in router.virtual_services:
        ref = Ref("networking.istio.io/v1", "VirtualService", one.namespace, one.name)
        # Two Releases may share a VirtualService as long as each has named routes of its own.
        for route in router.routes or ("",):
            named = Ref(ref.api, ref.kind, ref.namespace, f"{ref.name}" + (f" (route {route})" if route else ""))
            claimed[named] = "spec.traffic.istio.virtualService"
    return claimed
