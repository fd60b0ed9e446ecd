"""The image: what it is built from is there, is let through by .dockerignore, and is all that the wheel needs."""

from __future__ import annotations

import re
import tomllib

from tests.manifests.conftest import ROOT

LINES = (ROOT / "Dockerfile").read_text().replace("\\\n", " ").splitlines()
IGNORE = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def instructions(word: str) -> list[str]:
    return [line.removeprefix(word).strip() for line in LINES if line.startswith(f"{word} ")]


def copied() -> set[str]:
    """What comes from the folder of the project."""
    plain = [line.split()[:-1] for line in instructions("COPY") if not line.startswith("--from")]
    return {name for names in plain for name in names}


def test_what_is_copied_is_there_and_passes_the_ignore_file() -> None:
    assert all((ROOT / name).exists() for name in copied())
    assert IGNORE[0] == "*"
    assert {line.removeprefix("!") for line in IGNORE if line.startswith("!")} == copied()


def test_the_wheel_needs_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    hatch = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {project["project"]["readme"], *project["project"]["license-files"], *hatch["packages"], "pyproject.toml"}
    needed |= set(hatch.get("force-include", ()))
    assert needed == copied()


def test_it_runs_as_nobody_with_nothing_to_install_by() -> None:
    (user,) = instructions("USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)  # numbers: runAsNonRoot cannot tell of a name
    last = max(at for at, line in enumerate(LINES) if line.startswith("FROM "))
    assert not any("--from=build /wheels" in line for line in LINES[last:])
    assert any("pip uninstall" in line for line in LINES[last:])
    assert instructions("ENTRYPOINT") == ['["sluice"]']
    assert instructions("CMD") == ['["run"]']


def test_its_python_is_one_that_the_project_supports() -> None:
    (given,) = instructions("ARG")
    found = re.fullmatch(r"PYTHON=3\.(\d+)", given)
    assert found
    assert int(found[1]) >= 11
    assert {line.split(" AS ")[0] for line in instructions("FROM")} == {"python:${PYTHON}-slim"}
