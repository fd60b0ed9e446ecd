"""Measurements -> harmful, good enough for this step, or not enough evidence yet.

    state = start(settings, history)          # before the first look
    state = observe(state, look, step)        # for every look, in order
    answer = verdict(state, step, now)        # at any time; report(...) says why, for people
    text = pack(state)                        # for the status
    state = unpack(settings, text)            # after a restart; go on with the looks since then

A fold without a clock: the same looks in the same order give the same state, wherever it was written out in between.
"""

from controller.core.analysis.fold import observe
from controller.core.analysis.forecast import expected, requests_needed, seconds_left, seconds_needed, traffic
from controller.core.analysis.judge import Finding, Report, Standing, report, standing, verdict
from controller.core.analysis.packing import Kept, pack, unpack
from controller.core.analysis.settings import ERRORS, LATENCY, AtStep, Settings
from controller.core.analysis.state import State, start

__all__ = [
    "ERRORS",
    "LATENCY",
    "AtStep",
    "Finding",
    "Kept",
    "Report",
    "Settings",
    "Standing",
    "State",
    "expected",
    "observe",
    "pack",
    "report",
    "requests_needed",
    "seconds_left",
    "seconds_needed",
    "standing",
    "start",
    "traffic",
    "unpack",
    "verdict",
]
