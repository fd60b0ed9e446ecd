"""Expressions and what a real API server makes of them: `expressions.yaml`, recorded from kube-apiserver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.api.schema.cel.checker import check
from controller.sandbox.api.schema.cel.evaluate import evaluate
from controller.sandbox.api.schema.cel.parser import parse
from controller.sandbox.api.schema.cel.syntax import CelSyntaxError, located
from controller.sandbox.api.schema.cel.types import declared
from controller.sandbox.api.schema.cel.values import CelError, to_cel
from tests.documents import document

_TABLE: dict[str, Any] = document(Path(__file__).with_name("expressions.yaml").read_text())


@pytest.mark.parametrize(("source", "wanted"), _TABLE["expressions"].items(), ids=list(_TABLE["expressions"]))
def test_like_a_real_server(source: str, wanted: bool | str) -> None:
    kind = declared(_TABLE["schema"])
    assert kind is not None
    found: bool | str
    try:
        node = parse(source)
        check(node, {"self": kind})
        found = evaluate(node, {"self": to_cel(_TABLE["value"], _TABLE["schema"])})
    except CelSyntaxError as bad:
        found = f"compilation failed: {located(source, bad.message, bad.place)}"
    except CelError as error:
        found = str(error)
    assert found == wanted


@pytest.mark.parametrize("source", ["dyn(5).size() == 1", "dyn('a') + 1 == 2", "dyn(5) && true", "dyn([1]).all(x, x)"])
def test_types_found_wrong_only_at_run_time(source: str) -> None:
    with pytest.raises(CelError, match="no such overload"):
        evaluate(parse(source), {})
