"""Bad specs that parser and schema both refuse: a row changes the example in one place and has the sentence for it."""

from __future__ import annotations

from typing import Any

GONE = object()

W, T, I = "workload", "traffic", "traffic.istio"  # noqa: E741 - the table below needs short words
C, S, G = "strategy.canary", "strategy.canary.steps[0]", "gates"
M, L = "strategy.canary.testers[0]", "gates.limits[0]"
DURATION = "write a duration in h, m, s or ms, such as 30s, 10m or 1h30m"
OBJECT = "write the name of an object: lower-case letters, digits, - and ., such as podinfo"
SHARE = "write a share from 0% to 100% in tenths, such as 5% or 0.5%"
ABOVE = "write a share above 0% and up to 100% in tenths, such as 5% or 0.5%"
PERCENT = "write a percentage from 0% to 100%, such as 0.1% or 99.95%"
CHANCE = "write a percentage above 0% and below 100%, such as 5% or 0.2%"
REFERENCE = "write name or namespace/name, such as shop/podinfo"


# (place, value there, field that is named, sentence)
BOTH: list[tuple[str, Any, str, str]] = [
    # A section or a required field is missing.
    (W, GONE, W, "it is missing; add it"),
    (T, GONE, T, "it is missing; add it"),
    ("strategy", GONE, "strategy", "it is missing; add it"),
    (f"{W}.deployment", GONE, f"{W}.deployment", f"it is missing; add it: {OBJECT.removeprefix('write ')}"),
    (f"{T}.service", GONE, f"{T}.service", "it is missing; add it: the name of a Service, such as podinfo"),
    (I, GONE, I, "it is missing; add it"),
    (C, GONE, C, "it is missing; add it"),
    (f"{C}.steps", GONE, f"{C}.steps", "it is missing; add it"),
    (f"{C}.steps", None, f"{C}.steps", "it is missing; add it"),
    (f"{C}.steps[3].ramp.by", GONE, f"{C}.steps[3].ramp.by", f"it is missing; add it: {ABOVE.removeprefix('write ')}"),
    (
        f"{L}.name",
        GONE,
        f"{L}.name",
        "it is missing; add it: a name of lower-case letters, digits and -, such as podinfo",
    ),
    (f"{L}.successRate", {}, f"{L}.successRate.min", f"it is missing; add it: {PERCENT.removeprefix('write ')}"),
    (f"{G}.limits[1].latency", {"max": "1s"}, f"{G}.limits[1].latency.quantile", "it is missing; add it"),
    # Something else is there than what belongs there.
    (W, "podinfo", W, '"podinfo" is of the wrong kind; write a map, its fields indented below it'),
    (W, [], W, "[] is of the wrong kind; write a map, its fields indented below it"),
    (f"{C}.steps", {}, f"{C}.steps", "{} is of the wrong kind; write a list, each entry after a -"),
    (f"{C}.steps", ["5%"], f"{C}.steps[0]", '"5%" is of the wrong kind; write a map, its fields indented below it'),
    (f"{M}.headers", ["a"], f"{M}.headers", '["a"] is of the wrong kind; write a map, its entries indented below it'),
    ("replicas", "3", "replicas", '"3" is of the wrong kind; write a whole number, without quotes'),
    ("replicas", 2.5, "replicas", "2.5 is of the wrong kind; write a whole number, without quotes"),
    ("paused", "true", "paused", '"true" is of the wrong kind; write true or false'),
    (f"{T}.service", 7, f"{T}.service", "7 is no text; write the name of a Service, such as podinfo"),
    (
        f"{G}.compare.errors.relative",
        "1.1",
        f"{G}.compare.errors.relative",
        '"1.1" is of the wrong kind; write a number, without quotes',
    ),
    # Units.
    (f"{S}.weight", 5, f"{S}.weight", "5 has no unit; write 5%"),
    (f"{S}.weight", "5", f"{S}.weight", "5 has no unit; write 5%"),
    (f"{S}.weight", 0.5, f"{S}.weight", "0.5 has no unit; write 50%, or 0.5% if that is meant"),
    (f"{S}.weight", "5 %", f"{S}.weight", f'"5 %" cannot be read; {SHARE}'),
    (f"{S}.weight", "0.25%", f"{S}.weight", f'"0.25%" cannot be read; {SHARE}'),
    (f"{S}.weight", "101%", f"{S}.weight", f'"101%" cannot be read; {SHARE}'),
    (f"{S}.weight", "-5%", f"{S}.weight", f'"-5%" cannot be read; {SHARE}'),
    (f"{S}.weight", "", f"{S}.weight", f"it is empty; {SHARE}"),
    (f"{S}.for", 60, f"{S}.for", "60 has no unit; write 60s"),
    (f"{S}.for", "1d", f"{S}.for", f'"1d" cannot be read; {DURATION}'),
    (f"{S}.for", "-1m", f"{S}.for", f'"-1m" cannot be read; {DURATION}'),
    (f"{S}.for", "1m1h", f"{S}.for", f'"1m1h" cannot be read; {DURATION}'),
    (f"{S}.for", "5 m", f"{S}.for", f'"5 m" cannot be read; {DURATION}'),
    (f"{S}.for", "5m\n", f"{S}.for", f'"5m\\n" cannot be read; {DURATION}'),
    (f"{S}.for", "721h", f"{S}.for", "721h is out of range; it must be from 0s to 720h"),
    (f"{G}.interval", "999ms", f"{G}.interval", "999ms is out of range; it must be from 1s to 720h"),
    (f"{G}.limits[1].latency.max", 500, f"{G}.limits[1].latency.max", "500 has no unit; write 500ms"),
    (
        f"{G}.limits[1].latency.max",
        "0s",
        f"{G}.limits[1].latency.max",
        "0s is out of range; it must be from 1ms to 720h",
    ),
    (f"{L}.successRate.min", 0.99, f"{L}.successRate.min", "0.99 has no unit; write 99%, or 0.99% if that is meant"),
    (f"{L}.successRate.min", "100.1%", f"{L}.successRate.min", f'"100.1%" cannot be read; {PERCENT}'),
    (f"{G}.compare.falseAlarm", "0%", f"{G}.compare.falseAlarm", f'"0%" cannot be read; {CHANCE}'),
    (f"{G}.compare.falseAlarm", "0.0000%", f"{G}.compare.falseAlarm", f'"0.0000%" cannot be read; {CHANCE}'),
    (f"{G}.compare.budget", "100%", f"{G}.compare.budget", f'"100%" cannot be read; {CHANCE}'),
    (f"{C}.steps[3].ramp.by", "0%", f"{C}.steps[3].ramp.by", f'"0%" cannot be read; {ABOVE}'),
    (f"{C}.steps[3].ramp.every", "0s", f"{C}.steps[3].ramp.every", "0s is out of range; it must be from 1s to 720h"),
    (f"{W}.keepPrevious", 600, f"{W}.keepPrevious", "600 has no unit; write 600s"),
    (f"{W}.keepPrevious", "1d", f"{W}.keepPrevious", f'"1d" cannot be read; {DURATION}'),
    (f"{W}.keepPrevious", "721h", f"{W}.keepPrevious", "721h is out of range; it must be from 0s to 720h"),
    (
        f"{C}.bake.for",
        GONE,
        f"{C}.bake.for",
        "it is missing; add it: a duration in h, m, s or ms, such as 30s, 10m or 1h30m",
    ),
    (f"{C}.bake.for", "0s", f"{C}.bake.for", "0s is out of range; it must be from 1s to 720h"),
    (f"{C}.bake.for", 10, f"{C}.bake.for", "10 has no unit; write 10s"),
    (f"{C}.bake.weight", 95, f"{C}.bake.weight", "95 has no unit; write 95%"),
    (f"{C}.bake.weight", "0%", f"{C}.bake.weight", f'"0%" cannot be read; {ABOVE}'),
    (f"{C}.bake", "10m", f"{C}.bake", '"10m" is of the wrong kind; write a map, its fields indented below it'),
    # Out of range, or none of the choices.
    ("replicas", -1, "replicas", "-1 is out of range; write a number at least 0"),
    (f"{T}.port", 0, f"{T}.port", "0 is out of range; write a number at least 1"),
    (f"{T}.port", 65536, f"{T}.port", "65536 is out of range; write a number at most 65535"),
    (f"{W}.capacity", "half", f"{W}.capacity", '"half" is none of the choices; write weight or full'),
    (f"{T}.unsplit", "yes", f"{T}.unsplit", '"yes" is none of the choices; write refuse or allow'),
    (
        f"{G}.onInconclusive",
        "abort",
        f"{G}.onInconclusive",
        '"abort" is none of the choices; write hold, promote or rollback',
    ),
    (f"{G}.failureLimit", 0, f"{G}.failureLimit", "0 is out of range; write a number at least 1"),
    (
        f"{G}.limits[1].latency.quantile",
        1,
        f"{G}.limits[1].latency.quantile",
        "1 is out of range; write a number below 1",
    ),
    (
        f"{G}.limits[1].latency.quantile",
        0,
        f"{G}.limits[1].latency.quantile",
        "0 is out of range; write a number above 0",
    ),
    (
        f"{G}.compare.errors.relative",
        0.9,
        f"{G}.compare.errors.relative",
        "0.9 is out of range; write a number at least 1",
    ),
    (f"{L}.minRequests", -1, f"{L}.minRequests", "-1 is out of range; write a number at least 0"),
    (
        f"{L}",
        {"name": "a", "requestRate": {"min": -1}},
        f"{L}.requestRate.min",
        "-1 is out of range; write a number at least 0",
    ),
    # Names.
    (f"{W}.deployment", "Pod_info", f"{W}.deployment", f'"Pod_info" cannot be read; {OBJECT}'),
    (f"{W}.deployment", "a" * 254, f"{W}.deployment", "it has 254 characters; at most 253 are allowed"),
    (f"{T}.service", "1shop", f"{T}.service", '"1shop" cannot be read; write the name of a Service, such as podinfo'),
    (f"{I}.destinationRule", "a/b", f"{I}.destinationRule", f'"a/b" cannot be read; {OBJECT}'),
    (
        f"{I}.routes",
        [" a"],
        f"{I}.routes[0]",
        '" a" cannot be read; write the name of an http route, without spaces around it',
    ),
    (
        f"{I}.hosts",
        ["http://a"],
        f"{I}.hosts[0]",
        '"http://a" cannot be read; write a host name such as podinfo.example.com, *.example.com or *',
    ),
    (f"{I}.gateways", ["a/b/c"], f"{I}.gateways[0]", f'"a/b/c" cannot be read; {REFERENCE}'),
    (
        f"{L}.name",
        "P99",
        f"{L}.name",
        '"P99" cannot be read; write a name of lower-case letters, digits and -, such as podinfo',
    ),
    (
        f"{C}.steps[4].approval",
        "a\nb",
        f"{C}.steps[4].approval",
        '"a\\nb" cannot be read; write the name of the group that approves, such as release-managers',
    ),
    # Lists and maps: empty, too long, something twice.
    (f"{C}.steps", [], f"{C}.steps", "it is empty; add at least one step"),
    (f"{C}.testers", [], f"{C}.testers", "it is empty; add an entry or remove it"),
    (f"{I}.routes", [], f"{I}.routes", "it is empty; add an entry or remove it"),
    (f"{I}.routes", ["a", "a"], f"{I}.routes", '"a" is listed twice; remove one'),
    (f"{I}.hosts", ["a", "b", "a"], f"{I}.hosts", '"a" is listed twice; remove one'),
    (f"{G}.limits[1].name", "success-rate", f"{G}.limits", "two limits are named success-rate; rename one"),
    (f"{C}.steps", [{"weight": "5%"}] * 65, f"{C}.steps", "it has 65 entries; at most 64 are allowed"),
    (
        f"{M}.headers",
        {f"h{n}": {"exact": "a"} for n in range(9)},
        f"{M}.headers",
        "it has 9 entries; at most 8 are allowed",
    ),
    # Alternatives.
    (
        S,
        {"weight": "5%", "approval": "x"},
        S,
        "give exactly one of weight, ramp or approval; weight and approval are there",
    ),
    (S, {}, S, "give exactly one of weight, ramp or approval; there is none"),
    (S, {"approval": "x", "for": "5m"}, f"{S}.for", "for means nothing without weight; add it or remove for"),
    (
        S,
        {"weight": "5%", "timeout": "5m"},
        f"{S}.timeout",
        "timeout means nothing without approval; add it or remove timeout",
    ),
    (
        S,
        {"approval": "x", "onTimeout": "hold"},
        f"{S}.onTimeout",
        "onTimeout means nothing without timeout; add it or remove onTimeout",
    ),
    (M, {}, M, "give at least one of headers or queryParams"),
    (
        f"{M}.headers",
        {"x-canary": {}},
        f"{M}.headers[x-canary]",
        "give exactly one of exact, prefix, regex or present; there is none",
    ),
    (
        f"{M}.headers",
        {"x-canary": {"exact": "a", "regex": "b"}},
        f"{M}.headers[x-canary]",
        "give exactly one of exact, prefix, regex or present; exact and regex are there",
    ),
    (
        f"{M}.headers",
        {"x-canary": {"present": False}},
        f"{M}.headers[x-canary].present",
        "false says nothing; write present: true or remove it",
    ),
    (
        f"{M}.headers",
        {"x-canary": {"exact": ""}},
        f"{M}.headers[x-canary].exact",
        "it is empty; write the text to compare with",
    ),
    (
        L,
        {"name": "a", "minRequests": 5},
        L,
        "give exactly one of successRate, latency, requestRate or prometheus; there is none",
    ),
    (
        L,
        {"name": "a", "requestRate": {"min": 5}, "minRequests": 5},
        f"{L}.minRequests",
        "minRequests means nothing without successRate, latency or prometheus; add it or remove minRequests",
    ),
    (L, {"name": "a", "prometheus": {"query": "up"}}, f"{L}.prometheus", "give at least one of min or max"),
    (
        L,
        {"name": "a", "prometheus": {"query": "up", "min": 2, "max": 1}},
        f"{L}.prometheus",
        "min is above max, which nothing can meet; exchange them",
    ),
    (
        L,
        {"name": "a", "prometheus": {"query": "  ", "min": 2}},
        f"{L}.prometheus.query",
        '"  " cannot be read; write a PromQL query',
    ),
    # Testers.
    (
        f"{M}.headers",
        {"X-Canary": {"exact": "a"}},
        f"{M}.headers",
        "Istio matches header names in lower case only; write x-canary",
    ),
    (
        f"{M}.headers",
        {"a b": {"exact": "a"}},
        f"{M}.headers",
        "'a b' is no name of a header; write one such as x-canary",
    ),
    (
        f"{M}.headers",
        {"method": {"exact": "GET"}},
        f"{M}.headers",
        "Istio ignores a header named method, so everybody would be a tester; use another header",
    ),
    (
        f"{M}.queryParams",
        {"": {"exact": "a"}},
        f"{M}.queryParams",
        "a query parameter needs a name of 1 to 256 characters; write it before the colon",
    ),
    (
        f"{C}.testers",
        GONE,
        f"{C}.steps",
        "at a weight of 0% only testers reach the candidate, and there are none; add testers or raise the weight",
    ),
    # Between sections.
    (
        f"{I}",
        {"gateways": ["istio-system/public"]},
        f"{I}.gateways",
        "gateways without mesh need hosts to answer for; add hosts, or mesh to the gateways",
    ),
    (
        f"{I}.hosts",
        ["*"],
        f"{I}.hosts",
        "Istio refuses the host * on the gateway mesh; name the hosts, or list gateways without mesh",
    ),
    (
        f"{G}.none",
        True,
        f"{G}.none",
        "none: true says that nothing judges the release; remove it, or limits and compare",
    ),
    (
        f"{G}.compare.none",
        True,
        f"{G}.compare.none",
        "none: true switches the comparison off; remove it or the fields beside it",
    ),
    # Unknown fields: kubectl and server-side apply refuse them, as asked here.
    (f"{G}.intervall", "15s", f"{G}.intervall", "there is no such field; did you mean interval?"),
    (f"{S}.Weight", "5%", f"{S}.Weight", "there is no such field; did you mean weight?"),
    ("steps", [], "steps", "there is no such field here; it belongs at spec.strategy.canary.steps"),
    (
        f"{W}.zzz",
        1,
        f"{W}.zzz",
        "there is no such field; remove it, or write deployment, progressDeadline, capacity or keepPrevious",
    ),
]
