"""What stories about a deletion have in common."""

from __future__ import annotations

from tests.stage import NAMESPACE, RELEASES, Stage

SERVICES = "virtualservices.networking.istio.io"
RULES = "destinationrules.networking.istio.io"


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
