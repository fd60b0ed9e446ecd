"""A record on the wire, and back; and its definition on an API server, with real kubectl."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from controller.core import record as core
from controller.core.status import Phase, Truth, Verdict
from controller.crd.record import content, owner_of, record_crd, record_from_wire, record_name, record_to_wire
from controller.crd.record.models import ReleaseRecord
from controller.crd.status.model import StatusModel
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.kubeconfig import kubeconfig
from controller.sandbox.client import ApiError, Client

Object = dict[str, Any]
RELEASE: Object = {"metadata": {"name": "podinfo", "namespace": "shop", "uid": "u-1"}}
PATH = "/apis/sluice.dev/v1alpha1/namespaces/shop/releaserecords"
NOW = 1_800_000_000.0
RECORD = core.Record(
    number=7,
    candidate=core.Version("new", ("x:2", "side:2")),
    stable=core.Version("old", ("x:1",)),
    started=NOW,
    entries=(
        core.Entry.of(NOW, core.EntryKind.PHASE, "Preparing", "bringing up new"),
        core.Entry.of(NOW + 9.125, core.EntryKind.VERDICT, "errors", "fail", value=0.25, sample=120, late=True),
        core.Entry.of(NOW + 10, core.EntryKind.COMMAND, "abort", "too slow", by="eve"),
    ),
    left_out=3,
    position=core.Position(
        Phase.PROGRESSING,
        1,
        True,
        NOW + 10,
        (core.GateVerdict("errors", Verdict.FAIL),),
        (core.ConditionStatus("Drift", Truth.TRUE),),
    ),
)
ENDED = replace(RECORD, ended=NOW + 750, outcome=core.Outcome.ROLLED_BACK, reason="Aborted", summary="it was slow")


def models(model: type[StatusModel]) -> Iterator[type[StatusModel]]:
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *getattr(field.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, StatusModel):
                yield from models(part)


def test_every_model_has_the_fields_of_its_dataclass() -> None:
    for model in models(ReleaseRecord):
        assert list(model.model_fields) == [field.name for field in fields(model.mirrors)]


@pytest.mark.parametrize("record", [RECORD, ENDED, core.Record(1, core.Version("new"), None, NOW)])
def test_there_and_back(record: core.Record) -> None:
    wire = json.loads(json.dumps(record_to_wire(record, RELEASE)))
    assert record_from_wire(wire) == record
    assert owner_of(wire) == ("podinfo", "u-1")


def test_what_stands_on_the_wire() -> None:
    wire = record_to_wire(ENDED, RELEASE)
    assert wire["metadata"]["name"] == "podinfo-7"
    assert wire["metadata"]["labels"] == {"sluice.dev/release": "podinfo", "sluice.dev/outcome": "RolledBack"}
    assert (wire["started"], wire["duration"]) == ("2027-01-15T08:00:00Z", "12m30s")
    assert "duration" not in record_to_wire(RECORD, RELEASE)


@pytest.mark.parametrize("wire", [{}, {"number": 1}, {"number": "x", "candidate": {}, "started": "soon"}])
def test_what_is_no_record_reads_as_none(wire: Object) -> None:
    assert record_from_wire(wire) is None


def test_broken_entries_go_and_the_rest_stays() -> None:
    wire = content(RECORD)
    wire["entries"] = ["x", *wire["entries"], {"at": "never"}]
    assert record_from_wire(wire) == RECORD


@pytest.mark.parametrize(("release", "number"), [("a" * 253, 12345), ("a" * 250 + "-b", 1)])
def test_a_long_name_leaves_room_for_the_number(release: str, number: int) -> None:
    name = record_name(release, number)
    assert len(name) <= 253
    assert name.endswith(f"a-{number}")


@pytest.fixture
async def api() -> AsyncIterator[EmbeddedApi]:
    async with EmbeddedApi([record_crd()]) as served:
        yield served


@pytest.fixture
async def client(api: EmbeddedApi) -> AsyncIterator[Client]:
    async with Client(api.connection, "tests") as opened:
        await opened.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        yield opened


async def test_it_is_stored_as_it_is(client: Client) -> None:
    made = await client.create(PATH, record_to_wire(RECORD, RELEASE))
    assert record_from_wire(made) == RECORD
    ended = await client.patch(f"{PATH}/podinfo-7", content(ENDED))
    assert record_from_wire(ended) == ENDED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number": 8}, "a record keeps its number"),
        ({"candidate": {"revision": "better"}}, "a record keeps what it is about"),
        ({"started": "2027-01-15T09:00:00Z"}, "a record keeps its start"),
        ({"outcome": "Promoted"}, "keeps its end"),
        ({"ended": None}, "is over stays so"),
        ({"ended": "2027-01-15T09:00:00Z"}, "is over stays so"),
        ({"outcome": "Splendid"}, "outcome"),
    ],
)
async def test_what_was_cannot_be_changed(client: Client, change: Object, words: str) -> None:
    await client.create(PATH, record_to_wire(ENDED, RELEASE))
    with pytest.raises(ApiError, match=words):
        await client.patch(f"{PATH}/podinfo-7", change)


async def test_what_was_promoted_can_be_rolled_back_afterwards(client: Client) -> None:
    promoted = replace(ENDED, outcome=core.Outcome.PROMOTED)
    await client.create(PATH, record_to_wire(promoted, RELEASE))
    assert (await client.patch(f"{PATH}/podinfo-7", {"outcome": "RolledBack"}))["outcome"] == "RolledBack"


async def test_kubectl_shows_how_it_went(api: EmbeddedApi, client: Client, tmp_path: Path) -> None:
    await client.create(PATH, record_to_wire(ENDED, RELEASE))
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps(kubeconfig(api.connection, "shop")))
    kubectl = Path(sys.executable).with_name("kubectl")
    argv = [str(kubectl), f"--kubeconfig={config}", f"--cache-dir={tmp_path}", "get", "relrec", "--output=wide"]
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await process.communicate()
    assert process.returncode == 0, error
    head, row = (line.split() for line in out.decode().splitlines())
    assert head == ["NAME", "OUTCOME", "CANDIDATE", "STARTED", "DURATION", "IMAGES", "SUMMARY"]
    assert (*row[:3], row[4]) == ("podinfo-7", "RolledBack", "new", "12m30s")
    assert row[5:] == ['["x:2","side:2"]', "it", "was", "slow"]
