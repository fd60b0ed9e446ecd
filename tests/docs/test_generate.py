"""The reference pages fit the code, and the check notices when one does not."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from controller.crd import definitions
from controller.telemetry import Telemetry

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_field_of_a_release_is_described(generate: ModuleType) -> None:
    (schema,) = [
        one["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        for one in definitions()
        if one["spec"]["names"]["kind"] == "Release"
    ]
    lines = set(generate.pages()["release.md"].splitlines())

    def check(path: str, node: dict[str, object]) -> None:
        properties = node.get("properties")
        if isinstance(properties, dict) and properties:
            assert f"## {path}" in lines
            for name, child in properties.items():
                assert any(line.lstrip("| *").startswith(f"`{name}`") for line in lines), f"{path}.{name}"
                check(f"{path}.{name}", child)
        if isinstance(items := node.get("items"), dict):
            check(f"{path}[]", items)

    for name in ("spec", "status"):
        check(name, schema["properties"][name])


def test_every_series_of_ours_is_on_the_page(generate: ModuleType) -> None:
    page = generate.pages()["metrics.md"]
    names = {family.name for family in Telemetry().registry.collect() if family.name.startswith("sluice_")}
    assert names
    assert [name for name in names if f"`{name}`" not in page and f"`{name}_total`" not in page] == []


def test_a_page_that_differs_is_named_and_one_too_many_too(
    generate: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main(["--check"], tmp_path) == 1
    assert generate.main([], tmp_path) == 0
    assert generate.main(["--check"], tmp_path) == 0
    capsys.readouterr()

    (tmp_path / "metrics.md").write_text("old")
    (tmp_path / "gone.md").write_text("nothing makes this")
    assert generate.main(["--check"], tmp_path) == 1
    told = capsys.readouterr().err
    assert "metrics.md" in told
    assert "gone.md" in told
    assert "make generate" in told

    assert generate.main([], tmp_path) == 0
    assert not (tmp_path / "gone.md").exists()
