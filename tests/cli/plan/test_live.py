"""``sluice plan --live``: from what a cluster has, in every phase; and the difference to it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from controller.cli import app
from controller.sandbox.api.kubeconfig import kubeconfig
from tests.stage import Stage, deployment, staged
from tests.stage import release as on_stage


async def run(stage: Stage, folder: Path, *arguments: str, files: tuple[dict[str, Any], ...] = ()) -> str:
    (folder / "config").write_text(json.dumps(kubeconfig(stage.api.connection, "shop")))
    body = on_stage()
    del body["metadata"]["namespace"]  # the context's own
    (folder / "release.yaml").write_text(yaml.safe_dump_all([body, *files]))
    words = ["plan", str(folder / "release.yaml"), "--live", "--kubeconfig", str(folder / "config"), *arguments]
    result = await asyncio.to_thread(CliRunner().invoke, app, words, env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result.output


async def test_before_anything_is_installed_it_shows_all_that_would_change(tmp_path: Path) -> None:
    async with staged(start=False) as stage:
        before = [row for table in ("deployments.apps", "services") for row in stage.objects(table)]
        output = await run(stage, tmp_path, "--objects", "--step", "1")
        assert "+  paused: true" in output
        assert "+++ VirtualService shop/podinfo" in output
        assert "+++ DestinationRule shop/podinfo" in output
        assert output.count("--- (nothing)") == 4  # both of them, and two revisions
        assert [row for table in ("deployments.apps", "services") for row in stage.objects(table)] == before
        found = json.loads(await run(stage, tmp_path, "-o", "json"))
        assert found["assumed"] == ["Deployment shop/podinfo is what serves already: a next version of it is assumed"]


async def test_an_idle_release_changes_only_weights_subsets_and_the_new_revision(tmp_path: Path) -> None:
    async with staged() as stage:
        await stage.idle()
        stable = stage.revision("x:1")
        found = json.loads(await run(stage, tmp_path, "--objects", "-o", "json", files=(deployment("x:2"),)))
        assert found["stable"] == stable
        assert found["assumed"] == []
        changed = {(one["then"]["kind"], one["then"]["metadata"]["name"]) for one in found["objects"]}
        assert changed == {
            ("Deployment", f"podinfo-{found['candidate']}"),
            ("VirtualService", "podinfo"),
            ("DestinationRule", "podinfo"),
        }
        diff = await run(stage, tmp_path, "--objects", files=(deployment("x:2"),))
        taken = [line for line in diff.splitlines() if line.startswith("-") and not line.startswith("---")]
        assert all("sluice.dev/subsets" in line for line in taken), taken
        await stage.push("x:2")
        await stage.until(lambda: stage.share("x:2") == 10)
        assert stage.revision("x:2") == found["candidate"]


async def test_a_release_in_progress_goes_on_from_where_it_is(tmp_path: Path) -> None:
    async with staged() as stage:
        await stage.idle()
        await stage.push("x:2")
        await stage.until(lambda: stage.share("x:2") == 50)
        found = json.loads(await run(stage, tmp_path, "-o", "json"))
        assert found["candidate"] == stage.revision("x:2")
        assert [one["number"] for one in found["steps"]] == [2, 3]
        newer = json.loads(await run(stage, tmp_path, "-o", "json", files=(deployment("x:3"),)))
        assert newer["candidate"] not in (stage.revision("x:1"), stage.revision("x:2"))
        assert newer["stable"] == stage.revision("x:1")
        assert [one["number"] for one in newer["steps"]] == [1, 2, 3]


async def test_after_a_rollback_a_next_version_is_planned(tmp_path: Path) -> None:
    async with staged() as stage:
        await stage.idle()
        await stage.fail("x:bad")
        found = json.loads(await run(stage, tmp_path, "-o", "json"))
        assert found["stable"] == stage.revision("x:1")
        assert "a next version of it is assumed" in found["assumed"][0]


async def test_a_deployment_that_is_not_there_is_named(tmp_path: Path) -> None:
    async with staged(start=False) as stage:
        await stage.client.delete("/apis/apps/v1/namespaces/shop/deployments/podinfo")
        with pytest.raises(AssertionError, match="there is no Deployment shop/podinfo"):
            await run(stage, tmp_path)
