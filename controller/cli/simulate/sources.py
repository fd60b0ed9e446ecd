"""The options that say what traffic there is -> where it comes from, and that in words."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import typer

from controller.core.observed import Counts
from controller.core.release import Release
from controller.crd.forms import PERCENT, Form, duration, ratio, seconds
from controller.providers.counting import Workload
from controller.providers.past import MeshHistory, count
from controller.providers.prometheus import Prometheus
from controller.simulate.assumed import Assumed
from controller.simulate.recorded import Recorded

_TIME = duration("1ms", usual="ms")


def assumed(rate: float, errors: str, median: str, p99: str) -> tuple[Assumed, str]:
    """Raises typer.BadParameter, naming the option, for what cannot be."""
    share = _read("--errors", PERCENT, errors, ratio)
    middle, slow = _read("--latency", _TIME, median, seconds), _read("--p99", _TIME, p99, seconds)
    if slow <= middle:
        raise typer.BadParameter(f"--p99: {p99} is not above the median, {median}; raise it or lower --latency")
    words = f"{rate:g} requests/s, {share * 100:g}% errors, {median} median, {p99} for the slowest of 100"
    return Assumed(rate, share, middle, slow), words


def recorded(release: Release, url: str, workloads: list[str], namespace: str, since: str) -> tuple[Recorded, str]:
    """Raises typer.BadParameter where there is nothing to go by."""
    span = _read("--since", duration("1m"), since, seconds)
    names = workloads or [release.workload.deployment]
    space = namespace or release.namespace
    looks = asyncio.run(_asked(url, [Workload(space, one) for one in names], span, release.gates.interval))
    called = ", ".join(f"{space}/{one}" for one in names)
    try:
        found = Recorded(looks, release.gates.interval)
    except ValueError:
        raise typer.BadParameter(
            f"--workload: {url} knows of no request to {called} in the last {since}; name the Deployment that served "
            f"then (such as {names[0]}-REVISION), or another --since"
        ) from None
    words = f"what {called} got in the last {since}: {found.rate:.3g} requests/s, {found.errors * 100:.3g}% errors"
    return found, words


async def _asked(url: str, workloads: list[Workload], span: float, look: float) -> tuple[Counts, ...]:
    """The looks of the past, oldest first, by the controller's own question, as often as it takes."""
    async with Prometheus(url, limit=30.0) as prometheus:
        end, found = time.time() - look, list[Counts]()
        begin = end - span
        while end > begin:
            part = await MeshHistory(prometheus).of(workloads, end, look)
            if part.missing:
                raise typer.BadParameter(f"--prometheus: {part.missing}")
            found[:0] = part.looks
            end -= count(look) * look
        return tuple(found[-max(1, round(span / look)) :])


def _read(option: str, form: Form, text: str, meaning: Callable[[str], float]) -> float:
    try:
        return meaning(form.check(text))
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
