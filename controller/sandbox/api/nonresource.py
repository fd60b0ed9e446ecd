"""Paths that are no resource: discovery, OpenAPI, health, version."""

from __future__ import annotations

from aiohttp import web

from controller.sandbox.api import discovery
from controller.sandbox.api.answers import answered, page_not_found
from controller.sandbox.api.content import discovery_version, encode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.openapi import OpenApi
from controller.sandbox.api.resources import Registry
from controller.sandbox.client import Object

VERSION = {
    "major": "1",
    "minor": "34",
    "emulationMajor": "1",
    "emulationMinor": "34",
    "minCompatibilityMajor": "1",
    "minCompatibilityMinor": "33",
    "gitVersion": "v1.34.0",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "sandbox",
}
HEALTH = ("/healthz", "/readyz", "/livez")


def answer(registry: Registry, documents: OpenApi, request: web.Request) -> web.StreamResponse:
    """The answer to a GET. Raises Failure(405) for another method."""
    path = request.path.rstrip("/") or "/"
    if request.method not in ("GET", "HEAD"):
        raise Failure.method_not_allowed()
    if path in HEALTH:
        return web.Response(text="ok")
    words = path.strip("/").split("/")
    if words in (["api"], ["apis"]):
        return _groups(registry, request, core=words == ["api"])
    value: Object | bytes | None = None
    match words:
        case ["openapi", "v3", *rest]:
            value = documents.answer("/".join(rest))
        case ["version"]:
            value = VERSION
        case ["api", version]:
            value = discovery.resources(registry, "", version)
        case ["apis", group]:
            value = discovery.group(registry, group)
        case ["apis", group, version]:
            value = discovery.resources(registry, group, version)
    if value is None and words[0] in ("api", "apis") and _is_known(registry, words[1:]):
        raise Failure.no_such_path()
    return page_not_found() if value is None else answered(value)


def _is_known(registry: Registry, words: list[str]) -> bool:
    """Whether another version of this group is served."""
    return (words[0] if len(words) > 1 else "") in registry.groups()


def _groups(registry: Registry, request: web.Request, *, core: bool) -> web.StreamResponse:
    version = discovery_version(request.headers.get("Accept", ""))
    if version:
        value = discovery.aggregated(registry, version, core=core)
        kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
        return web.Response(body=encode(value), headers={"Content-Type": kind, "Vary": "Accept"})
    if core:
        return answered(discovery.api_versions(request.host))
    return answered(discovery.groups(registry))
