"""Routes that answer themselves: redirects and direct responses."""

from __future__ import annotations

from controller.sandbox.client import Object


def redirect(settings: Object, port: int) -> Object:
    """A redirect for a request that came to ``port``."""
    codes = {
        301: "MOVED_PERMANENTLY",
        302: "FOUND",
        303: "SEE_OTHER",
        307: "TEMPORARY_REDIRECT",
        308: "PERMANENT_REDIRECT",
    }
    found: Object = {"response_code": codes.get(settings.get("redirectCode") or 301, "MOVED_PERMANENTLY")}
    for ours, name in (("authority", "host_redirect"), ("uri", "path_redirect"), ("scheme", "scheme_redirect")):
        if settings.get(ours):
            found[name] = settings[ours]
    number = settings.get("port") or (port if settings.get("derivePort") == "FROM_REQUEST_PORT" else 0)
    usual = {"http": 80, "https": 443}.get(settings.get("scheme") or "http")
    if number and number != usual:
        found["port_redirect"] = number
    return found


def direct_response(settings: Object) -> Object:
    """An answer without any app."""
    found: Object = {"status": settings["status"]}
    body = settings.get("body")
    if body and "bytes" in body:
        found["body"] = {"inline_bytes": body["bytes"]}
    elif body:
        found["body"] = {"inline_string": body.get("string", "")}
    return found
