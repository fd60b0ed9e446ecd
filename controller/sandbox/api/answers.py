"""HTTP answers from values, bytes and failures."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aiohttp import web

from controller.sandbox.api.content import encode, encode_yaml
from controller.sandbox.api.failure import Failure
from controller.sandbox.client import Object

MAX_BODY = 3 * 2**20  # as a real API server's


async def read_body(request: web.Request) -> bytes:
    """The whole body. Raises Failure(413)."""
    if not request.can_read_body:
        return b""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        text = f"Request entity is too large: limit is {MAX_BODY}"
        raise Failure(413, "RequestEntityTooLarge", text) from None


def answered(
    value: bytes | Object, code: int = 200, *, yaml: bool = False, warnings: Iterable[str] = ()
) -> web.Response:
    """A value (or its JSON, with Go's line break at its end) as the answer; each warning is a header that kubectl
    prints.
    """
    if yaml:
        body, kind = encode_yaml(json.loads(value) if isinstance(value, bytes) else value), "application/yaml"
    else:
        body, kind = (value if isinstance(value, bytes) else encode(value)) + b"\n", "application/json"
    answer = web.Response(body=body, status=code, content_type=kind)
    warn(answer, warnings)
    return answer


def warn(answer: web.StreamResponse, warnings: Iterable[str]) -> None:
    """Source of the form: RFC 7234, 5.5, as Kubernetes uses it."""
    for text in warnings:
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        answer.headers.add("Warning", f'299 - "{escaped}"')


def failed(failure: Failure, warnings: Iterable[str] = ()) -> web.Response:
    answer = answered(failure.status(), failure.code, warnings=warnings)
    wait = (failure.details or {}).get("retryAfterSeconds")
    if wait:
        answer.headers["Retry-After"] = str(wait)
    return answer


def page_not_found() -> web.Response:
    """A path that is nothing at all, as Go's HTTP server says it."""
    return web.Response(text="404 page not found\n", status=404)
