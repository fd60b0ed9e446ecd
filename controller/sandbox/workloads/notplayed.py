"""Says, on the object itself, that the sandbox does not play its kind: nobody should wait for pods that never come."""

from __future__ import annotations

from controller.sandbox.client import Object
from controller.sandbox.workloads.events import Recorder
from controller.sandbox.workloads.kinds import Kind
from controller.sandbox.workloads.universe import Universe

KINDS = {
    "StatefulSet": "use a Deployment",
    "DaemonSet": "use a Deployment",
    "CronJob": "create a Job",
    "HorizontalPodAutoscaler": "set replicas by hand, as `kubectl scale` does",
}


class NotPlayed:
    """One Warning event for each object of such a kind."""

    def __init__(self, recorder: Recorder, universe: Universe) -> None:
        self._recorder = recorder
        universe.listen(self._changed)

    def _changed(self, kind: Kind, old: Object | None, new: Object | None) -> None:
        if old is None and new is not None and kind.kind in KINDS:
            about = {**new, "apiVersion": kind.api_version, "kind": kind.kind}
            text = f"the sandbox stores a {kind.kind} but plays none; {KINDS[kind.kind]}"
            self._recorder.warning(about, "NotPlayed", text)
