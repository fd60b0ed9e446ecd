"""Reviews: what somebody may do (here everybody everything; the answer says so), and who it is that asks."""

from __future__ import annotations

from controller.sandbox.api.objects import decoded, read_object
from controller.sandbox.api.request import Call
from controller.sandbox.client import Object

KINDS = frozenset(("SelfSubjectAccessReview", "SubjectAccessReview"))
SELF = "SelfSubjectReview"


def review(call: Call) -> Object:
    """POST of an access review: the same with its status."""
    item, doubles = read_object(call, call.resource)
    decoded(call, call.resource, item, call.write_options(), doubles)
    reason = "the embedded API allows everything"
    return {
        "kind": call.resource.kind,
        "apiVersion": call.resource.api_version,
        "metadata": {},
        "spec": item.get("spec") or {},
        "status": {"allowed": True, "reason": reason},
    }


def who_am_i(call: Call) -> Object:
    """POST of a review of oneself (KEP-3325): its status names the user, as authentication and impersonation say."""
    item, doubles = read_object(call, call.resource)
    decoded(call, call.resource, item, call.write_options(), doubles)
    return {
        "kind": call.resource.kind,
        "apiVersion": call.resource.api_version,
        "metadata": {},
        "status": {"userInfo": {"username": call.user, "groups": list(call.groups)}},
    }
