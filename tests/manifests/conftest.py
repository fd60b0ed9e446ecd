"""The installation as kubectl builds it, and an API that it is applied to."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import Client
from controller.sandbox.crds import foreign_crds
from tests.documents import documents

Object = dict[str, Any]
Build = Callable[[Path], list[Object]]

ROOT = Path(__file__).parents[2]
MANIFESTS = ROOT / "manifests"
WHEEL = Path(sys.executable).with_name("kubectl")
KUBECTL = str(WHEEL) if WHEEL.exists() else shutil.which("kubectl") or ""


@functools.cache
def _built(folder: Path) -> str:
    done = subprocess.run([KUBECTL, "kustomize", str(folder)], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def build() -> Build:
    """The objects of a kustomization, in its order; ``kubectl kustomize`` makes them."""
    if not KUBECTL:
        pytest.skip("no kubectl was found: install the test extra (pip install '.[test]') or put one on PATH")
    return lambda folder: documents(_built(folder))


@pytest.fixture
def with_component(build: Build, tmp_path: Path) -> Callable[[str], list[Object]]:
    """The installation with one of its components, as a kustomization of the user's own names them."""

    def one(component: str) -> list[Object]:
        folder = tmp_path.resolve() / component
        folder.mkdir()
        above = os.path.relpath(MANIFESTS, folder)
        overlay = {"resources": [above], "components": [f"{above}/{component}"]}
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
        return build(folder)

    return one


@pytest.fixture
def installation(build: Build) -> list[Object]:
    """What ``kubectl apply -k manifests`` applies."""
    return build(MANIFESTS)


@pytest.fixture
def get(installation: list[Object]) -> Callable[[str, str], Object]:
    """One object of the installation by kind and name."""

    def one(kind: str, name: str) -> Object:
        (found,) = (each for each in installation if (each["kind"], each["metadata"]["name"]) == (kind, name))
        return found

    return one


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """An API with Istio's kinds and nothing of ours."""
    async with EmbeddedApi(foreign_crds()) as api, Client(api.connection, "tests") as opened:
        yield opened
