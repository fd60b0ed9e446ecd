"""What a route tells HTTP filters: faults and CORS."""

from __future__ import annotations

from controller.sandbox.client import Object
from controller.sandbox.mesh.translate import durations
from controller.sandbox.mesh.translate.match import string_match
from controller.sandbox.mesh.translate.percentages import fraction, percent

_FAULT = "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault"
_CORS = "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy"
FAULT_FILTER = "envoy.filters.http.fault"
CORS_FILTER = "envoy.filters.http.cors"
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


def filter_settings(route: Object) -> Object:
    """Settings by filter, of those that a route has something to say to."""
    found: Object = {}
    if route.get("fault") and (fault := _fault(route["fault"])):
        found[FAULT_FILTER] = fault
    if route.get("corsPolicy"):
        found[CORS_FILTER] = _cors(route["corsPolicy"])
    return found


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
        return fraction(percent(settings["percentage"]))
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
