"""A Release in namespace ``shop``, objects of a mesh around it, and a cluster's answer to the router's writes."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from jsonschema.protocols import Validator

from controller.core.objects import Change, Create, FoundObjects, Object, Patch, name, namespace
from controller.core.release import Canary, Gates, IstioRouting, ManagedWorkload, ObjectRef, Release, Routing, Unsplit
from controller.core.seen import RoutesSeen
from controller.core.traffic import MatchKind, TesterMatch, Testers, Traffic, ValueMatch, Weights
from controller.core.wanted import Wanted
from controller.routers import router_of
from tests.documents import documents

Json = dict[str, Any]

HOST = "podinfo.shop.svc.cluster.local"
ALWAYS = TesterMatch(headers=(ValueMatch("x-canary", MatchKind.EXACT, "always"),))
VS, DR = "VirtualService shop/podinfo", "DestinationRule shop/podinfo"
GOLDEN = Path(__file__).parents[1] / "golden" / "routers"


def release(
    *,
    routes: tuple[str, ...] = (),
    hosts: tuple[str, ...] = (),
    gateways: tuple[str, ...] = ("mesh",),
    virtual_services: tuple[str, ...] = ("shop/podinfo",),
    rule: str = "podinfo",
    port: int | None = None,
    testers: tuple[TesterMatch, ...] = (),
    unsplit: Unsplit = Unsplit.REFUSE,
    called: str = "podinfo",
    space: str = "shop",
) -> Release:
    refs = tuple(ObjectRef(*text.split("/")) for text in virtual_services)
    return Release(
        namespace=space,
        name=called,
        workload=ManagedWorkload("podinfo"),
        traffic=Routing("podinfo", IstioRouting(refs, rule, routes, hosts, gateways), port=port, unsplit=unsplit),
        strategy=Canary((), testers),
        gates=Gates(),
    )


def wanted(weights: Mapping[str, int] | None, testers: tuple[TesterMatch, ...] = (), to: str = "") -> Wanted:
    """These shares in per mille, testers to ``to``; a subset for each revision."""
    if weights is None:
        return Wanted((), (), None)
    found = Testers(to, testers) if to else None
    return Wanted((), tuple(sorted({*weights, to} - {""})), Traffic(Weights.of(weights), found))


STABLE = wanted({"aaa": 1000})
SPLIT = wanted({"aaa": 900, "bbb": 100})
TESTED = wanted({"aaa": 995, "bbb": 5}, (ALWAYS,), "bbb")


def _made(kind: str, called: str, spec: Json, space: str = "shop", api: str = "networking.istio.io/v1") -> Json:
    return {
        "apiVersion": api,
        "kind": kind,
        "metadata": {"name": called, "namespace": space, "uid": f"uid-{called}", "resourceVersion": "7"},
        "spec": spec,
    }


def service(ports: Iterable[int | Json] = (9898,), **spec: Any) -> Json:
    listed = [{"name": f"http-{port}", "port": port} if isinstance(port, int) else port for port in ports]
    return _made("Service", "podinfo", {"clusterIP": "10.0.0.1", "ports": listed, **spec}, api="v1")


def to(host: str = "podinfo", subset: str = "", weight: int | None = None, **more: Any) -> Json:
    """One destination of a route."""
    entry: Json = {"destination": {"host": host, **({"subset": subset} if subset else {})}, **more}
    return entry if weight is None else {**entry, "weight": weight}


def route(called: str = "", *entries: Json, **more: Any) -> Json:
    return {**({"name": called} if called else {}), **more, "route": list(entries or (to(),))}


def virtual_service(*routes: Json, called: str = "podinfo", space: str = "shop", **spec: Any) -> Json:
    return _made("VirtualService", called, {"hosts": ["podinfo"], "http": list(routes), **spec}, space)


def rule(*subsets: Json, called: str = "podinfo", space: str = "shop", host: str = "podinfo", **spec: Any) -> Json:
    entries = {"subsets": list(subsets)} if subsets else {}
    return _made("DestinationRule", called, {"host": host, **spec, **entries}, space)


class Cluster:
    """Objects, and what becomes of them by the router's writes: merged as an API server does, and only if in order."""

    def __init__(self, *objects: Object) -> None:
        self.objects = {(one["kind"], namespace(one), name(one)): copy.deepcopy(dict(one)) for one in objects}

    def __getitem__(self, key: str) -> Json:
        kind, _, rest = key.partition(" ")
        space, _, called = rest.partition("/")
        return self.objects[kind, space, called]

    def get(self, key: str) -> Json | None:
        try:
            return self[key]
        except KeyError:
            return None

    @property
    def found(self) -> FoundObjects:
        return FoundObjects(copy.deepcopy(list(self.objects.values())))

    def see(self, one: Release) -> RoutesSeen:
        return router_of(one).see(one, self.found)

    def problems(self, one: Release) -> str:
        return "\n".join(self.see(one).problems)

    def follow(self, one: Release, want: Wanted, *, fence: str = "1", force: bool = False) -> int:
        """Pass after pass as the controller does, until nothing is written; how many writes it took."""
        router = router_of(one)
        writes = 0
        for _ in range(10):
            found = self.found
            made = [
                *router.add_subsets(one, want, found),
                *router.routes(one, want, found, fence=fence, force=force),
                *router.remove_subsets(one, want, found),
            ]
            if not made:
                return writes
            writes += len(made)
            for write in made:
                self.apply(write)
        raise AssertionError("the router goes on writing")

    def restore(self, one: Release) -> None:
        router = router_of(one)
        for _ in range(4):
            made = router.restore_routes(one, self.found) or router.restore_subsets(one, self.found)
            if not made:
                return
            for write in made:
                self.apply(write)
        raise AssertionError("the router goes on giving back")

    def apply(self, write: Change) -> None:
        key = (write.ref.kind, write.ref.namespace, write.ref.name)
        if isinstance(write, Create):
            assert key not in self.objects
            self.objects[key] = copy.deepcopy(dict(write.wanted))
            self.objects[key]["metadata"].update(uid=f"uid-{key[2]}", resourceVersion="1")
        elif isinstance(write, Patch):
            assert write.version == self.objects[key]["metadata"].get("resourceVersion")
            assert write.ref.api == self.objects[key]["apiVersion"]
            _merge(self.objects[key], write.body)
            self.objects[key]["metadata"]["resourceVersion"] += "1"
        else:
            assert write.uid == self.objects[key]["metadata"]["uid"]
            del self.objects[key]

    def plain(self) -> list[Json]:
        """Every object without what the server counts."""
        found = copy.deepcopy([self.objects[key] for key in sorted(self.objects)])
        for one in found:
            one["metadata"].pop("resourceVersion", None)
        return found


