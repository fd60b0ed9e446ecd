"""Jobs: enough successes, too many failures, time."""

from __future__ import annotations

import pytest

from controller.sandbox.client import Object
from controller.sandbox.workloads.jobstatus import TRACKING
from controller.sandbox.workloads.kinds import JOB, POD
from tests.sandbox.lab import Lab, condition

pytestmark = pytest.mark.asyncio(loop_scope="module")


def ended(kind: str) -> object:
    return lambda item: condition(item, kind).get("status") == "True"


async def finished(lab: Lab, name: str = "work") -> Object:
    def over(item: Object) -> bool:
        return any(condition(item, kind).get("status") == "True" for kind in ("Complete", "Failed"))

    return await lab.until_one(JOB, name, over)


async def test_a_job_completes(lab: Lab) -> None:
    await lab.job(completions=3, parallelism=2)
    found = await finished(lab)
    status = found["status"]
    assert condition(found, "Complete")["status"] == "True"
    assert condition(found, "SuccessCriteriaMet")["status"] == "True"
    assert status["succeeded"] == 3
    assert not status.get("active")
    assert not status.get("failed")
    assert status["startTime"] <= status["completionTime"]
    pods = await lab.until(POD, lambda items: items if not any(map(tracked, items)) else None)
    assert [pod["status"]["phase"] for pod in pods] == ["Succeeded"] * 3


def tracked(pod: Object) -> bool:
    return TRACKING in (pod["metadata"].get("finalizers") or [])


async def test_no_more_than_parallelism_run_at_once(lab: Lab) -> None:
    most = 0

    def watch(items: list[Object]) -> bool:
        nonlocal most
        most = max(most, sum(pod["status"].get("phase") in ("Pending", "Running") for pod in items))
        return len(items) == 3

    await lab.job(completions=3, parallelism=1, image="job:v1-exit-0-after-50ms")
    await lab.until(POD, watch)
    await finished(lab)
    assert most == 1


async def test_a_job_fails_after_its_backoff_limit(lab: Lab) -> None:
    await lab.job(image="job:v1-exit-3", backoffLimit=1)
    found = await finished(lab)
    assert condition(found, "Failed")["reason"] == "BackoffLimitExceeded"
    assert condition(found, "FailureTarget")["status"] == "True"
    assert found["status"]["failed"] == 2
    codes = [pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] for pod in await lab.all(POD)]
    assert codes == [3, 3]


async def test_containers_are_restarted_in_place_on_failure(lab: Lab) -> None:
    await lab.job(image="job:v1-exit-1", restart="OnFailure", backoffLimit=2)
    found = await finished(lab)
    assert condition(found, "Failed")["reason"] == "BackoffLimitExceeded"
    await lab.until(POD, lambda items: not items)  # the one that went on failing is deleted


async def test_a_deadline_ends_a_job(lab: Lab) -> None:
    await lab.job(image="job:v1-exit-0-after-60s", activeDeadlineSeconds=1)
    found = await finished(lab)
    assert condition(found, "Failed")["reason"] == "DeadlineExceeded"
    await lab.until(POD, lambda items: not items)


async def test_a_finished_job_is_deleted_after_its_time_to_live(lab: Lab) -> None:
    await lab.job(ttlSecondsAfterFinished=0)
    await lab.until(JOB, lambda items: not items)
    await lab.until(POD, lambda items: not items)


async def test_a_suspended_job_starts_nothing(lab: Lab) -> None:
    await lab.job(suspend=True)
    await lab.until_one(JOB, "work", lambda item: condition(item, "Suspended").get("status") == "True")
    assert await lab.all(POD) == []
    await lab.patch(JOB, "work", {"spec": {"suspend": False}})
    found = await finished(lab)
    assert condition(found, "Complete")["status"] == "True"
    assert condition(found, "Suspended")["status"] == "False"


async def test_a_running_job_can_be_deleted_with_its_pods(lab: Lab) -> None:
    await lab.job(image="job:v1-exit-0-after-60s")
    await lab.until(POD, lambda items: any(pod["status"].get("phase") == "Running" for pod in items))
    await lab.delete(JOB, "work")
    await lab.until(POD, lambda items: not items)
    await lab.until(JOB, lambda items: not items)


async def test_a_pod_that_is_deleted_is_replaced(lab: Lab) -> None:
    await lab.job(image="job:v1-exit-0-after-60s")
    (first,) = await lab.until(POD, lambda items: [pod for pod in items if pod["status"].get("phase") == "Running"])
    await lab.delete(POD, first["metadata"]["name"])
    await lab.until(
        POD, lambda items: [one["metadata"]["uid"] for one in items] != [first["metadata"]["uid"]] and items
    )
    found = await lab.until_one(JOB, "work", lambda item: item["status"].get("failed") == 1)
    assert found["status"]["active"] == 1
