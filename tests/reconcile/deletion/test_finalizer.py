"""The finalizer is there before anything is owned, and goes last."""

from __future__ import annotations

from tests.handback import (
    CORE,
    FINALIZER,
    SERVICES,
    delete,
    finalizers,
    is_plain,
    names,
    there,
)
from tests.stage import Stage, release, workload


async def test_the_finalizer_is_there_before_any_object_is_touched(stage: Stage) -> None:
    await stage.idle()
    writes = stage.writes()
    first = next(number for number, (_, resource, _, _) in enumerate(writes) if resource != "releases")
    assert ("patch", "releases", "", "podinfo") in writes[:first]
    assert finalizers(stage) == [FINALIZER]


async def test_one_that_adopted_nothing_goes_at_once(stage: Stage) -> None:
    """Also one that cannot be followed; and nobody writes anything about it."""
    await stage.client.delete(f"{CORE}/services/podinfo")
    await stage.create()
    await stage.until(lambda: stage.phase() == "Invalid")
    assert finalizers(stage) == []
    writes = stage.writes()
    await delete(stage)
    assert not there(stage)
    await stage.rest()
    assert stage.writes() == writes
    assert stage.app.reconciler._memory == {}


async def test_a_release_without_our_finalizer_that_others_hold_is_left_alone(stage: Stage) -> None:
    body = release()
    body["metadata"]["finalizers"] = ["example.com/theirs"]
    await stage.client.delete(f"{CORE}/services/podinfo")
    await stage.create(body)
    await stage.until(lambda: stage.phase() == "Invalid")
    await delete(stage)
    await workload(stage.client, "other")
    ports = [{"name": "http", "port": 80}]
    spec = {"selector": {"app": "podinfo"}, "ports": ports}
    await stage.client.create(f"{CORE}/services", {"metadata": {"name": "podinfo"}, "spec": spec})
    await stage.rest()
    assert names(stage, SERVICES) == []
    assert finalizers(stage) == ["example.com/theirs"]


async def test_the_finalizers_of_others_stay(stage: Stage) -> None:
    body = release()
    body["metadata"]["finalizers"] = ["example.com/theirs"]
    await stage.push("x:1")
    await stage.create(body)
    await stage.until(lambda: stage.serves("x:1"))
    await stage.rest()
    assert finalizers(stage) == ["example.com/theirs", FINALIZER]
    await delete(stage)
    await stage.until(lambda: finalizers(stage) == ["example.com/theirs"])
    await stage.rest()
    assert is_plain(stage)
    assert stage.app.reconciler._memory == {}
