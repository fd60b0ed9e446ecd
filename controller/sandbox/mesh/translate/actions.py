"""What an HTTP route does with a request: route, redirect, answer; headers, faults, CORS, retries, mirrors."""

from __future__ import annotations

import http
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate import durations
from controller.sandbox.mesh.translate.match import string_match

_FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
_CORS = "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy"
FAULT_FILTER = "envoy.filters.http.fault"
CORS_FILTER = "envoy.filters.http.cors"
# 503 is not among the retriable codes, since Istio 1.24: a request that was answered may have had its effect.
_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"
_GRPC = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)


@dataclass(frozen=True)
class Choices:
    """``cluster`` names the cluster of a destination; ``hashing`` gives its hash policy or None.

    ``shadow_suffix`` makes mirrored copies carry ``-shadow`` after their host, as Istio did before 1.28.
    """

    cluster: Callable[[Object], str]
    hashing: Callable[[Object], Any]
    shadow_suffix: bool = False


def act(route: Object, port: int, choices: Choices) -> Object:
    """Everything of Envoy's Route but its name and match, for a request that came to ``port``."""
    found, authority = headers(route.get("headers"))
    if route.get("redirect"):
        found["redirect"] = _redirect(route["redirect"], port)
    elif route.get("directResponse"):
        answer = route["directResponse"]
        found["direct_response"] = {"status": answer["status"], **_body(answer.get("body"))}
    else:
        found["route"] = _forward(route, found, authority, choices)
    filters: Object = {}
    if route.get("fault") and (fault := _fault(route["fault"])):
        filters[FAULT_FILTER] = fault
    if route.get("corsPolicy"):
        filters[CORS_FILTER] = _cors(route["corsPolicy"])
    if filters:
        found["typed_per_filter_config"] = filters
    return found


def default_route(cluster: str, hashing: Any = None) -> Object:
    """The route of a Service without VirtualService: istiod's default retries, no time limit."""
    action: Object = {"cluster": cluster, "timeout": "0s", "max_grpc_timeout": "0s"}
    if hashing:
        action["hash_policy"] = [hashing]
    action["retry_policy"] = retry_policy(None)
    return {"name": "default", "match": {"prefix": "/"}, "route": action}


def headers(settings: Object | None) -> tuple[Object, str]:
    """Envoy's header fields for Istio's, and the authority they set ("" for none)."""
    found: Object = {}
    authority = ""
    for side in ("request", "response"):
        ours = (settings or {}).get(side) or {}
        added = [
            *_added(ours.get("set"), "OVERWRITE_IF_EXISTS_OR_ADD"),
            *_added(ours.get("add"), "APPEND_IF_EXISTS_OR_ADD"),
        ]
        removed = [name for name in ours.get("remove") or [] if not _internal(name)]
        if added:
            found[f"{side}_headers_to_add"] = added
        if removed:
            found[f"{side}_headers_to_remove"] = removed
        if side == "request":
            for given in (ours.get("add"), ours.get("set")):  # set goes before add
                said = [value for name, value in (given or {}).items() if name.lower() in ("host", ":authority")]
                authority = said[-1] if said else authority
    return found, authority


