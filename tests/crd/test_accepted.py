"""The spec that a release follows, in its status."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from controller.core.status import Status
from controller.crd import pack_spec, parse_release, status_from_wire, status_to_wire, unpack_spec
from controller.crd.status.types import ACCEPTED_LIMIT

OBJ: dict[str, Any] = {
    "apiVersion": "sluice.dev/v1alpha1",
    "kind": "Release",
    "metadata": {"name": "podinfo", "namespace": "shop", "uid": "u", "generation": 3},
    "spec": {
        "workload": {"deployment": "podinfo"},
        "traffic": {"service": "podinfo", "istio": {"routes": ["primary"]}},
        "strategy": {"canary": {"steps": [{"weight": "10%", "for": "2m"}, {"weight": "50%"}]}},
        "gates": {"interval": "20s", "limits": [{"name": "ok", "successRate": {"min": "99%"}}]},
    },
}


def noise(length: int) -> str:
    """A query that does not compress."""
    return "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))


def with_limits(queries: list[str]) -> dict[str, Any]:
    obj = copy.deepcopy(OBJ)
    obj["spec"]["gates"]["limits"] = [
        {"name": f"q{number}", "prometheus": {"query": query, "max": 1}} for number, query in enumerate(queries)
    ]
    return obj


def test_it_is_read_as_it_was_written_also_beside_a_spec_that_cannot_be() -> None:
    text = pack_spec(OBJ)
    assert len(text) < 500
    broken = {**OBJ, "spec": {"workload": 3}, "metadata": OBJ["metadata"] | {"generation": 4}}
    found = unpack_spec(text, broken)
    assert found is not None
    assert (found.generation, found.uid) == (4, "u")
    assert found.gates == parse_release(OBJ).gates
    assert found.strategy == parse_release(OBJ).strategy


def test_one_that_is_too_long_is_kept_without_its_limits() -> None:
    obj = with_limits([noise(7000)])
    text = pack_spec(obj)
    assert 0 < len(text) <= ACCEPTED_LIMIT
    found = unpack_spec(text, obj)
    assert found is not None
    assert found.gates.none
    assert found.strategy == parse_release(OBJ).strategy


def test_the_status_keeps_all_of_it() -> None:
    text = pack_spec(OBJ)
    wire = status_to_wire(Status(accepted=text))
    assert status_from_wire(wire).accepted == text
    assert "accepted" not in status_to_wire(Status())


@pytest.mark.parametrize(
    "text", ["", "1:", "1:x", "1:!!!!", "2:eJw=", "1:eJyrrgUAAXUA+Q==", "1:eJwDAAAAAAE=", "nonsense"]
)
def test_what_cannot_be_read_is_none(text: str) -> None:
    assert unpack_spec(text, OBJ) is None
