"""``python -m controller`` and the program ``sluice``."""

from __future__ import annotations

from controller.cli import main

if __name__ == "__main__":
    main()