def _internal(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"


def _added(given: Mapping[str, str] | None, action: str) -> list[Object]:
    return [
        {"header": {"key": name, "value": value}, "append_action": action}
        for name, value in sorted((given or {}).items())
        if not _internal(name)
    ]


def _forward(route: Object, found: Object, authority: str, choices: Choices) -> Object:
    timeout = durations.envoy(route.get("timeout") or "0s")
    # istiod's deprecated field for gRPC: with the new one, max_stream_duration, Envoy ignores `timeout`.
    action: Object = {"timeout": timeout, "max_grpc_timeout": timeout}
    rewrite = route.get("rewrite") or {}
    if rewrite.get("uriRegexRewrite"):
        regex = rewrite["uriRegexRewrite"]
        action["regex_rewrite"] = {
            "pattern": {"regex": regex.get("match", "")},
            "substitution": regex.get("rewrite", ""),
        }
    elif rewrite.get("uri"):
        action["prefix_rewrite"] = rewrite["uri"]
    authority = rewrite.get("authority") or authority
    if authority:
        action["host_rewrite_literal"] = authority
    mirrors = [policy for mirror in _mirrors(route) if (policy := _mirror(*mirror, choices)) is not None]
    if mirrors:
        action["request_mirror_policies"] = mirrors
    destinations: list[Object] = route.get("route") or []
    if len(destinations) == 1:
        _single(destinations[0], action, found, choices)
    else:
        # Weight 0 is dropped; a route whose destinations all weigh nothing is refused by Istio's validation.
        weighted = [one for one in destinations if one.get("weight")]
        action["weighted_clusters"] = {"clusters": [_weighted(one, choices) for one in weighted]}
        hashes = [policy for one in weighted if (policy := choices.hashing(one["destination"]))]
        if hashes:
            action["hash_policy"] = hashes
    policy = retry_policy(route.get("retries"), hashed=len(destinations) == 1 and "hash_policy" in action)
    if policy:
        action["retry_policy"] = policy
    return action


def _single(destination: Object, action: Object, found: Object, choices: Choices) -> None:
    """The only destination: its weight does not matter, and its headers join the route's."""
    action["cluster"] = choices.cluster(destination["destination"])
    added, authority = headers(destination.get("headers"))
    for field, values in added.items():
        found[field] = [*found.get(field, []), *values]
    if authority and "host_rewrite_literal" not in action:
        action["host_rewrite_literal"] = authority
    if policy := choices.hashing(destination["destination"]):
        action["hash_policy"] = [policy]


def _weighted(destination: Object, choices: Choices) -> Object:
    added, authority = headers(destination.get("headers"))
    weight: Object = {"name": choices.cluster(destination["destination"]), "weight": destination["weight"], **added}
    if authority:
        weight["host_rewrite_literal"] = authority
    return weight


def _mirrors(route: Object) -> list[tuple[Object, float]]:
    """Destinations of copies and their percentages: an absent percentage means all, 0 none."""
    found: list[tuple[Object, float]] = []
    if route.get("mirror"):
        given = route.get("mirrorPercentage")
        percent = _percent(given) if given is not None else float(route.get("mirrorPercent", 100))
        found.append((route["mirror"], percent))
    for one in route.get("mirrors") or []:
        if one.get("destination"):
            found.append(
                (one["destination"], _percent(one["percentage"]) if one.get("percentage") is not None else 100.0)
            )
    return found


def _mirror(destination: Object, percent: float, choices: Choices) -> Object | None:
    if percent <= 0:
        return None
    policy: Object = {
        "cluster": choices.cluster(destination),
        "runtime_fraction": {"default_value": fraction(percent)},
        "trace_sampled": False,
    }
    if not choices.shadow_suffix:
        policy["disable_shadow_host_suffix_append"] = True
    return policy


def _percent(value: Object) -> float:
    return float(value.get("value", 0))


def fraction(percent: float) -> Object:
    """Istio keeps four digits after the point."""
    return {"numerator": int(round(percent * 10000, 6)), "denominator": "MILLION"}


def retry_policy(settings: Object | None, *, hashed: bool = False) -> Object | None:
    """Absent means two retries on failures before the app answered; ``attempts: 0`` means none.

    A retry goes to another host, but for a route to one destination with consistent hashing.
    """
    policy: Object = {"retry_on": _RETRY_ON, "num_retries": 2, "host_selection_retry_max_attempts": "5"}
    if not hashed and (settings or {}).get("retryIgnorePreviousHosts") is not False:
        kind = "envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
        name = "envoy.retry_host_predicates.previous_hosts"
        config = {"@type": f"type.googleapis.com/{kind}"}
        policy["retry_host_predicate"] = [{"name": name, "typed_config": config}]
    if settings is None:
        return policy
    if not settings.get("attempts"):
        return None
    policy["num_retries"] = settings["attempts"]
    if settings.get("retryOn"):
        parts = [part.strip() for part in settings["retryOn"].split(",") if part.strip()]
        codes = [int(part) for part in parts if part.isdigit() and int(part) in set(http.HTTPStatus)]
        names = [part for part in parts if not (part.isdigit() and int(part) in codes)]
        if codes:
            policy["retriable_status_codes"] = codes
            if "retriable-status-codes" not in names:
                names.append("retriable-status-codes")
        policy["retry_on"] = ",".join(names)
    if settings.get("perTryTimeout"):
        policy["per_try_timeout"] = durations.envoy(settings["perTryTimeout"])
    if settings.get("backoff"):
        policy["retry_back_off"] = {"base_interval": durations.envoy(settings["backoff"])}
    return policy


def _redirect(settings: Object, port: int) -> Object:
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


def _body(body: Object | None) -> Object:
    if not body:
        return {}
    if "bytes" in body:
        return {"body": {"inline_bytes": body["bytes"]}}
    return {"body": {"inline_string": body.get("string", "")}}


def _fault(settings: Object) -> Object | None:
    found: Object = {"@type": _FAULT}
    delay = settings.get("delay") or {}
    if delay.get("fixedDelay"):
        found["delay"] = {"fixed_delay": durations.envoy(delay["fixedDelay"]), "percentage": _fault_share(delay)}
    abort = settings.get("abort") or {}
    if abort.get("httpStatus"):
        found["abort"] = {"http_status": abort["httpStatus"], "percentage": _fault_share(abort)}
    elif abort.get("grpcStatus") in _GRPC:
        found["abort"] = {"grpc_status": _GRPC.index(abort["grpcStatus"]), "percentage": _fault_share(abort)}
    return found if len(found) > 1 else None


def _fault_share(settings: Object) -> Object:
    """A fault without a percentage happens never: the field's zero value, as in istiod."""
    if settings.get("percentage") is not None:
        return fraction(_percent(settings["percentage"]))
    return {"numerator": int(settings.get("percent", 0)), "denominator": "HUNDRED"}


def _cors(settings: Object) -> Object:
    origins = [string_match(one) for one in settings.get("allowOrigins") or []]
    if settings.get("allowOrigins") is None:
        origins = [{"exact": origin} for origin in settings.get("allowOrigin") or []]
    found: Object = {
        "@type": _CORS,
        "allow_origin_string_match": origins,
        "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
        "forward_not_matching_preflights": settings.get("unmatchedPreflights") != "IGNORE",
    }
    for ours, name in (
        ("allowMethods", "allow_methods"),
        ("allowHeaders", "allow_headers"),
        ("exposeHeaders", "expose_headers"),
    ):
        if settings.get(ours):
            found[name] = ",".join(settings[ours])
    if settings.get("allowCredentials") is not None:
        found["allow_credentials"] = settings["allowCredentials"]
    if settings.get("maxAge"):
        found["max_age"] = str(int(durations.seconds(settings["maxAge"])))
    return found
