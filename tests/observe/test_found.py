"""What a pass finds: caches, and what is fetched for it, as of one moment."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest

from controller.cluster import Caches, Cluster, Kind, explicit
from controller.core.objects import Object, Ref
from controller.core.status import Status
from controller.errors import ClusterError, Forbidden, NotFound, Unreachable
from controller.observe import KINDS, CachedFound, Measurer, Observer, Seen
from controller.observe.found import CONFIG_MAP, DEPLOYMENT, SECRET, Contents, fetched
from controller.providers.istio import MeshMetrics
from controller.providers.measurement import Measurement, Past
from controller.providers.past import MeshHistory
from controller.providers.unrouted import MeshUnrouted
from tests.workloads.shop import chosen, config_map, deployment, release, secret

Stored = dict[tuple[str, str], Any]


class Silent:
    async def measure(self, query: str, at: float) -> Measurement:
        return Measurement(at, error="nothing is measured here")

    async def past(self, query: str, start: float, end: float, step: float) -> Past:
        return Past(error="nothing is measured here")


class World:
    """A cluster whose objects stand in ``stored``; ``before_answer`` happens between a question and its answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cluster = Cluster(explicit("http://127.0.0.1:9"))
        self.caches = Caches(self.cluster)
        for kind in KINDS:
            self.caches.add(kind)
        for kind in (CONFIG_MAP, SECRET):
            self.caches.add(kind, metadata_only=True)
        self.stored: Stored = {}
        self.asked: list[str] = []
        self.before_answer: list[Any] = []
        self._versions = iter(range(1, 1000))
        monkeypatch.setattr(self.cluster, "get", self._get)

    def put(self, one: Object, *, cached: bool = True) -> None:
        made = copy.deepcopy(dict(one))
        made["metadata"]["resourceVersion"] = str(next(self._versions))
        self.stored[made["kind"], made["metadata"]["name"]] = made
        kind = Kind.of_object(made)
        if cached and kind.kind in {"Deployment", "ConfigMap", "Secret"}:
            known = {key: made[key] for key in ("apiVersion", "kind", "metadata")}
            group = Kind(kind.group, kind.kind)
            self.caches[group].put(copy.deepcopy(made if group == DEPLOYMENT else known))

    async def _get(self, kind: Kind, namespace: str, name: str, **_: Any) -> Object:
        self.asked.append(f"{kind.kind} {name}")
        if self.before_answer:
            self.before_answer.pop(0)()
        found = self.stored.get((kind.kind, name))
        if isinstance(found, Exception):
            raise found
        if found is None:
            raise NotFound("none", where=name)
        return found  # type: ignore[no-any-return]

    async def observe(self) -> Seen:
        measurer = Measurer(MeshMetrics(Silent()), MeshHistory(Silent()), MeshUnrouted(Silent()), Silent())
        observer = Observer(self.cluster, self.caches, measurer)
        return await observer.observe(release(), Status(), None, 1.0, asyncio.Event())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def ref(kind: str, name: str, *, whole: bool = True) -> Ref:
    return Ref("v1", kind, "shop", name, whole=whole)


def reading(*names: str) -> dict[str, Any]:
    sources = [{"configMap": {"name": name}} for name in names]
    return deployment(volumes=[{"name": "v", "projected": {"sources": sources}}])


async def test_contents_are_read_whole_and_only_once_for_each_version(world: World) -> None:
    world.put(config_map("x"))
    contents = Contents(world.cluster, world.caches)
    for _ in range(2):
        found = await contents.get(ref("ConfigMap", "x"))
        assert found is not None
        assert found["data"] == {"COLOR": "red"}
    assert world.asked == ["ConfigMap x"]
    world.put(config_map("x", "blue"))
    found = await contents.get(ref("ConfigMap", "x"))
    assert found is not None
    assert found["data"] == {"COLOR": "blue"}


async def test_metadata_alone_is_never_fetched(world: World) -> None:
    world.put(secret("x"))
    contents = Contents(world.cluster, world.caches)
    found = await contents.get(ref("Secret", "x", whole=False))
    assert found is not None
    assert "data" not in found
    assert await contents.get(ref("Secret", "none", whole=False)) is None
    assert await contents.get(ref("Secret", "none")) is None
    assert world.asked == []


async def test_one_that_goes_while_it_is_read_is_not_there(world: World) -> None:
    world.put(config_map("x"))
    world.before_answer.append(world.stored.clear)
    assert await Contents(world.cluster, world.caches).get(ref("ConfigMap", "x")) is None


@pytest.mark.parametrize(
    ("answer", "known"),
    [
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "x", "namespace": "shop"}}, True),
        (None, False),
        (Forbidden("not allowed"), False),
    ],
    ids=["there", "not there", "forbidden"],
)
async def test_kinds_that_no_cache_holds_are_read_by_name(world: World, answer: Any, known: bool) -> None:
    world.stored["PersistentVolumeClaim", "x"] = answer
    found = await Contents(world.cluster, world.caches).get(ref("PersistentVolumeClaim", "x"))
    assert (found is not None) is known


async def test_a_cluster_that_does_not_answer_is_no_answer(world: World) -> None:
    """A release must not become valid for a moment because a claim could not be read."""
    world.stored["PersistentVolumeClaim", "x"] = Unreachable("no answer")
    with pytest.raises(ClusterError):
        await Contents(world.cluster, world.caches).get(ref("PersistentVolumeClaim", "x"))


def test_only_what_no_cache_answers_is_fetched() -> None:
    refs = [ref("ConfigMap", "x"), ref("Secret", "y", whole=False), Ref("apps/v1", "Deployment", "shop", "podinfo")]
    assert fetched(refs) == refs[:2]
    assert fetched([Ref("v1", "ConfigMap", "shop")]) == []


async def test_what_was_not_there_stays_away_from_the_view(world: World) -> None:
    view = CachedFound(world.caches).with_answers({("ConfigMap", "shop", "x"): None})
    world.put(config_map("x"))
    assert view.get("ConfigMap", "shop", "x") is None
    assert CachedFound(world.caches).get("ConfigMap", "shop", "x") is not None
    assert view.list("PersistentVolumeClaim") == ()


async def test_a_template_that_names_more_while_it_is_read_is_read_to_its_end(world: World) -> None:
    world.put(reading("a"))
    world.put(config_map("a"))
    world.put(config_map("b", "blue"))
    world.before_answer.append(lambda: world.put(reading("a", "b")))
    found = (await world.observe()).found
    assert world.asked == ["ConfigMap a", "ConfigMap b"]
    both = [found.get("ConfigMap", "shop", name) for name in "ab"]
    assert [one and one["data"]["COLOR"] for one in both] == ["red", "blue"]


async def test_a_secret_is_read_only_where_it_asks_to_belong(world: World) -> None:
    sources = [{"secret": {"name": "mine"}}, {"secret": {"name": "chosen"}}]
    world.put(deployment(volumes=[{"name": "v", "projected": {"sources": sources}}]))
    world.put(secret("mine"))
    world.put(chosen("chosen"))
    await world.observe()
    assert world.asked == ["Secret chosen"]


async def test_something_else_of_the_deployments_name_is_said(world: World) -> None:
    world.put(deployment() | {"kind": "StatefulSet"})
    (problem,) = (await world.observe()).observed.problems
    assert problem == (
        "spec.workload.deployment: shop/podinfo is a StatefulSet, and only Deployments can be released; name a "
        "Deployment"
    )
