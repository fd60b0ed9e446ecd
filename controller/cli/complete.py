"""What the Tab key offers: names of Releases and contexts. Nothing where they cannot be had; never an error."""

from __future__ import annotations

import typer

_LIMIT = 2.0  # seconds that somebody waits for Tab


def release_names(context: typer.Context, incomplete: str) -> list[str]:
    """The Releases of the namespace that the options before name."""
    try:
        import asyncio

        from controller.cli.cluster import Session, Target, on_cluster

        async def names(session: Session) -> list[str]:
            async with asyncio.timeout(_LIMIT):
                return [one["metadata"]["name"] for one in await session.releases()]

        given = {key: str(context.params.get(key) or "") for key in ("kubeconfig", "context", "namespace")}
        return [name for name in on_cluster(Target(**given), names) if name.startswith(incomplete)]
    except Exception:  # a traceback in the middle of somebody's line helps nobody
        return []


def context_names(context: typer.Context, incomplete: str) -> list[str]:
    """The contexts of the kubeconfig."""
    try:
        from controller.cluster.kubeconfig import contexts

        found = contexts(str(context.params.get("kubeconfig") or "~/.kube/config"))
        return [name for name in found if name.startswith(incomplete)]
    except Exception:  # as above: a kubeconfig may be missing or say anything
        return []
