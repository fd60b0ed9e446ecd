"""`builtins.json` is what the installed model classes say."""

from __future__ import annotations

import importlib.metadata
import json

import pytest

from controller.sandbox.api.schema import generate


def test_up_to_date() -> None:
    installed = importlib.metadata.version("kubernetes")
    made_from = json.loads(generate.TARGET.read_text())["kubernetes"]
    if installed != made_from:
        pytest.skip(f"builtins.json was made from kubernetes {made_from}; {installed} is installed")
    assert generate.generated() == generate.TARGET.read_text()


def test_an_unknown_argument_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--chek"]) == 2
    assert "usage:" in capsys.readouterr().err
