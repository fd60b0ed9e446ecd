"""What Argo CD would say about a Release, by the very script that it is given."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from lupa.lua51 import LuaRuntime

from tests.manifests.conftest import MANIFESTS

KEY = "resource.customizations.health.sluice.dev_Release"


def health(status: dict[str, Any] | None, generation: int = 2) -> tuple[str, str]:
    lua = LuaRuntime()

    def table(value: Any) -> Any:
        if isinstance(value, dict):
            return lua.table_from({key: table(item) for key, item in value.items()})
        return lua.table_from([table(item) for item in value]) if isinstance(value, list) else value

    script = yaml.safe_load((MANIFESTS / "argocd" / "health.yaml").read_text(encoding="utf-8"))["data"][KEY]
    release = {"metadata": {"generation": generation}} | ({} if status is None else {"status": status})
    lua.globals()["obj"] = table(release)
    answer = lua.execute(script)
    return answer["status"], answer["message"]


def status(phase: str, *true: str, observed: int = 2) -> dict[str, Any]:
    conditions = [
        {"type": kind, "status": "True" if kind in true else "False"} for kind in ("Ready", "Reconciling", "Stalled")
    ]
    return {"observedGeneration": observed, "phase": phase, "message": "what it waits for", "conditions": conditions}


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [
        (None, "Progressing"),
        ({}, "Progressing"),
        (status("Idle", "Ready"), "Healthy"),
        (status("Idle", "Ready", observed=1), "Progressing"),
        (status("Progressing", "Reconciling"), "Progressing"),
        (status("Waiting", "Reconciling"), "Suspended"),
        (status("Paused", "Reconciling"), "Suspended"),
        (status("RollingBack", "Reconciling"), "Progressing"),
        (status("Failed", "Stalled"), "Degraded"),
        (status("Invalid", "Stalled"), "Degraded"),
    ],
)
def test_health(seen: dict[str, Any] | None, wanted: str) -> None:
    assert health(seen)[0] == wanted


def test_the_release_speaks_for_itself() -> None:
    assert health(status("Failed", "Stalled"))[1] == "what it waits for"
