"""``sluice restart``: stable's pods, in place; `kubectl rollout restart` refuses a paused Deployment."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.cli.exits import Exit
from controller.cli.options import Context, Kubeconfig, Name, Namespace, Timeout, seconds
from controller.errors import Conflict

if TYPE_CHECKING:
    from controller.cli.cluster import Session

_POLL = 1.0


def restart(
    name: Name,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all pods are new.")] = False,
    timeout: Timeout = "10m",
    namespace: Namespace = "",
    context: Context = "",
    kubeconfig: Kubeconfig = "",
) -> None:
    """Restart the pods that serve, a few at a time, without a release."""
    from controller.cli.cluster import Target, on_cluster
    from controller.cli.console import say
    from controller.cli.lines import Lines

    longest = seconds(timeout) if wait else None
    lines = Lines(say, time.time)
    code = on_cluster(
        Target(kubeconfig, context, namespace), lambda session: _restart(session, name, longest, lines.tell)
    )
    raise typer.Exit(code)


async def _restart(session: Session, name: str, longest: float | None, tell: Callable[[str], None]) -> Exit:
    from controller.cli.alive import absence
    from controller.cli.cluster import DEPLOYMENT
    from controller.core.objects.template import RESTARTS

    release = await session.release(name)
    if why := refusal(release):
        raise Conflict(why)
    deployment = release["spec"]["workload"]["deployment"]
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    mark = {"spec": {"template": {"metadata": {"annotations": {RESTARTS[0]: moment}}}}}
    written = await session.cluster.merge_patch(DEPLOYMENT, session.namespace, deployment, mark)
    stable = release["status"]["stable"]
    tell(f"the pods of {stable['revision']} ({', '.join(stable.get('images') or ())}) are to be new")
    if gone := await absence(session):
        tell(gone)
    if longest is None:
        return Exit.DONE
    try:
        async with asyncio.timeout(longest):
            await _until_new(session, stable["deployment"], written, tell)
    except TimeoutError:
        tell(f"not all pods are new within {longest:g} s; see `kubectl describe deployment {stable['deployment']}`")
        return Exit.TIME_OUT
    return Exit.DONE


def refusal(release: dict[str, Any]) -> str:
    """Why stable's pods cannot be restarted through the template now; "" when they can. Pure."""
    metadata, status = release["metadata"], release.get("status") or {}
    name = f"Release {metadata['namespace']}/{metadata['name']}"
    if not ((release.get("spec") or {}).get("workload") or {}).get("deployment"):
        return f"{name} has no Deployment of its own; restart your Deployments with `kubectl rollout restart`"
    if not (status.get("stable") or {}).get("deployment"):
        return f"{name} has no stable revision yet; wait until the Deployment is adopted"
    if status.get("candidate"):
        return (
            f"{name}: a release is in progress, and the Deployment holds the candidate; wait for its end, or abort it"
        )
    if status.get("phase") == "Failed":
        return (
            f"{name}: the Deployment holds a version that was rolled back; put {_images(status)} back into it first, "
            "then restart"
        )
    return ""


def progress(deployment: dict[str, Any], mark: str) -> tuple[bool, str]:
    """Whether all its pods have the mark of this restart, and how far it is. Pure."""
    from controller.core.objects.template import restart_mark

    spec, status = deployment["spec"], deployment.get("status") or {}
    if restart_mark(spec["template"]) != mark:
        return False, "waiting for the controller to pass it on"
    wanted, total = spec.get("replicas", 1), status.get("replicas", 0)
    seen = status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0)
    new = status.get("updatedReplicas", 0) if seen else 0
    available = status.get("availableReplicas", 0)
    done = seen and new == total == wanted == available
    return done, f"{new} of {wanted} pods are new, {available} available"


async def _until_new(session: Session, name: str, template: dict[str, Any], tell: Callable[[str], None]) -> None:
    from controller.cli.cluster import DEPLOYMENT
    from controller.core.objects.template import restart_mark

    mark, told = restart_mark(template["spec"]["template"]), ""
    while True:
        done, text = progress(await session.cluster.get(DEPLOYMENT, session.namespace, name), mark)
        if text != told:
            told = text
            tell(text)
        if done:
            return
        await asyncio.sleep(_POLL)


def _images(status: dict[str, Any]) -> str:
    return ", ".join(status["stable"].get("images") or ())
