"""What an HTTP route does with a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate import durations
from controller.sandbox.mesh.translate.answers import direct_response, redirect
from controller.sandbox.mesh.translate.filters import filter_settings
from controller.sandbox.mesh.translate.percentages import fraction, percent
from controller.sandbox.mesh.translate.retries import retry_policy


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
        found["redirect"] = redirect(route["redirect"], port)
    elif route.get("directResponse"):
        found["direct_response"] = direct_response(route["directResponse"])
    else:
        found["route"] = _forward(route, found, authority, choices)
    filters = filter_settings(route)
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
        share = percent(given) if given is not None else float(route.get("mirrorPercent", 100))
        found.append((route["mirror"], share))
    for one in route.get("mirrors") or []:
        if one.get("destination"):
            found.append(
                (one["destination"], percent(one["percentage"]) if one.get("percentage") is not None else 100.0)
            )
    return found


def _mirror(destination: Object, share: float, choices: Choices) -> Object | None:
    """The policy for copies of ``share`` percent of the requests; None for none."""
    if share <= 0:
        return None
    policy: Object = {
        "cluster": choices.cluster(destination),
        "runtime_fraction": {"default_value": fraction(share)},
        "trace_sampled": False,
    }
    if not choices.shadow_suffix:
        policy["disable_shadow_host_suffix_append"] = True
    return policy
