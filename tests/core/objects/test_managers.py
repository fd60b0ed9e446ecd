"""Whom managedFields name."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core.objects import manager_of

HTTP: dict[str, Any] = {"f:spec": {"f:http": {}}}


def entry(manager: str, owned: Any, time: str = "2026-01-01T00:00:00Z", **more: str) -> dict[str, Any]:
    return {"manager": manager, "operation": "Update", "time": time, "fieldsV1": owned, **more}


@pytest.mark.parametrize(
    ("entries", "who"),
    [
        ([], ""),
        (None, ""),
        ([entry("kubectl", {"f:spec": {"f:hosts": {}}})], ""),
        ([entry("argocd", HTTP)], "argocd"),
        ([entry("argocd", HTTP), entry("sluice", HTTP, "2026-01-02T00:00:00Z")], "argocd"),
        ([entry("sluice", HTTP)], "sluice"),
        ([entry("old", HTTP), entry("new", HTTP, "2026-01-02T00:00:00Z")], "new"),
        ([entry("below", {"f:spec": {"f:http": {'k:{"name":"x"}': {"f:timeout": {}}}}})], "below"),
        ([entry("istiod", HTTP, subresource="status")], ""),
        ([entry("kubectl", HTTP, subresource="scale")], "kubectl"),
        ([{"manager": "torn", "fieldsV1": None}, {}], ""),
    ],
)
def test_the_last_one_that_is_not_us(entries: Any, who: str) -> None:
    assert manager_of({"metadata": {"managedFields": entries}}, ("spec", "http"), "sluice") == who
