"""The one reader of a Release: parsed, then held against what its router can do and what other Releases claim."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf

from controller.core.objects import Object
from controller.core.release import PrometheusLimit, Release
from controller.core.status import Revision, Status
from controller.crd import parse_ownership, parse_release
from controller.errors import InvalidRelease, ProviderError
from controller.providers.queries import context, fill
from controller.routers import router_of

Problems = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Rules:
    """What whoever runs the controller allows: looks between ``least`` and ``most`` seconds apart, and objects of
    other namespaces.
    """

    least: float = 0.0
    most: float = inf
    across: bool = True


def admit(obj: Object, others: Iterable[Object] = (), rules: Rules = Rules()) -> Release:
    """The Release as it is to be followed. ``others`` are all Releases of the cluster, also this one.

    Raises InvalidRelease with one sentence per fault.
    """
    return Admission(rules).admit(obj, others)


@dataclass(frozen=True, slots=True)
class _Read:
    """One spec of one Release: parsed with what its own text is guilty of, or refused."""

    version: tuple[str, str, bool]
    release: Release | None
    problems: Problems
    refused: tuple[str, str, tuple[tuple[str, str], ...]] = "", "", ()


class Admission:
    """The same for a process that reads all Releases again and again: each is parsed once for each of its specs."""

    def __init__(self, rules: Rules = Rules()) -> None:
        self._rules = rules
        self._known: dict[tuple[str, str], _Read] = {}

    def parsed(self, obj: Object) -> Release:
        """The Release as its own text says, whatever others claim. Raises InvalidRelease when that cannot be read."""
        read = self._read(obj)
        if read.release is None:
            raise InvalidRelease(*read.refused)
        return read.release

    def admit(self, obj: Object, others: Iterable[Object] = ()) -> Release:
        """See :func:`admit`."""
        release = self.parsed(obj)
        problems = [*self._read(obj).problems, *_claims(release, self._rivals(others))]
        if problems:
            text = "\n".join(f"{field}: {sentence}" for field, sentence in problems)
            raise InvalidRelease(text, problems[0][0], tuple(problems))
        return release

    def claimed(self, obj: Object, others: Iterable[Object] = ()) -> Release:
        """The Release as far as it says what it owns: nothing is asked of how it moves and what judges it.

        For one that is being deleted. Raises InvalidRelease where that cannot be read, or is another Release's.
        """
        release = parse_ownership(obj)
        problems = _claims(release, self._rivals(others))
        if problems:
            raise InvalidRelease("\n".join(f"{field}: {sentence}" for field, sentence in problems), problems[0][0])
        return release

    def forget(self, namespace: str, name: str) -> None:
        """The Release is gone."""
        self._known.pop((namespace, name), None)

    def _rivals(self, others: Iterable[Object]) -> Iterator[Release]:
        """Without those that cannot be read: they claim nothing."""
        return (release for other in others if (release := self._read(other).release) is not None)

    def _read(self, obj: Object) -> _Read:
        key, version = _identity(obj)
        known = self._known.get(key)
        if known is None or known.version != version:
            try:
                release = parse_release(obj)
            except InvalidRelease as error:
                known = _Read(version, None, [], (str(error), error.field, error.problems))
            else:
                known = _Read(
                    version, release, [*_allowed(release, self._rules), *_queries(release), *_router(release)]
                )
            if version[0]:  # a text of a file has no uid, and no generation that would tell it from the next
                self._known[key] = known
        return known


def _identity(obj: Object) -> tuple[tuple[str, str], tuple[str, str, bool]]:
    """Whose spec it is, and which one of its specs; anything may stand in a file."""
    metadata = obj.get("metadata") if isinstance(obj, dict) else None
    if not isinstance(metadata, dict):
        return ("", ""), ("", "", False)
    key = str(metadata.get("namespace", "")), str(metadata.get("name", ""))
    generation, deleting = str(metadata.get("generation", "")), bool(metadata.get("deletionTimestamp"))
    return key, (str(metadata.get("uid") or ""), generation, deleting)


def _allowed(release: Release, rules: Rules) -> Problems:
    problems = []
    interval = release.gates.interval
    if not rules.least <= interval <= rules.most:
        text = f"{interval:g}s is not between {rules.least:g}s and {rules.most:g}s, which this controller allows"
        problems.append(("spec.gates.interval", f"{text} (--min-interval, --max-interval)"))
    for one in release.traffic.router.virtual_services:
        if one.namespace != release.namespace and not rules.across:
            text = f"{one} is in another namespace; name one in {release.namespace}"
            problems.append(
                ("spec.traffic.istio.virtualService", f"{text}, or start the controller with --cross-namespace")
            )
    return problems


def _queries(release: Release) -> Problems:
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


def _router(release: Release) -> Problems:
    supports = router_of(release).SUPPORTS
    problems = []
    for number, match in enumerate(release.strategy.testers):
        if match.query_params and "query-params" not in supports:
            problems.append(
                (f"spec.strategy.canary.testers[{number}].queryParams", "this router cannot match them; use headers")
            )
    return problems


def _claims(release: Release, rivals: Iterable[Release]) -> Problems:
    """Two Releases for one Deployment or one route: the younger gives way and names the older."""
    for rival in rivals:
        if rival.ref == release.ref or _age(rival) >= _age(release):
            continue
        for field, what in _shared(release, rival):
            text = f"{what} belongs to the Release {rival.ref} already"
            return [(field, f"{text}; choose another, or delete one of the two Releases")]
    return []


def _age(release: Release) -> tuple[float, str, str]:
    created = inf if release.created is None else release.created
    return created, release.namespace, release.name


def _shared(release: Release, rival: Release) -> Iterator[tuple[str, str]]:
    """What both would write: the field that names it here, and what it is."""
    mine, theirs = release.workload.deployment, rival.workload.deployment
    if (release.namespace, mine) == (rival.namespace, theirs):
        yield "spec.workload.deployment", f"Deployment {release.namespace}/{mine}"
    ours, others = release.traffic.router, rival.traffic.router
    for one in set(ours.virtual_services) & set(others.virtual_services):
        # Two Releases may share a VirtualService as long as each names routes of its own.
        routes = sorted(set(ours.routes) & set(others.routes))
        if routes:
            yield "spec.traffic.istio.routes", f"route {routes[0]} of VirtualService {one}"
        elif not (ours.routes and others.routes):
            yield "spec.traffic.istio.virtualService", f"VirtualService {one}"
