"""Defaults of Jobs and CronJobs."""

from __future__ import annotations

from typing import Any

from controller.sandbox.api.schema.defaults import pods

Object = dict[str, Any]

_NEVER_GIVE_UP = 2**31 - 1


def job(obj: Object) -> None:
    """A Job, with the selector and labels that the server derives from its uid once it has one."""
    spec = obj["spec"]
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    spec.setdefault("backoffLimit", _NEVER_GIVE_UP if "backoffLimitPerIndex" in spec else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    spec.setdefault("podReplacementPolicy", "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed")
    spec.setdefault("manualSelector", False)
    for rule in (spec.get("podFailurePolicy") or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions", ()):
            pattern.setdefault("status", "True")
    pods.template(spec["template"])
    _select_own_pods(obj)
    labels = spec["template"].get("metadata", {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def _select_own_pods(obj: Object) -> None:
    """Labels by the Job's uid, old and new names, unless the selector is the user's own."""
    uid, name, spec = obj["metadata"].get("uid"), obj["metadata"].get("name"), obj["spec"]
    if not uid or spec["manualSelector"] or "selector" in spec:
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("", "batch.kubernetes.io/"):
        labels.setdefault(f"{prefix}job-name", name)
        labels.setdefault(f"{prefix}controller-uid", uid)
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}


def cron_job(obj: Object) -> None:
    spec = obj["spec"]
    spec.setdefault("concurrencyPolicy", "Allow")
    spec.setdefault("suspend", False)
    spec.setdefault("successfulJobsHistoryLimit", 3)
    spec.setdefault("failedJobsHistoryLimit", 1)
    pods.template(spec["jobTemplate"]["spec"]["template"])
