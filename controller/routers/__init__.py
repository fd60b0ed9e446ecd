"""Wanted traffic and the objects found -> the objects wanted. Pure; one room per mesh, none knows another."""

from controller.core.release import Release
from controller.routers.istio import Istio
from controller.routers.router import Router

__all__ = ["ROUTERS", "Router", "router_of"]

ROUTERS: dict[str, Router] = {"istio": Istio()}
"""Every router by the field of ``spec.traffic`` that chooses it."""


def router_of(release: Release) -> Router:
    """The router that a Release asks for; there is one so far."""
    return ROUTERS["istio"]
