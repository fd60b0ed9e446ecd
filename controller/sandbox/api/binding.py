"""POST pods/NAME/binding: how a scheduler gives a pod its node. Labels and annotations of the Binding go to the pod."""

from __future__ import annotations

from controller.sandbox.api.content import Unreadable, decode
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.patch.values import duplicate
from controller.sandbox.api.request import Call
from controller.sandbox.api.schema import errors
from controller.sandbox.api.state import State, normal
from controller.sandbox.client import Object

_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def bind(state: State, call: Call) -> tuple[Object, int]:
    """The answer's body and code. Raises Failure: 409 for a pod that has a node or is being deleted."""
    try:
        body = decode(call.body, call.content_type)[0]
    except Unreadable as error:
        raise Failure.bad_request(f"the body is a Binding: {error}") from None
    metadata, node = body.get("metadata") or {}, (body.get("target") or {}).get("name")
    if not node:
        raise Failure.invalid("", "Binding", call.name, [errors.required("target.name", "")])
    stored = state.find(call.resource, call.namespace, call.name)
    if stored is None:
        raise call.not_found()
    pod: Object = duplicate(stored.object)
    if metadata.get("uid") and metadata["uid"] != pod["metadata"]["uid"]:
        raise _refused(call, f"Precondition failed: UID in precondition: {metadata['uid']}")
    if pod["metadata"].get("deletionTimestamp"):
        raise _refused(call, f"pod {call.name} is being deleted, cannot be assigned to a host")
    if pod["spec"].get("nodeName"):
        raise _refused(call, f'pod {call.name} is already assigned to node "{pod["spec"]["nodeName"]}"')
    pod["spec"]["nodeName"] = node
    for part in ("labels", "annotations"):
        pod["metadata"][part] = {**(pod["metadata"].get(part) or {}), **(metadata.get(part) or {})}
    status = pod.setdefault("status", {})
    others = [entry for entry in status.get("conditions") or [] if entry["type"] != "PodScheduled"]
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": state.timestamp()}
    status["conditions"] = [*others, scheduled]
    state.store.put(call.resource.table, normal(pod))
    return _SUCCESS, 201


def _refused(call: Call, why: str) -> Failure:
    return Failure.conflict("", "pods/binding", call.name, why)
