"""manifests/crds says what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.crd.definition import definitions, release_crd
from controller.crd.generate import FOLDER, main, rendered
from tests.documents import document


def test_the_committed_files_are_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().err
    assert {path.name for path in FOLDER.glob("*.yaml")} == set(rendered())


def test_what_is_written_is_the_definition(tmp_path: Path) -> None:
    assert main([], tmp_path, tmp_path / "packed.json") == 0
    text = (tmp_path / "releases.yaml").read_text(encoding="utf-8")
    assert document(text) == release_crd()
    assert "&id" not in text
    assert json.loads((tmp_path / "packed.json").read_text(encoding="utf-8")) == definitions()
    assert main(["--check"], tmp_path, tmp_path / "packed.json") == 0


def test_a_stale_or_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], tmp_path, tmp_path / "packed.json") == 1
    main([], tmp_path, tmp_path / "packed.json")
    (tmp_path / "releases.yaml").write_text("old", encoding="utf-8")
    assert main(["--check"], tmp_path, tmp_path / "packed.json") == 1
    assert (tmp_path / "releases.yaml").read_text(encoding="utf-8") == "old"
    assert "releases.yaml does not fit the models; run `make crd`" in capsys.readouterr().err
