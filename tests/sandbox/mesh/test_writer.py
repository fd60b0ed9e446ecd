"""In which order files are written; an Envoy that takes everything, or refuses what a test names."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.client import Object
from controller.sandbox.mesh.files import Files
from controller.sandbox.mesh.translate.resources import Resources
from controller.sandbox.mesh.writer import Rejected, Writer

_STATS = {"clusters": "cluster_manager.cds", "listeners": "listener_manager.lds"}


class FakeEnvoy:
    """Takes a file as soon as it is written. ``seen`` are (file, names in it) in the order of writing."""

    def __init__(self, directory: Path) -> None:
        self.files = _Recorded(directory, self)
        self.seen: list[tuple[str, list[str]]] = []
        self.refuse: set[str] = set()
        self._stats: dict[str, Any] = {}

    def written(self, name: str, version: str, names: list[str]) -> None:
        self.seen.append((name, names))
        stat = _STATS.get(name) or f"http.{name}.rds.{name}"
        if name in self.refuse:
            self._stats[f"{stat}.update_rejected"] = self._stats.get(f"{stat}.update_rejected", 0) + 1
        else:
            self._stats[f"{stat}.version_text"] = version

    async def stats(self, _pattern: str) -> dict[str, Any]:
        return dict(self._stats)

    def complaint(self) -> str:
        return "bad thing"

    def take(self) -> list[tuple[str, list[str]]]:
        seen, self.seen = self.seen, []
        return seen


class _Recorded(Files):
    def __init__(self, directory: Path, envoy: FakeEnvoy) -> None:
        self._envoy: FakeEnvoy | None = None
        super().__init__(directory)
        self._envoy = envoy

    def write(self, name: str, resources: Any) -> str:
        given: list[Object] = list(resources)
        version = super().write(name, given)
        if self._envoy is not None:
            self._envoy.written(name, version, sorted(one["name"] for one in given))
        return version


def wanted(*pods: str, clusters: tuple[str, ...] = (), route: str = "a") -> Resources:
    return Resources(
        clusters={name: {"name": name} for name in clusters},
        inbound={name: {"name": name} for name in pods},
        outbound={"web": {"name": "web"}},
        routes={"web": {"name": "web", "to": route}},
    )


@pytest.fixture
def envoy(tmp_path: Path) -> FakeEnvoy:
    return FakeEnvoy(tmp_path)


@pytest.fixture
def writer(envoy: FakeEnvoy) -> Writer:
    return Writer(envoy, removal_delay=0.0, timeout=1.0)  # type: ignore[arg-type]


async def test_what_is_new_comes_before_what_refers_to_it(envoy: FakeEnvoy, writer: Writer) -> None:
    await writer.apply(wanted("p1", clusters=("c1",)))
    assert envoy.take() == [
        ("listeners", ["p1"]),
        ("clusters", ["c1"]),
        ("web", ["web"]),  # a listener waits for its routes
        ("listeners", ["p1", "web"]),
        ("web", ["web"]),
    ]
    await writer.apply(wanted("p1", "p2", clusters=("c1", "c2"), route="b"))
    assert envoy.take() == [("listeners", ["p1", "p2", "web"]), ("clusters", ["c1", "c2"]), ("web", ["web"])]


async def test_what_goes_waits_until_nothing_refers_to_it(envoy: FakeEnvoy, writer: Writer) -> None:
    await writer.apply(wanted("p1", "p2", clusters=("c1", "c2")))
    envoy.take()
    await writer.apply(wanted("p1", clusters=("c1",), route="b"))
    assert envoy.take() == [("web", ["web"])]
    due = writer.due()
    assert due is not None
    assert due <= time.monotonic()
    await writer.remove()
    assert envoy.take() == [("listeners", ["p1", "web"]), ("clusters", ["c1"])]
    assert writer.due() is None


async def test_what_is_wanted_again_in_time_stays(envoy: FakeEnvoy) -> None:
    writer = Writer(envoy, removal_delay=1000.0)  # type: ignore[arg-type]
    await writer.apply(wanted(clusters=("c1", "c2")))
    await writer.apply(wanted(clusters=("c1",)))
    first = writer.due()
    await writer.apply(wanted(clusters=("c1",), route="b"))
    assert writer.due() == first  # the clock starts once
    await writer.apply(wanted(clusters=("c1", "c2")))
    assert writer.due() is None
    await writer.apply(wanted(clusters=("c1",)))
    await writer.remove()  # nothing has waited long enough
    assert envoy.seen[-1][0] != "clusters"


async def test_without_a_difference_nothing_is_written(envoy: FakeEnvoy, writer: Writer) -> None:
    await writer.apply(wanted("p1", clusters=("c1",)))
    envoy.take()
    await writer.apply(wanted("p1", clusters=("c1",)))
    assert envoy.take() == []


async def test_a_refusal_is_told_the_rest_goes_on_and_nothing_is_removed(envoy: FakeEnvoy, writer: Writer) -> None:
    await writer.apply(wanted(clusters=("c1", "c2")))
    envoy.take()
    envoy.refuse = {"web"}
    with pytest.raises(Rejected, match=r"^routes of web: Envoy refused it, and keeps the version before: bad thing$"):
        await writer.apply(wanted(clusters=("c1", "c3"), route="bad"))
    assert envoy.take() == [("clusters", ["c1", "c2", "c3"]), ("web", ["web"])]
    assert writer.due() is None  # the old routes may need c2
    with pytest.raises(Rejected):  # the same again is not taken for done
        await writer.apply(wanted(clusters=("c1", "c3"), route="bad"))
    envoy.refuse = set()
    await writer.apply(wanted(clusters=("c1", "c3"), route="good"))
    assert writer.due() is not None


async def test_an_envoy_that_says_nothing_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    class Silent(FakeEnvoy):
        async def stats(self, _pattern: str) -> dict[str, Any]:
            return {}

    writer = Writer(Silent(tmp_path), timeout=0.05)  # type: ignore[arg-type]
    with pytest.raises(Rejected, match=r"clusters: Envoy did not take it within 0\.05 s"):
        await writer.apply(Resources(clusters={"c": {"name": "c"}}))


async def test_files_are_whole(envoy: FakeEnvoy, writer: Writer, tmp_path: Path) -> None:
    await writer.apply(wanted(clusters=("c1",)))
    assert json.loads((tmp_path / "web.json").read_text())["resources"] == [{"name": "web", "to": "a"}]
