"""``spec.traffic``: where the workload's requests pass."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from controller.core.release import Unsplit
from controller.crd.forms import HOST, OBJECT, REFERENCE, ROUTE, SERVICE, duration, refuse, shown
from controller.crd.model import OneOf, WireModel
from controller.crd.rules import Rule, simple
from controller.crd.wire.lists import name_set

MOST_VIRTUAL_SERVICES = 8


class _OneOrMany:
    """A string or a list of strings. A structural schema cannot say "one type or the other", so it keeps whatever is
    written there and this check alone judges it."""

    def check(self, value: object) -> str | list[str]:
        if not isinstance(value, list):
            return REFERENCE.check(value)
        if not 1 <= len(value) <= MOST_VIRTUAL_SERVICES:
            raise refuse(f"it lists {len(value)} VirtualServices; name 1 to {MOST_VIRTUAL_SERVICES} of them")
        for index, item in enumerate(value):
            if item in value[:index]:
                raise refuse(f"{shown(item)} is listed twice; remove one")
        return [REFERENCE.check(item) for item in value]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"x-kubernetes-preserve-unknown-fields": True}


def _hosts_for_gateways(raw: Any) -> bool:
    gateways = raw.get("gateways")
    return not isinstance(gateways, list) or "mesh" in gateways or "hosts" in raw


def _no_star_in_mesh(raw: Any) -> bool:
    hosts, gateways = raw.get("hosts"), raw.get("gateways", ["mesh"])
    return not (isinstance(hosts, list) and "*" in hosts and isinstance(gateways, list) and "mesh" in gateways)


class Istio(WireModel):
    """The Istio objects that carry the weights."""

    rules: ClassVar[tuple[Rule, ...]] = (
        simple(
            "!has(self.gateways) || 'mesh' in self.gateways || has(self.hosts)",
            "gateways without mesh need hosts to answer for; add hosts, or mesh to the gateways",
            _hosts_for_gateways,
            ".gateways",
        ),
        simple(
            "!has(self.hosts) || !('*' in self.hosts) || (has(self.gateways) && !('mesh' in self.gateways))",
            "Istio refuses the host * on the gateway mesh; name the hosts, or list gateways without mesh",
            _no_star_in_mesh,
            ".hosts",
        ),
    )

    virtual_service: Annotated[str | list[str], _OneOrMany()] | None = None
    """The VirtualService, or a list of them: name or namespace/name; created if missing; of your own only the routes
    named are changed. Default: the Service's name."""
    routes: Annotated[list[Annotated[str, ROUTE]], *name_set(16)] | None = None
    """The http routes by name whose requests are split. Default: the only one."""
    destination_rule: Annotated[str, OBJECT] | None = None
    """The DestinationRule that gets a subset for each revision; created if missing. Default: the Service's name."""
    hosts: Annotated[list[Annotated[str, HOST]], *name_set(32)] | None = None
    """The hosts of a VirtualService that we create; the Service's own is added where mesh is among the gateways."""
    gateways: Annotated[list[Annotated[str, REFERENCE]], *name_set(16)] | None = None
    """The gateways of a VirtualService that we create: mesh, name or namespace/name. Default: mesh."""


class Traffic(OneOf):
    """Where the workload's requests pass: its Service, and exactly one router."""

    alternatives: ClassVar[tuple[str, ...]] = ("istio",)

    service: Annotated[str, SERVICE]
    """The Kubernetes Service; it selects the pods of every revision."""
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """The Service's port whose requests are split. Default: its only port."""
    propagation: Annotated[str, duration("0s")] | None = None
    """How long the mesh may take to learn of a change. Default: 10s."""
    drain: Annotated[str, duration("0s")] | None = None
    """Time between leaving the routes and the end of the pods; at least the longest route timeout. Default: 30s."""
    unsplit: Annotated[Unsplit, Field(strict=False)] | None = None
    """Traffic that reaches the Service past the routes: refuse the Release, or allow and show it. Default: refuse."""
    istio: Istio
    """The requests are split by Istio."""
