from __future__ import annotations

from typing import Any

import pytest

from controller.core.objects import images, pod_template, readiness


def deployment(status: dict[str, int] | None = None, wanted: int | None = 3) -> dict[str, Any]:
    spec = {} if wanted is None else {"replicas": wanted}
    return {"metadata": {"generation": 2}, "spec": spec, "status": status or {}}


def counted(observed: int = 2, **pods: int) -> dict[str, int]:
    return {"observedGeneration": observed} | {
        ("replicas" if key == "all" else f"{key}Replicas"): pods[key] for key in pods
    }


@pytest.mark.parametrize(
    ("obj", "complete", "serves_two"),
    [
        (deployment(counted(all=3, ready=3, available=3, updated=3)), True, True),
        (deployment(counted(all=3, ready=3, available=2, updated=3)), False, True),
        (deployment(counted(all=4, ready=3, available=3, updated=3)), False, True),
        (deployment(counted(all=3, ready=3, available=3, updated=1)), False, False),
        (deployment(counted(observed=1, all=3, ready=3, available=3, updated=3)), False, False),
        (deployment(counted(observed=3, all=3, ready=3, available=3, updated=3)), True, True),
        (deployment(counted(all=1, ready=1, available=1, updated=1), None), True, False),
        (deployment(counted(), 0), True, False),
        (deployment(), False, False),
        ({}, False, False),
    ],
)
def test_readiness(obj: dict[str, Any], complete: bool, serves_two: bool) -> None:
    assert readiness(obj).complete is complete
    assert readiness(obj).serves(2) is serves_two


def test_a_missing_number_of_replicas_asks_for_one() -> None:
    assert readiness(deployment(wanted=None)).wanted == 1
    assert readiness(deployment(wanted=0)).wanted == 0


def test_images_in_the_order_of_the_containers() -> None:
    containers = [{"image": "b:1"}, {"image": "a:1"}, {}]
    obj = {"spec": {"template": {"spec": {"initContainers": [{"image": "init:1"}], "containers": containers}}}}
    assert images(pod_template(obj)) == ("b:1", "a:1", "")
    assert images(pod_template({})) == ()
