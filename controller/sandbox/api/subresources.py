"""status, scale, finalize and binding."""

from __future__ import annotations

from controller.sandbox.api import binding, patching, reading, render, scale, writing
from controller.sandbox.api.request import Call
from controller.sandbox.api.state import State
from controller.sandbox.client import Object


def answer(state: State, call: Call) -> tuple[bytes | Object, int]:
    """The answer's body and code. Which verbs a subresource has was checked before."""
    if call.target.subresource == "scale":
        return scale.answer(state, call), 200
    if call.target.subresource == "binding":
        return binding.bind(state, call)
    if call.verb == "get":
        return reading.get(state, call), 200
    written = writing.update(state, call) if call.verb == "update" else patching.patch(state, call)
    return render.answer(written.row, call.resource, call.form, state.clock()), written.code
