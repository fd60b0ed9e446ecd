"""Write the CustomResourceDefinitions to manifests/crds, or say whether they are up to date.

The same as JSON goes beside the models, for programs that would otherwise wait half a second for pydantic.

python -m controller.crd.generate            writes them
python -m controller.crd.generate --check    exits with 1 and names the file that differs
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

from controller.crd.definition import definitions

FOLDER = Path(__file__).parents[2] / "manifests" / "crds"
PACKED = Path(__file__).with_name("definitions.json")
_HEADER = "# Generated from the models in controller/crd by `make crd`; change those.\n"


class _Plain(yaml.SafeDumper):
    """Without anchors: equal parts of a schema are written out each time, as people and tools expect them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def rendered() -> dict[str, str]:
    """The text of each file, by its name."""
    return {
        f"{definition['spec']['names']['plural']}.yaml": _HEADER
        + yaml.dump(definition, Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)
        for definition in definitions()
    }


def main(arguments: list[str] | None = None, folder: Path = FOLDER, packed: Path = PACKED) -> int:
    """The exit code: 1 when ``--check`` finds a difference."""
    parser = argparse.ArgumentParser(description="Generate the CRDs from the models.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is not up to date")
    check = parser.parse_args(arguments).check
    stale = 0
    files = {folder / name: text for name, text in rendered().items()}
    files[packed] = json.dumps(definitions(), separators=(",", ":")) + "\n"
    for path, text in files.items():
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} does not fit the models; run `make crd` and commit it", file=sys.stderr)
            stale = 1
    return stale


if __name__ == "__main__":
    sys.exit(main())
