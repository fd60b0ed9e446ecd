"""Hashes, equality and the annotations that kubectl reads."""

from __future__ import annotations

import re
from typing import Any

from controller.sandbox.client import Object
from controller.sandbox.workloads.revisions import (
    HASH,
    HISTORY,
    REVISION,
    annotations_for_new,
    find_new,
    new_replica_set,
    same_template,
    surplus,
    template_hash,
)

TEMPLATE: Object = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": "a:v1"}]}}


def deployment(**metadata: Any) -> Object:
    body = {"name": "web", "namespace": "shop", "uid": "d", **metadata}
    return {"metadata": body, "spec": {"template": TEMPLATE, "selector": {"matchLabels": {"app": "web"}}}}


def replica_set(name: str, revision: int = 0, **parts: Any) -> Object:
    notes = {REVISION: str(revision)} if revision else {}
    metadata = {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z", "annotations": notes}
    return {"metadata": metadata, "spec": {"replicas": 0, "template": TEMPLATE}, "status": {}, **parts}


def test_a_hash_is_short_stable_and_reads_as_no_word() -> None:
    sign = template_hash(TEMPLATE)
    assert re.fullmatch("[bcdfghjklmnpqrstvwxz2456789]{10}", sign)
    assert sign == template_hash({**TEMPLATE, "metadata": {"labels": {"app": "web", HASH: "x"}, "annotations": {}}})
    assert sign != template_hash(TEMPLATE, collisions=1)
    assert sign != template_hash({**TEMPLATE, "spec": {"containers": []}})


def test_templates_are_the_same_but_for_the_hash_and_what_a_server_adds() -> None:
    marked = {"labels": {"app": "web", HASH: "x"}, "creationTimestamp": None}
    assert same_template(TEMPLATE, {**TEMPLATE, "metadata": marked})
    assert not same_template(TEMPLATE, {**TEMPLATE, "metadata": {"labels": {"app": "web", "tier": "x"}}})


def test_the_new_replica_set() -> None:
    made = new_replica_set(deployment(annotations={"team": "a", REVISION: "7"}), 3, {"n": "1"}, [replica_set("old", 4)])
    sign = template_hash(TEMPLATE)
    assert made["metadata"]["name"] == f"web-{sign}"
    assert made["metadata"]["annotations"] == {"team": "a", REVISION: "5", "n": "1"}
    assert made["spec"]["selector"]["matchLabels"] == {"app": "web", HASH: sign}
    assert made["spec"]["template"]["metadata"]["labels"] == {"app": "web", HASH: sign}
    assert made["spec"]["replicas"] == 3
    assert "hash" not in str(TEMPLATE)
    assert len(new_replica_set(deployment(name="w" * 253), 1, {}, [])["metadata"]["name"]) == 253


def test_a_revision_that_comes_back_gets_the_next_number() -> None:
    notes = annotations_for_new(deployment(), replica_set("one", 1), [replica_set("two", 2)])
    assert (notes[REVISION], notes[HISTORY]) == ("3", "1")
    again = replica_set("one", 3)
    again["metadata"]["annotations"][HISTORY] = "1"
    notes = annotations_for_new(deployment(), again, [replica_set("two", 4)])
    assert (notes[REVISION], notes[HISTORY]) == ("5", "1,3")
    assert annotations_for_new(deployment(), replica_set("one", 3), [replica_set("two", 2)])[REVISION] == "3"


def test_the_oldest_with_the_template_is_the_new_one() -> None:
    young = replica_set("young")
    young["metadata"]["creationTimestamp"] = "2026-02-01T00:00:00Z"
    other = replica_set("other", spec={"template": {"spec": {}}})
    found = find_new(deployment(), [young, other, replica_set("old")])
    assert found is not None
    assert found["metadata"]["name"] == "old"
    assert find_new(deployment(), [other]) is None


def test_only_empty_ones_beyond_the_limit_go() -> None:
    limited = deployment()
    limited["spec"]["revisionHistoryLimit"] = 1
    busy = replica_set("busy", 1, status={"replicas": 1})
    old = [replica_set("three", 3), busy, replica_set("two", 2)]
    assert [item["metadata"]["name"] for item in surplus(limited, old)] == ["two"]
    assert surplus(deployment(), old) == []
