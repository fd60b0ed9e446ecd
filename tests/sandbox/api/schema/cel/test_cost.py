"""Upper bounds of costs: `costs.yaml`, recorded from kube-apiserver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.api.schema.cel.checker import check
from controller.sandbox.api.schema.cel.cost import UNLIMITED, most
from controller.sandbox.api.schema.cel.parser import parse
from controller.sandbox.api.schema.cel.types import Type, declared
from controller.sandbox.api.schema.crd.rules import RULE_LIMIT
from tests.documents import document

_TABLE: dict[str, Any] = document(Path(__file__).with_name("costs.yaml").read_text())


def cost(source: str, kind: Type) -> int:
    node = parse(source)
    return most(node, check(node, {"self": kind, "oldSelf": kind}), kind)


@pytest.mark.parametrize(("source", "row"), _TABLE["rules"].items(), ids=list(_TABLE["rules"]))
def test_like_a_real_server(source: str, row: list[Any]) -> None:
    kind = declared(_TABLE["schema"])
    assert kind is not None
    items, wanted = row
    factor = min(cost(source, kind) * items, UNLIMITED) / RULE_LIMIT
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    assert shown == wanted


def test_nothing_bounds_text_without_a_length() -> None:
    kind = declared({"type": "object", "properties": {"l": {"type": "array", "items": {"type": "string"}}}})
    assert kind is not None
    assert cost("self.l.all(x, self.l.exists(y, x.contains(y)))", kind) > 100 * RULE_LIMIT
