"""What stories about a deletion have in common."""

from __future__ import annotations

from typing import Any

from tests.stage import NAME, NAMESPACE, RELEASES, Stage

SERVICES = "virtualservices.networking.istio.io"
RULES = "destinationrules.networking.istio.io"
FINALIZER = "sluice.dev/hand-back"
CORE = f"/api/v1/namespaces/{NAMESPACE}"
RULE = f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/destinationrules"


def there(stage: Stage, name: str = "podinfo") -> bool:
    """Whether the Release is still there."""
    return stage.api.store.get("releases.sluice.dev", NAMESPACE, name) is not None


async def delete(stage: Stage, name: str = "podinfo", propagation: str = "Background") -> None:
    await stage.client.delete(f"{RELEASES}/{name}", propagation=propagation)


async def gone(stage: Stage, name: str = "podinfo", seconds: float = 300.0) -> None:
    """Until the Release is gone, and nothing of it has a date."""
    await stage.until(lambda: not there(stage, name), seconds)
    await stage.rest()


async def deleted(stage: Stage, seconds: float = 300.0) -> None:
    """Deleted by a person, to the end."""
    await delete(stage)
    await gone(stage, seconds=seconds)


def names(stage: Stage, table: str) -> list[str]:
    return sorted(one["metadata"]["name"] for one in stage.objects(table))


def is_plain(stage: Stage) -> bool:
    """Whether nothing of ours is left, and the Deployment runs its own pods."""
    template = stage.get("deployments.apps")
    return (
        [name for name in names(stage, "deployments.apps") if name.startswith("podinfo")] == ["podinfo"]
        and names(stage, SERVICES) == names(stage, RULES) == []
        and not template["spec"].get("paused")
        and template["status"]["readyReplicas"] == template["spec"]["replicas"]
    )


def kept(stage: Stage) -> str:
    """The image that a Deployment goes on running which a deleted Release left behind, and routes name alone."""
    (one,) = (one for one in stage.objects("deployments.apps") if one["metadata"]["name"].startswith("podinfo-"))
    labels = one["spec"]["selector"]["matchLabels"]
    (subset,) = stage.get(RULES)["spec"]["subsets"]
    assert subset["labels"] == {"sluice.dev/revision": labels["sluice.dev/revision"]}
    for route in stage.get(SERVICES)["spec"]["http"]:
        assert [entry["destination"]["subset"] for entry in route["route"]] == [subset["name"]]
    assert not one["metadata"].get("ownerReferences")
    assert one["spec"]["replicas"] == one["status"]["readyReplicas"] == 3
    assert stage.get("deployments.apps")["spec"]["paused"], "nothing unvetted starts"
    return str(one["spec"]["template"]["spec"]["containers"][0]["image"])


def finalizers(stage: Stage) -> list[str]:
    return list(stage.get("releases.sluice.dev")["metadata"].get("finalizers", []))


async def edit(stage: Stage, spec: dict[str, Any], path: str = f"{RELEASES}/{NAME}") -> None:
    await stage.client.patch(path, {"spec": spec})


async def at(stage: Stage, weight: int) -> None:
    """In the middle of a release of x:2."""
    await stage.push("x:2")
    await stage.until(lambda: stage.share("x:2") == weight)


def messages(stage: Stage) -> list[str]:
    """Collects every message of the Release from now on."""
    told: list[str] = []

    def note(change: Any) -> None:
        message = (change.new.object.get("status") or {}).get("message", "")
        if message and (not told or told[-1] != message):
            told.append(message)

    stage.api.store.listen("releases.sluice.dev", note)
    return told
