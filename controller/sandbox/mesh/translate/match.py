"""Match conditions of an HTTP route as Envoy's RouteMatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.sandbox.client import Object


def applies(match: Object | None, *, gateway: str, namespace: str, labels: Mapping[str, str], port: int) -> bool:
    """Whether a match can hold for this proxy at all: its port, then its gateways or else its source.

    A match that names gateways is not asked for its source labels, as in istiod.
    """
    if match is None:
        return True
    if match.get("port") and match["port"] != port:
        return False
    if match.get("gateways"):
        return gateway in match["gateways"]
    wanted: Mapping[str, str] = match.get("sourceLabels") or {}
    return wanted.items() <= labels.items() and match.get("sourceNamespace", "") in ("", namespace)


def route_match(match: Object | None) -> Object:
    """The conditions that Envoy checks for each request."""
    if match is None:
        return {"prefix": "/"}
    found: Object = {**_path(match.get("uri") or {}), "case_sensitive": not match.get("ignoreUriCase", False)}
    headers = [_header(name, value) for name, value in sorted((match.get("headers") or {}).items())]
    for name, value in sorted((match.get("withoutHeaders") or {}).items()):
        absent = {**_header(name, value), "invert_match": True}
        if "present_match" not in absent:  # Envoy refuses the two together
            absent["treat_missing_header_as_empty"] = True
        headers.append(absent)
    headers.sort(key=lambda header: str(header["name"]))
    for field, name in (("method", ":method"), ("authority", ":authority"), ("scheme", ":scheme")):
        if match.get(field) is not None:
            headers.append(_header(name, match[field]))
    if headers:
        found["headers"] = headers
    query = [_query(name, value) for name, value in sorted((match.get("queryParams") or {}).items())]
    if query:
        found["query_parameters"] = query
    return found


def is_catch_all(match: Object) -> bool:
    """Whether every request matches, so that no later route can be reached."""
    path = match.get("prefix") == "/" or (match.get("safe_regex") or {}).get("regex") == ".*"
    return path and not match.get("headers") and not match.get("query_parameters")


def string_match(value: Object) -> Object:
    """exact, prefix or regex as Envoy's StringMatcher."""
    if value.get("regex"):
        return {"safe_regex": {"regex": value["regex"]}}
    if value.get("prefix"):
        return {"prefix": value["prefix"]}
    return {"exact": value.get("exact", "")}


def _path(uri: Mapping[str, Any]) -> Object:
    if uri.get("exact"):
        return {"path": uri["exact"]}
    if uri.get("regex"):
        return {"safe_regex": {"regex": uri["regex"]}}
    return {"prefix": uri.get("prefix") or "/"}


def _present(value: Object | None) -> bool:
    """An empty match, and the regex ``*``, which is none, mean that the name is there at all."""
    return not value or value.get("regex") == "*"


def _header(name: str, value: Object | None) -> Object:
    if value is None or _present(value):
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(value)}


def _query(name: str, value: Object | None) -> Object:
    if value is None or _present(value):
        return {"name": name, "present_match": True}
    return {"name": name, "string_match": string_match(value)}
