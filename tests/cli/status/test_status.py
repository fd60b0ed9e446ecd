"""``sluice status`` against a cluster with a real controller."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from rich.console import Console

from controller.cli.console import console
from tests.stage import Stage


async def test_a_release_from_beginning_to_end(stage: Stage, typed: Callable[..., Any]) -> None:
    sluice = typed(stage.api)
    said = await sluice("status")
    assert (said.code, said.out) == (0, "there is no Release; look in all namespaces with -A\n")

    await stage.create()
    assert "no controller has looked at it yet" in (await sluice("status", "podinfo")).out
    await stage.until(lambda: stage.serves("x:1"))
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == 10)
    said = await sluice("status", "podinfo")
    assert said.code == 0
    assert said.out.startswith("Release shop/podinfo: Progressing")
    assert "step     1 of 2: 10%" in said.out
    assert "asked 10%" in said.out
    assert "\x1b" not in said.out
    said = await sluice("status", "-A")
    assert said.out.splitlines()[0].split() == [
        *("NAMESPACE", "NAME", "PHASE", "FOR", "STEP", "WEIGHT", "STABLE", "CANDIDATE", "MESSAGE"),
    ]
    assert said.out.splitlines()[1].split()[:3] == ["shop", "podinfo", "Progressing"]

    await stage.say("abort", by="ann", reason="enough")
    await stage.until(lambda: stage.phase() == "Failed")
    said = await sluice("status", "podinfo")
    assert said.code == 1, "somebody has to do something"
    assert "rolled back: aborted by ann: enough" in said.out
    assert (await sluice("status")).code == 1


async def test_for_programs(stage: Stage, typed: Callable[..., Any]) -> None:
    sluice = typed(stage.api)
    await stage.idle()
    one = json.loads((await sluice("status", "podinfo", "-o", "json")).out)
    assert (one["kind"], one["status"]["phase"]) == ("Release", "Idle")
    assert "managedFields" not in one["metadata"]
    many = yaml.safe_load((await sluice("status", "-o", "yaml")).out)
    assert (many["kind"], [item["kind"] for item in many["items"]]) == ("List", ["Release"])


async def test_a_kubectl_plugin_names_itself_so(typed: Callable[..., Any]) -> None:
    said = await typed(None)("status", program="/usr/local/bin/kubectl-sluice")
    assert said.code == 2
    assert "(`kubectl sluice sandbox` starts a cluster to try" in said.err
    said = await typed(None)("--help", program="/usr/local/bin/kubectl-sluice")
    assert "Usage: kubectl sluice [OPTIONS] COMMAND" in said.out
    assert "4  the cluster did not answer" in said.out


def test_colours_are_for_terminals_that_want_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Console, "is_terminal", property(lambda _: True))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert not console().no_color
    monkeypatch.setenv("NO_COLOR", "1")
    assert console().no_color
