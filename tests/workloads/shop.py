"""A namespace as a value: the user's Deployment, what it reads, and what the writes make of it."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from controller.core.objects import Change, Create, Delete, FoundObjects, Object, Patch, uid
from controller.core.release import (
    Canary,
    Gates,
    IstioRouting,
    ManagedWorkload,
    ObjectRef,
    Release,
    Routing,
    WeightStep,
)
from controller.core.seen import TemplateSeen, WorkloadSeen
from controller.core.wanted import Template, Wanted, WantedRevision
from controller.workloads import workload_of

Key = tuple[str, str]


def release(name: str = "podinfo", deployment: str = "podinfo") -> Release:
    return Release(
        namespace="shop",
        name=name,
        workload=ManagedWorkload(deployment),
        traffic=Routing("podinfo", IstioRouting((ObjectRef("shop", "podinfo"),), "podinfo")),
        strategy=Canary((WeightStep(100, 20),)),
        gates=Gates(none=True),
        generation=1,
    )


def deployment(name: str = "podinfo", **pod_spec: Any) -> dict[str, Any]:
    """A Deployment as a user writes it; ``pod_spec`` goes over the spec of its pods."""
    containers = [{"name": "podinfo", "image": "podinfo:1", "ports": [{"containerPort": 9898}]}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": "uid-template", "generation": 1, "resourceVersion": "1"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "podinfo"}},
            "template": {
                "metadata": {"labels": {"app": "podinfo"}},
                "spec": _apart({"containers": containers, **pod_spec}),
            },
        },
        "status": {"observedGeneration": 1},
    }


def _apart(value: Any) -> Any:
    """The same JSON without parts that are one object in two places."""
    return json.loads(json.dumps(value))


def config_map(name: str, text: str = "red", **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", **more.pop("metadata", {})}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"COLOR": text}, **more}


def secret(name: str, **more: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop", "uid": f"uid-{name}", **more.pop("metadata", {})}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "Opaque",
        "data": {"KEY": "aHVzaA=="},
    } | more


def chosen(name: str = "key", **more: Any) -> dict[str, Any]:
    """A Secret that asks to belong to the revision."""
    return secret(name, metadata={"annotations": {"sluice.dev/revision": "true"}}, **more)


def pod(revision: str, name: str = "podinfo-x", **status: Any) -> dict[str, Any]:
    labels = {"app": "podinfo", "sluice.dev/revision": revision}
    metadata = {"name": name, "namespace": "shop", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


class Shop:
    """Objects, and what an API server does to them: uids, versions, generations, merge patches."""

    def __init__(self, *objects: Object, release: Release | None = None) -> None:
        self.release = release or globals()["release"]()
        self.workload = workload_of(self.release)
        self.objects: dict[Key, dict[str, Any]] = {}
        self._numbers = itertools.count(100)
        for one in objects:
            self.put(one)

    def __repr__(self) -> str:
        """For a test that fails on a random one."""
        return f"Shop({list(self.objects.values())})"

    @property
    def found(self) -> FoundObjects:
        return FoundObjects(self.objects.values())

    @property
    def seen(self) -> WorkloadSeen:
        return self.workload.see(self.release, self.found)

    @property
    def template(self) -> TemplateSeen:
        seen = self.seen.template
        assert seen is not None
        return seen

    @property
    def proposal(self) -> str:
        return self.template.proposal

    def put(self, one: Object) -> dict[str, Any]:
        made = copy.deepcopy(dict(one))
        self.objects[made["kind"], made["metadata"]["name"]] = made
        return made

    def get(self, kind: str, name: str) -> dict[str, Any]:
        return self.objects[kind, name]

    def names(self, kind: str) -> set[str]:
        return {name for have, name in self.objects if have == kind}

    def drop(self, kind: str, name: str) -> None:
        del self.objects[kind, name]

    def edit(self, kind: str, name: str, patch: Mapping[str, Any]) -> None:
        """A merge patch by somebody."""
        one = self.objects[kind, name] = merged(self.objects[kind, name], patch)
        one["metadata"]["resourceVersion"] = str(next(self._numbers))
        if "spec" in patch:
            one["metadata"]["generation"] = one["metadata"].get("generation", 1) + 1

    def set_image(self, image: str, name: str = "podinfo") -> None:
        containers = copy.deepcopy(self.objects["Deployment", name]["spec"]["template"]["spec"]["containers"])
        containers[0]["image"] = image
        self.edit("Deployment", name, {"spec": {"template": {"spec": {"containers": containers}}}})

    def observed(self, name: str = "podinfo", **counts: int) -> None:
        """The Deployment's controller has seen its present spec."""
        one = self.objects["Deployment", name]
        one["status"] = {**(one.get("status") or {}), "observedGeneration": one["metadata"]["generation"], **counts}

    def ready(self, name: str) -> None:
        pods = self.objects["Deployment", name]["spec"]["replicas"]
        self.observed(name, replicas=pods, readyReplicas=pods, availableReplicas=pods, updatedReplicas=pods)

    def up(self, wanted: Wanted) -> tuple[Change, ...]:
        return self.workload.up(self.release, wanted, self.found)

    def down(self, wanted: Wanted) -> tuple[Change, ...]:
        return self.workload.down(self.release, wanted, self.found)

    def apply(self, changes: Iterable[Change]) -> None:
        for change in changes:
            key = change.ref.kind, change.ref.name
            match change:
                case Create(wanted):
                    assert key not in self.objects, f"{key} exists"
                    made = self.put(wanted)
                    number = next(self._numbers)
                    made["metadata"] |= {"uid": f"uid-{number}", "resourceVersion": str(number), "generation": 1}
                case Patch(_, body, version):
                    assert self.objects[key]["metadata"].get("resourceVersion", "") == version
                    self.edit(*key, body)
                case Delete(_, deleted):
                    assert uid(self.objects[key]) == deleted
                    self.drop(*key)

    def make(self, wanted: Wanted) -> tuple[Change, ...]:
        """Both ways, as a pass does."""
        first = self.up(wanted)
        self.apply(first)
        second = self.down(wanted)
        self.apply(second)
        return first + second

    def adopt(self, replicas: int = 3) -> str:
        """A first revision of the Deployment as it is now; its name."""
        revision = self.proposal
        self.make(want((revision, replicas), new=True))
        self.ready(f"{self.release.workload.deployment}-{revision}")
        return revision


def want(*revisions: tuple[str, int], new: bool = False, template: Template = Template.LEAVE) -> Wanted:
    made = tuple(WantedRevision(name, replicas, new=new) for name, replicas in revisions)
    return Wanted(made, tuple(name for name, _ in revisions), None, template)


def merged(one: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = copy.deepcopy(one) if isinstance(one, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
