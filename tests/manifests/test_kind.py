"""istio/up.sh with stand-ins for the tools that it calls, and the sample application's two scripts for real."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from controller.sandbox.process import free_port
from tests.manifests.conftest import ROOT

TOOLS = ("docker", "kind", "kubectl", "istioctl")
UP = ROOT / "istio" / "up.sh"


def up(folder: Path, **tools: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What became of the script, and the commands that it gave, where ``tools`` are shell scripts."""
    for name in ("bash", "dirname", "cat", "grep"):
        (folder / name).symlink_to(shutil.which(name) or "")
    for name, text in tools.items():
        (folder / name).write_text(f'#!/bin/bash\necho "{name} $*" >> {folder}/log\n{text}\n')
        (folder / name).chmod(0o755)
    done = subprocess.run([str(UP)], env={"PATH": str(folder)}, capture_output=True, text=True, timeout=30, check=False)
    log = folder / "log"
    return done, log.read_text().splitlines() if log.exists() else []


def test_each_missing_tool_is_named_with_how_to_get_it(tmp_path: Path) -> None:
    done, commands = up(tmp_path, kubectl="")
    assert done.returncode == 1
    assert commands == []
    missing = re.findall(r"up.sh: (\w+) is missing; get it with: .+", done.stderr)
    assert missing == [name for name in TOOLS if name != "kubectl"]


def test_a_docker_that_does_not_answer_is_told_apart(tmp_path: Path) -> None:
    done, commands = up(tmp_path, docker="exit 1", kind="", kubectl="", istioctl="")
    assert done.returncode == 1
    assert "Docker does not answer" in done.stderr
    assert commands == ["docker info"]


def test_the_whole_way_up_in_its_order(tmp_path: Path) -> None:
    done, commands = up(tmp_path, docker="", kind="", kubectl="", istioctl="")
    assert done.returncode == 0, done.stderr
    heads = [" ".join(command.split()[:2]) for command in commands]
    firsts = ["docker info", "kind get", "kind create", "docker build", "kind load", "istioctl install"]
    assert heads[: len(firsts)] == firsts
    applied = [command.rpartition(" -k ")[2] for command in commands if " -k " in command]
    assert applied == ["istio/mesh", "istio/prometheus", "istio/sluice", "istio/app"]
    assert all((ROOT / folder / "kustomization.yaml").exists() for folder in applied)
    for command in commands:
        if command.startswith(("kubectl", "istioctl")):
            assert re.search(r" --context kind-sluice( |$)", command), command
        for path in re.findall(r"(?:--config|--filename) (\S+)", command):
            assert yaml.safe_load((ROOT / path).read_text())
    told = re.findall(r"apply -f (\S+)", done.stdout)
    assert told
    assert all((ROOT / path).exists() for path in told)


def test_a_cluster_that_is_there_is_kept(tmp_path: Path) -> None:
    done, commands = up(tmp_path, docker="", kind='[ "$1" != get ] || echo sluice', kubectl="", istioctl="")
    assert done.returncode == 0, done.stderr
    assert not any("create" in command for command in commands)


def test_it_ends_at_the_first_command_that_fails(tmp_path: Path) -> None:
    done, commands = up(tmp_path, docker="", kind="", kubectl="", istioctl="exit 3")
    assert done.returncode == 3
    assert commands[-1].startswith("istioctl install")


def test_ports_lead_where_they_should() -> None:
    config = yaml.safe_load((ROOT / "kind-config.yaml").read_text())
    mapped = {one["containerPort"] for one in config["nodes"][0]["extraPortMappings"]}
    text = (ROOT / "istio" / "profile.yaml").read_text() + (
        ROOT / "istio" / "prometheus" / "prometheus.yaml"
    ).read_text()
    assert {int(port) for port in re.findall(r"nodePort: (\d+)", text)} == mapped
    assert config["name"] == "sluice"


@asynccontextmanager
async def script(name: str, **variables: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of the sample's scripts, running; ended in good order."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "istio" / "app" / name)),
        env=os.environ | variables,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def answering(session: aiohttp.ClientSession, url: str) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with session.get(f"{url}healthz") as answer:
                    assert await answer.text() == "ok\n"
                    return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


async def test_the_sample_answers_fails_as_told_and_is_asked() -> None:
    with free_port() as port:
        pass
    url = f"http://127.0.0.1:{port}/"
    async with (
        aiohttp.ClientSession() as session,
        script("serve.py", PORT=str(port), VERSION="v3", ERROR_EVERY="4", DRAIN="0"),
    ):
        await answering(session, url)
        codes = []
        for _ in range(8):
            async with session.get(f"{url}any/path") as answer:
                assert (await answer.json())["version"] == "v3"
                codes.append(answer.status)
        assert codes == [200, 200, 200, 500, 200, 200, 200, 500]
        async with script("ask.py", TARGET=url, RATE="200", EVERY="0.2") as users:
            assert users.stdout
            seen: Counter[str] = Counter()
            async with asyncio.timeout(20):
                while seen.total() < 40:
                    seen.update(json.loads(await users.stdout.readline()))
            users.terminate()
            seen.update(json.loads((await users.stdout.read()).splitlines()[-1]))  # the end tells the rest
        assert seen.keys() == {"v3 200", "v3 500"}
        assert abs(seen["v3 200"] - 3 * seen["v3 500"]) <= 3


async def test_users_tell_of_an_application_that_does_not_answer() -> None:
    with free_port() as port:
        pass
    async with script("ask.py", TARGET=f"http://127.0.0.1:{port}/", RATE="50", EVERY="0.2") as users:
        assert users.stdout
        seen: dict[str, int] = {}
        async with asyncio.timeout(20):
            while not seen:
                seen = json.loads(await users.stdout.readline())
    assert seen.keys() == {"none"}
