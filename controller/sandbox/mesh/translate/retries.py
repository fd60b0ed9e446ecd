"""Retries of an HTTP route as Envoy's policy."""

from __future__ import annotations

import http

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate import durations

# 503 is not among the retriable codes, since Istio 1.24: a request that was answered may have had its effect.
_RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes"


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
