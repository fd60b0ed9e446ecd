"""Wire models to core types: units become numbers, absent fields become the core's defaults."""

from __future__ import annotations

from typing import Any

from controller.core import release as core
from controller.core.traffic import MatchKind, TesterMatch, ValueMatch
from controller.crd.forms import per_mille, ratio, seconds
from controller.crd.wire import Spec
from controller.crd.wire import compare as wire_compare
from controller.crd.wire import gates as wire_gates
from controller.crd.wire import strategy as wire_strategy
from controller.crd.wire import traffic as wire_traffic
from controller.crd.wire import workload as wire_workload


def to_release(spec: Spec, namespace: str, name: str, **metadata: Any) -> core.Release:
    """The core's Release; ``metadata`` are its fields ``uid``, ``generation``, ``created`` and ``deleting``."""
    return core.Release(
        namespace=namespace,
        name=name,
        workload=_workload(spec.workload),
        traffic=_routing(spec.traffic, namespace),
        strategy=_canary(spec.strategy.canary),
        gates=_gates(spec.gates or wire_gates.Gates()),
        replicas=spec.replicas,
        paused=spec.paused or False,
        **metadata,
    )


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that were written; the core has a default for the others."""
    return {name: value for name, value in fields.items() if value is not None}


def _seconds(text: str | None) -> float | None:
    return None if text is None else seconds(text)


def _ratio(text: str | None) -> float | None:
    return None if text is None else ratio(text)


def _workload(wire: wire_workload.Workload) -> core.ManagedWorkload:
    return core.ManagedWorkload(
        deployment=wire.deployment,
        **_given(
            progress_deadline=_seconds(wire.progress_deadline),
            capacity=wire.capacity,
            keep_previous=_seconds(wire.keep_previous),
        ),
    )


def _routing(wire: wire_traffic.Traffic, namespace: str) -> core.Routing:
    return core.Routing(
        service=wire.service,
        router=_istio(wire.istio, wire.service, namespace),
        **_given(
            port=wire.port,
            propagation=_seconds(wire.propagation),
            drain=_seconds(wire.drain),
            unsplit=wire.unsplit,
        ),
    )


def _istio(wire: wire_traffic.Istio, service: str, namespace: str) -> core.IstioRouting:
    named = wire.virtual_service or service
    return core.IstioRouting(
        virtual_services=tuple(_reference(text, namespace) for text in ([named] if isinstance(named, str) else named)),
        destination_rule=wire.destination_rule or service,
        **_given(
            routes=wire.routes and tuple(wire.routes),
            hosts=wire.hosts and tuple(wire.hosts),
            gateways=wire.gateways and tuple(wire.gateways),
        ),
    )


def _reference(text: str, namespace: str) -> core.ObjectRef:
    before, slash, after = text.partition("/")
    return core.ObjectRef(before, after) if slash else core.ObjectRef(namespace, before)


def _canary(wire: wire_strategy.Canary) -> core.Canary:
    return core.Canary(
        steps=tuple(_step(step) for step in wire.steps),
        testers=tuple(_tester(match) for match in wire.testers or ()),
        bake=_bake(wire.bake) if wire.bake else None,
    )


def _step(wire: wire_strategy.Step) -> core.Step:
    if wire.weight is not None:
        return core.WeightStep(weight=per_mille(wire.weight), **_given(duration=_seconds(wire.for_)))
    if wire.ramp is not None:
        return core.RampStep(to=per_mille(wire.ramp.to), by=per_mille(wire.ramp.by), every=seconds(wire.ramp.every))
    return core.ApprovalStep(
        group=wire.approval or "", timeout=_seconds(wire.timeout), **_given(on_timeout=wire.on_timeout)
    )


def _bake(wire: wire_strategy.Bake) -> core.Bake:
    return core.Bake(duration=seconds(wire.for_), **_given(weight=per_mille(wire.weight) if wire.weight else None))


def _tester(wire: wire_strategy.TesterMatch) -> TesterMatch:
    return TesterMatch(headers=_matches(wire.headers), query_params=_matches(wire.query_params))


def _matches(wire: dict[str, wire_strategy.ValueMatch] | None) -> tuple[ValueMatch, ...]:
    return tuple(_match(name, match) for name, match in (wire or {}).items())


def _match(name: str, wire: wire_strategy.ValueMatch) -> ValueMatch:
    for kind, value in ((MatchKind.EXACT, wire.exact), (MatchKind.PREFIX, wire.prefix), (MatchKind.REGEX, wire.regex)):
        if value is not None:
            return ValueMatch(name, kind, value)
    return ValueMatch(name, MatchKind.PRESENT)


def _gates(wire: wire_gates.Gates) -> core.Gates:
    none = wire.none or False
    return core.Gates(
        compare=None if none else _compare(wire.compare or wire_compare.Compare()),
        limits=tuple(_limit(limit) for limit in wire.limits or ()),
        none=none,
        **_given(
            interval=_seconds(wire.interval),
            failure_limit=wire.failure_limit,
            on_inconclusive=wire.on_inconclusive,
            step_deadline=_seconds(wire.step_deadline),
            minimum_step=_seconds(wire.minimum_step),
            warm_up=_seconds(wire.warm_up),
        ),
    )


def _compare(wire: wire_compare.Compare) -> core.Compare | None:
    if wire.none:
        return None
    default = core.Compare()
    return core.Compare(
        errors=_tolerance(wire.errors, default.errors),
        latency=_tolerance(wire.latency, default.latency),
        **_given(false_alarm=_ratio(wire.false_alarm), budget=_ratio(wire.budget)),
    )


def _tolerance(wire: wire_compare.Tolerance | None, default: core.Tolerance) -> core.Tolerance:
    if wire is None:
        return default
    return core.Tolerance(
        relative=default.relative if wire.relative is None else wire.relative,
        absolute=default.absolute if wire.absolute is None else ratio(wire.absolute),
    )


def _limit(wire: wire_gates.Limit) -> core.Limit:
    check: core.SuccessRateLimit | core.LatencyLimit | core.RequestRateLimit | core.PrometheusLimit
    usual = core.DEFAULT_MIN_REQUESTS
    if wire.success_rate is not None:
        check = core.SuccessRateLimit(minimum=ratio(wire.success_rate.min))
    elif wire.latency is not None:
        check = core.LatencyLimit(quantile=wire.latency.quantile, maximum=seconds(wire.latency.max))
    elif wire.request_rate is not None:
        check, usual = core.RequestRateLimit(minimum=wire.request_rate.min), 0
    else:
        # The rules let through exactly one of the four.
        assert wire.prometheus is not None
        query = wire.prometheus
        check, usual = core.PrometheusLimit(query=query.query, minimum=query.min, maximum=query.max), 0
    return core.Limit(wire.name, check, usual if wire.min_requests is None else wire.min_requests)
