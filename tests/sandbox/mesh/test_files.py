from __future__ import annotations

import json
from pathlib import Path

from controller.sandbox.mesh.files import Files


def test_envoy_finds_empty_files_at_its_start(tmp_path: Path) -> None:
    files = Files(tmp_path / "new")
    for name in ("listeners", "clusters"):
        path = Path(files.source(name)["path_config_source"]["path"])
        assert json.loads(path.read_text())["resources"] == []


def test_a_new_version_takes_the_place_of_the_old_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = Path(files.source("clusters")["path_config_source"]["path"])
    inode = path.stat().st_ino
    versions = [files.write("clusters", [{"name": str(number)}]) for number in range(3)]
    assert sorted(versions, key=int) == versions
    assert len(set(versions)) == 3
    assert json.loads(path.read_text()) == {"version_info": versions[-1], "resources": [{"name": "2"}]}
    assert path.stat().st_ino != inode  # renamed into its place: Envoy sees nothing else
    assert sorted(one.name for one in tmp_path.iterdir()) == ["clusters.json", "listeners.json"]
