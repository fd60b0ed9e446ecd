"""What the user typed to start this program: messages name commands as they would be typed again."""

from __future__ import annotations

import sys
from pathlib import Path


def program() -> str:
    """``sluice``, or ``kubectl sluice`` where kubectl started this as its plugin."""
    return "kubectl sluice" if Path(sys.argv[0]).name.startswith("kubectl-sluice") else "sluice"