def own(*more: Json) -> Cluster:
    return Cluster(service(), virtual_service(route("web", timeout="3s"), *more))


def destinations(cluster: Cluster, called: str = "web", key: str = VS) -> list[tuple[str, int | None]]:
    found = next(one for one in cluster[key]["spec"]["http"] if one.get("name", "") == called)
    return [(entry["destination"].get("subset", ""), entry.get("weight")) for entry in found["route"]]


def fence(cluster: Cluster) -> str:
    return str(cluster[VS]["metadata"].get("annotations", {}).get("sluice.dev/fence", ""))


def _merge(into: Json, patch: Mapping[str, Any]) -> None:
    for key, value in patch.items():
        if value is None:
            into.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)


@pytest.fixture(scope="session")
def istio_schemas() -> Mapping[str, Validator]:
    """The published schema of each of Istio's kinds, as what judges an object by it."""
    folder = Path(os.environ.get("SLUICE_CRDS") or Path(__file__).parents[3] / "shared" / "crds")
    file = folder / "istio.yaml"
    if not file.is_file():
        pytest.skip(f"Istio's published CRDs are not there ({file}); SLUICE_CRDS names the folder of istio.yaml")
    return _schemas(file)


@cache
def _schemas(file: Path) -> Mapping[str, Validator]:
    crds = filter(None, documents(file.read_text(encoding="utf-8")))
    return {
        crd["spec"]["names"]["kind"]: jsonschema.Draft202012Validator(
            _strict(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"])
        )
        for crd in crds
        if crd["spec"]["names"]["kind"] in ("VirtualService", "DestinationRule")
    }


def _strict(schema: Json) -> Json:
    """An API server drops unknown fields; here each is an error."""
    made = json.loads(json.dumps(schema))
    spec = made["properties"]["spec"]

    def close(part: Any) -> None:
        if isinstance(part, list):
            for each in part:
                close(each)
        elif isinstance(part, dict):
            if part.get("type") == "object" and "properties" in part:
                part.setdefault("additionalProperties", False)
            for each in part.values():
                close(each)

    close(spec)
    return dict(made)


def faults(schemas: Mapping[str, Validator], one: Object) -> list[str]:
    """Why an API server would not take the object as it is."""
    if one["kind"] not in schemas:
        return []
    return [f"{error.json_path}: {error.message}" for error in schemas[one["kind"]].iter_errors({"spec": one["spec"]})]
