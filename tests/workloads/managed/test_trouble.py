"""What keeps a revision's pods from running, and when it last came nearer to ready."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.workloads.shop import Shop, config_map, deployment, pod

Json = dict[str, Any]


def shop(*pods: Json, conditions: list[Json] | None = None, **pod_spec: Any) -> Shop:
    """A first revision whose pods are not ready."""
    made = Shop(deployment(**pod_spec), config_map("x"))
    revision = made.adopt()
    made.get("Deployment", f"podinfo-{revision}")["status"] = {"observedGeneration": 1, "conditions": conditions or []}
    for number, status in enumerate(pods):
        made.put(pod(revision, f"podinfo-{number}", **status))
    return made


def trouble(made: Shop) -> str:
    return made.seen.revisions[0].trouble


def container(state: Json, *, last: Json | None = None, init: bool = False, **more: Any) -> Json:
    one = {"name": "app", "state": state, "lastState": {"terminated": last} if last else {}, **more}
    return {"initContainerStatuses" if init else "containerStatuses": [one]}


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason, "message": message} if message else {"reason": reason}}


CRASHED = {"exitCode": 1, "reason": "Error"}
QUOTA = 'pods "podinfo-1" is forbidden: exceeded quota: small, requested: pods=1, used: pods=3, limited: pods=3'

POD_TROUBLE: list[tuple[str, Json, str]] = [
    (
        "unschedulable",
        {
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": "0/3 nodes are available: 3 Insufficient cpu.",
                }
            ]
        },
        "pod podinfo-0 is not scheduled: 0/3 nodes are available: 3 Insufficient cpu.",
    ),
    (
        "image",
        container(waiting("ImagePullBackOff", 'Back-off pulling image "podinfo:x"')),
        'container app of pod podinfo-0: ImagePullBackOff (Back-off pulling image "podinfo:x")',
    ),
    ("image name", container(waiting("InvalidImageName")), "container app of pod podinfo-0: InvalidImageName"),
    (
        "crash loop",
        container(waiting("CrashLoopBackOff", "back-off 10s restarting failed"), last=CRASHED, restartCount=4),
        "container app of pod podinfo-0 ends with status 1 each time it is started (4 times)",
    ),
    (
        "out of memory",
        container(waiting("CrashLoopBackOff"), last={"exitCode": 137, "reason": "OOMKilled"}, restartCount=2),
        "container app of pod podinfo-0 ends with status 137 (OOMKilled) each time it is started (2 times)",
    ),
    (
        "just ended",
        container({"terminated": {"exitCode": 3, "reason": "Error"}}),
        "container app of pod podinfo-0 ended with status 3",
    ),
    (
        "init container",
        container(waiting("CrashLoopBackOff"), last=CRASHED, restartCount=1, init=True),
        "container app of pod podinfo-0 ends with status 1 each time it is started (1 times)",
    ),
    (
        "missing config",
        container(waiting("CreateContainerConfigError", 'configmap "settings" not found')),
        'container app of pod podinfo-0: CreateContainerConfigError (configmap "settings" not found)',
    ),
    (
        "evicted",
        {"phase": "Failed", "reason": "Evicted", "message": "low on memory"},
        "pod podinfo-0 failed: Evicted (low on memory)",
    ),
    (
        "not ready",
        container({"running": {}}, ready=False),
        "container app of pod podinfo-0 runs but is not ready",
    ),
    (
        "not ready again",
        container({"running": {}}, ready=False, last=CRASHED),
        "container app of pod podinfo-0 runs but is not ready, after it ended with status 1",
    ),
    ("starting", container(waiting("ContainerCreating")), ""),
    ("initializing", container(waiting("PodInitializing")), ""),
    ("no state yet", container({}), ""),
    ("init done", container({"terminated": {"exitCode": 0, "reason": "Completed"}}, init=True), ""),
    ("running", container({"running": {}}, ready=True), ""),
]


@pytest.mark.parametrize(("status", "text"), [row[1:] for row in POD_TROUBLE], ids=[row[0] for row in POD_TROUBLE])
def test_what_a_pod_says(status: Json, text: str) -> None:
    assert trouble(shop(status)) == text


def test_a_quota_that_refuses_every_pod() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": QUOTA}
    assert trouble(shop(conditions=[refused])) == f"no pod can be made: {QUOTA}"
    assert trouble(shop(conditions=[refused | {"status": "False"}])) == ""


def test_a_replica_set_that_cannot_be_made() -> None:
    refused = {"type": "Progressing", "status": "False", "reason": "ReplicaSetCreateError", "message": "denied"}
    assert trouble(shop(conditions=[refused])) == "no pod can be made: denied"
    assert trouble(shop(conditions=[refused | {"reason": "ProgressDeadlineExceeded"}])) == ""


@pytest.mark.parametrize("optional", [True, False])
def test_a_config_map_that_pods_mount_and_nobody_made(optional: bool) -> None:
    """Kubernetes tells this in events only."""
    made = shop(volumes=[{"name": "v", "configMap": {"name": "later", "optional": optional}}])
    expected = "" if optional else "its pods need the ConfigMap later, which does not exist; create it"
    assert trouble(made) == expected


def test_a_copy_that_somebody_deleted() -> None:
    made = shop(volumes=[{"name": "v", "configMap": {"name": "x"}}])
    assert trouble(made) == ""
    copy = f"x-{made.template.revision}"
    made.drop("ConfigMap", copy)
    assert trouble(made) == f"its pods need the ConfigMap {copy}, which does not exist; create it"


def test_what_tells_most_comes_first() -> None:
    unready, crashing = container({"running": {}}, ready=False), container(waiting("ErrImagePull"))
    assert trouble(shop(unready, crashing)) == "container app of pod podinfo-1: ErrImagePull"


def test_a_pod_that_ends_says_nothing() -> None:
    made = shop(container({"terminated": {"exitCode": 143}}))
    made.get("Pod", "podinfo-0")["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert trouble(made) == ""


def test_pods_of_another_revision_say_nothing() -> None:
    made = shop()
    made.put(pod("other", **container(waiting("ErrImagePull"))))
    assert trouble(made) == ""


def test_a_revision_that_is_complete_has_no_trouble() -> None:
    made = shop(container(waiting("ErrImagePull")))
    made.ready(f"podinfo-{made.template.revision}")
    assert trouble(made) == ""


def test_a_long_message_is_cut_and_stays_on_one_line() -> None:
    text = trouble(shop(container(waiting("ErrImagePull", "no\n" * 200))))
    assert len(text) == 300
    assert "\n" not in text


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


EARLY, LATE, LATER = (f"2026-01-01T00:00:0{second}Z" for second in (1, 2, 3))


def moved(status: str, moment: Any = EARLY) -> list[Json]:
    return [{"type": "Progressing", "status": status, "lastUpdateTime": moment}]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], None),
        (moved("True"), at(EARLY)),
        (moved("False"), None),
        (moved("Unknown"), None),
        (moved("True", "soon"), None),
        (moved("True", "2026-01-01T00:00:01"), None),
        (moved("True", None), None),
    ],
)
def test_progress_that_the_deployment_tells(conditions: list[Json], expected: float | None) -> None:
    assert shop(conditions=conditions).seen.revisions[0].progressed_at == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"conditions": [{"type": "PodScheduled", "status": "True", "lastTransitionTime": LATE}]}, LATE),
        ({"conditions": [{"type": "PodScheduled", "status": "False", "lastTransitionTime": LATE}]}, EARLY),
        ({"conditions": [{"type": "Initialized", "status": "True", "lastTransitionTime": LATER}]}, LATER),
        (container({"running": {"startedAt": LATER}}, restartCount=0), LATER),
        (container({"running": {"startedAt": LATER}}, restartCount=1), EARLY),
        (container(waiting("ContainerCreating")), EARLY),
    ],
    ids=["scheduled", "not scheduled", "initialized", "started", "started again", "waits"],
)
def test_progress_that_pods_tell(status: Json, expected: str) -> None:
    assert shop(status, conditions=moved("True")).seen.revisions[0].progressed_at == at(expected)
