"""Whatever users write: both sides agree, and what is accepted comes back as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core.release import Release
from controller.crd import parse_release
from controller.crd.forms import as_duration
from controller.crd.wire import Spec
from controller.errors import InvalidRelease

Object = dict[str, Any]
Judge = Callable[[Object], list[tuple[str, str]]]


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """An object with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


def one_of(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Object]:
    """An object with exactly one of these fields."""
    return st.one_of([st.fixed_dictionaries({name: strategy}) for name, strategy in fields.items()])


def lists(of: st.SearchStrategy[Any], most: int = 3) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=1, max_size=most)


weights = st.integers(0, 1000).map(lambda share: f"{share / 10:g}%")
shares = st.integers(1, 1000).map(lambda share: f"{share / 10:g}%")
percents = st.sampled_from(["0%", "0.1%", "5%", "99.95%", "100%"])
chances = st.sampled_from(["0.1%", "5%", "50%"])
durations = st.integers(1, 10**7).map(lambda length: as_duration(length / 10)) | st.sampled_from(["1h30m", "1.5m"])
labels = st.sampled_from(["podinfo", "shop", "a-1"])
numbers = st.integers(-5, 5) | st.sampled_from([0.5, 99.9])
fallbacks = st.sampled_from(["hold", "promote", "rollback"])
match = one_of(exact=st.just("v"), prefix=st.just("v"), regex=st.sampled_from(["a.*", "(x|y)?"]), present=st.just(True))
matches = st.dictionaries(st.sampled_from(["x-canary", "cookie"]), match, min_size=1)
testers = some(headers=matches, queryParams=matches)
weight = st.builds(lambda one, rest: {**one, **rest}, one_of(weight=weights), some(**{"for": durations}))
ramp = one_of(ramp=st.fixed_dictionaries({"to": shares, "by": shares, "every": durations}))
approval = st.builds(
    lambda one, rest: {**one, **rest}, one_of(approval=st.just("ops")), some(timeout=durations, onTimeout=fallbacks)
)
limit = st.builds(
    lambda name, one, rest: {"name": name, **one, **rest},
    labels,
    one_of(
        successRate=st.fixed_dictionaries({"min": percents}),
        latency=st.fixed_dictionaries({"quantile": st.sampled_from([0.5, 0.99]), "max": durations}),
        requestRate=st.fixed_dictionaries({"min": numbers}),
        prometheus=st.fixed_dictionaries({"query": st.just("up")}, optional={"min": numbers, "max": numbers}),
    ),
    some(minRequests=st.integers(0, 1000)),
)
tolerance = some(relative=st.sampled_from([1, 1.1, 2.5]), absolute=percents)
specs = st.fixed_dictionaries(
    {
        "workload": st.builds(
            lambda name, rest: {"deployment": name, **rest},
            labels,
            some(progressDeadline=durations, capacity=st.sampled_from(["weight", "full"])),
        ),
        "traffic": st.builds(
            lambda service, istio, rest: {"service": service, "istio": istio, **rest},
            labels,
            some(
                virtualService=labels | lists(labels),
                routes=lists(labels),
                destinationRule=labels,
                hosts=lists(st.sampled_from(["a.example.com", "*.b.com", "*"])),
                gateways=lists(st.sampled_from(["mesh", "istio-system/public", "own"])),
            ),
            some(
                port=st.integers(1, 65535),
                propagation=durations,
                drain=durations,
                unsplit=st.sampled_from(["refuse", "allow"]),
            ),
        ),
        "strategy": st.fixed_dictionaries(
            {
                "canary": st.fixed_dictionaries(
                    {"steps": lists(weight | ramp | approval)}, optional={"testers": lists(testers)}
                )
            }
        ),
    },
    optional={
        "replicas": st.integers(0, 10),
        "paused": st.booleans(),
        "gates": some(
            interval=durations,
            compare=some(errors=tolerance, latency=tolerance, falseAlarm=chances, budget=chances, none=st.booleans()),
            limits=lists(limit),
            failureLimit=st.integers(1, 5),
            onInconclusive=fallbacks,
            stepDeadline=durations,
            minimumStep=durations,
            warmUp=durations,
            none=st.booleans(),
        ),
    },
)


def release_of(spec: Any) -> Object:
    return {
        "apiVersion": "sluice.dev/v1alpha1",
        "kind": "Release",
        "metadata": {"name": "podinfo", "namespace": "shop"},
        "spec": spec,
    }


# What the tables in test_parity.py list as the parser's alone, by the words of its sentences.
PARSERS_OWN = ("raise it or lower", "does not move", "does not divide", "listed twice")


def parsed(spec: Any) -> Release | tuple[tuple[str, str], ...]:
    """The core's Release, or what is wrong."""
    try:
        return parse_release(release_of(spec))
    except InvalidRelease as refused:
        return refused.problems


@given(spec=specs)
def test_both_sides_agree_and_nothing_is_rewritten(server: Judge, spec: Object) -> None:
    errors, result = server(release_of(spec)), parsed(spec)
    if isinstance(result, tuple):
        only_parser = all(any(own in sentence for own in PARSERS_OWN) for _, sentence in result)
        assert errors or only_parser, result
        return
    assert errors == []
    written = Spec.model_validate(spec).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert written == spec
    assert parsed(written) == result


def mutated(spec: Object) -> st.SearchStrategy[Object]:
    """The spec with one of its values replaced by something else."""
    odd: st.SearchStrategy[Any] = st.sampled_from(
        [None, True, 0, -1, 5, 0.5, "", "x", "5", "5%", "5m", [], [{}], {}, {"weight": "5%"}, "é\n"]
    )

    def places(value: Any, path: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        return [place for key, item in items for place in [(*path, key), *places(item, (*path, key))]]

    def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
        if not place:
            return new
        copied: Any = dict(value) if isinstance(value, dict) else list(value)
        copied[place[0]] = put(value[place[0]], place[1:], new)
        return copied

    return st.builds(lambda place, new: put(spec, place, new), st.sampled_from(places(spec, ())), odd)


@given(spec=specs.flatmap(mutated))
def test_what_the_server_refuses_the_parser_refuses_with_a_sentence(server: Judge, spec: Object) -> None:
    errors, result = server(release_of(spec)), parsed(spec)
    if isinstance(result, tuple):
        assert all(field.startswith("spec") and len(sentence) > 10 for field, sentence in result), result
    else:
        assert errors == []
