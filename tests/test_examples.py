"""Every example is accepted by the parser and by the API server, and the README names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.crd import definitions, parse_release
from controller.sandbox.api import EmbeddedApi
from controller.sandbox.client import Client

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "manifests" / "examples").glob("*.yaml"))


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
async def test_an_example_is_accepted(path: Path) -> None:
    example = load(path)
    parse_release(example)
    async with EmbeddedApi(crds=definitions()) as api, Client(api.connection, "test") as client:
        await client.create("/api/v1/namespaces", {"metadata": {"name": "shop"}})
        await client.create("/apis/sluice.dev/v1alpha1/namespaces/shop/releases", example)


def test_every_link_of_the_readme_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)", (ROOT / "README.md").read_text())
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_word_of_make_that_the_readme_says_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    said = set(re.findall(r"(?m)(?:^|`|\$ )make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert said <= targets
