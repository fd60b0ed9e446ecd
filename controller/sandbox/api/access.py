"""Reviews: what somebody may do (here everybody everything; the answer says so), and who it is that asks."""

from __future__ import annotations

from collections.abc import Mapping

from controller.sandbox.api.objects import decoded, read_object
from controller.sandbox.api.request import Call
from controller.sandbox.client import Object

_ALLOWED: Object = {"allowed": True, "reason": "the embedded API allows everything"}
_RULES: Object = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}
ANSWERS: Mapping[str, Object] = {
    "SelfSubjectAccessReview": _ALLOWED,
    "SelfSubjectRulesReview": _RULES,
    "SubjectAccessReview": _ALLOWED,
}
"""The status of each review of what somebody may do."""
SELF = "SelfSubjectReview"


def review(call: Call) -> Object:
    """POST of an access review: the same with its status."""
    item, doubles = read_object(call, call.resource)
    decoded(call, call.resource, item, call.write_options(), doubles)
    return {
        "kind": call.resource.kind,
        "apiVersion": call.resource.api_version,
        "metadata": {},
        "spec": item.get("spec") or {},
        "status": ANSWERS[call.resource.kind],
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
