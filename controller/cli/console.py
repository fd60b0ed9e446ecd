"""How answers reach people and programs: coloured on a terminal, plain text elsewhere, JSON or YAML on demand."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

from controller.cli.options import Format

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

_WIDE = 100_000  # characters: where nobody looks at a screen, a line is not broken


def console() -> Console:
    """Standard output; rich leaves colours out where it is no terminal or NO_COLOR is set."""
    from rich.console import Console

    return Console(highlight=False, markup=False)


def show(answer: RenderableType) -> None:
    """Print it, as wide as the terminal, or in unbroken plain lines where there is none."""
    out = console()
    if out.is_terminal:
        out.print(answer)
    else:
        print(plain(answer), flush=True)


def plain(answer: RenderableType, width: int = _WIDE) -> str:
    """The text of it without colours, spaces at the ends of lines left out."""
    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=width, highlight=False, markup=False, color_system=None).print(answer)
    return "\n".join(line.rstrip() for line in text.getvalue().rstrip("\n").split("\n"))


def say(text: str) -> None:
    """One line for people, at once; never broken."""
    print(text, flush=True)


def warn(text: str) -> None:
    """One line beside the answer, on standard error."""
    print(text, file=sys.stderr, flush=True)


def dump(value: Any, form: Format) -> None:
    """Print an object for programs."""
    if form is Format.JSON:
        print(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        import yaml

        print(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120), end="")
