"""What the pages promise is there: links, commands, options, and Releases that Sluice would follow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
import yaml

from controller.admission import admit
from controller.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[\s`/])sluice ([a-z][a-z-]+)((?: +[^\s`|#]+)*)")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The fragments of a page's headings, as a forge makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Every ``sluice ...`` in code, with the flags that stand behind it."""
    text = page.read_text(encoding="utf-8")
    code = [block for kind, block in BLOCK.findall(text) if kind in ("", "sh")]
    code += re.findall(r"`([^`\n]+)`", BLOCK.sub("", text))
    for piece in code:
        for name, rest in COMMAND.findall(piece.replace("\\\n", " ")):
            yield name, re.findall(r"(?:^| )(--?[a-z][\w-]*)", rest)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_and_their_flags_exist(page: Path) -> None:
    group = typer.main.get_command(app)
    known = getattr(group, "commands", {})
    unknown = []
    for name, flags in commands(page):
        if name not in known:
            unknown.append(name)
        elif name != "run":  # its flags are read by Settings, and described from there
            options = {
                option for parameter in known[name].params for option in parameter.opts + parameter.secondary_opts
            }
            unknown += [f"{name} {flag}" for flag in flags if flag not in options | {"--help"}]
    assert unknown == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_yaml_can_be_read_and_releases_can_be_followed(page: Path) -> None:
    for kind, block in BLOCK.findall(page.read_text(encoding="utf-8")):
        if kind != "yaml":
            continue
        for document in yaml.safe_load_all(block):
            if document.get("kind") == "Release" and document.get("apiVersion", "").startswith("sluice.dev/"):
                admit(document)
