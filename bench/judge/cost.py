"""What a look costs: the time to judge it against the time to decode it from JSON.

Judging is what a pass does at every look: the fold, and where that stands. Bounds and sentences are counted out when
somebody reads them: at a scrape, a change of verdict, a status write.
"""

from __future__ import annotations

import json
from math import inf
from random import Random
from time import perf_counter

from bench.judge.latency import Latency
from controller.core.analysis import Settings, observe, standing, start
from controller.simulate.latency import BUCKETS

ROUNDS = 40
CODES = ("200", "404", "503")


def answers(workloads: tuple[str, str] = ("podinfo-6c1f", "podinfo-9ab2")) -> tuple[bytes, bytes]:
    """One release's part of Prometheus's two answers: requests by code, and latency by bucket, of both arms.

    With the labels that the query sums by, of both reporters: that is what Istio's sidecars report. Where only one side
    does, the answer is half as long.
    """

    def vector(labels: list[dict[str, str]]) -> bytes:
        value = [1700000000.123, "1234"]
        result = [{"metric": label, "value": value} for label in labels]
        return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}}).encode()

    names = [
        {"reporter": reporter, "destination_workload": name, "destination_workload_namespace": "shop"}
        for name in workloads
        for reporter in ("source", "destination")
    ]
    codes = [
        {**name, "request_protocol": "http", "response_code": code, "response_flags": "-"}
        for name in names
        for code in CODES
    ]
    bounds = [{**name, "le": f"{bound * 1000:g}" if bound < 1e6 else "+Inf"} for name in names for bound in BUCKETS]
    return vector(codes), vector(bounds)


def cost_of_a_look(rounds: int = ROUNDS) -> tuple[float, float, int]:
    """Microseconds to judge a look, to decode it, and the number of latency bounds that were tested.

    The mean over the looks of one release; of each look the best of ``rounds``, alternating with the decoding, so that
    whatever else the machine does falls on both alike.
    """
    release = Latency(100).release(Random("cost"))
    first = start(Settings(steps=5), release.history)
    looks = list(release.looks)
    requests, latency = answers()
    judged, decoded = [inf] * len(looks), [inf] * len(looks)
    for _ in range(rounds):
        state = first
        for i, (step, look) in enumerate(looks):
            began = perf_counter()
            state = observe(state, look, step)
            standing(state, step, look.end)
            middle = perf_counter()
            json.loads(requests)
            json.loads(latency)
            ended = perf_counter()
            judged[i] = min(judged[i], middle - began)
            decoded[i] = min(decoded[i], ended - middle)
    return sum(judged) / len(looks) * 1e6, sum(decoded) / len(looks) * 1e6, len(first.tracks[1].bounds)
