"""What the CustomResourceDefinitions of all our kinds have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.crd.parse import GROUP, VERSION

Column = tuple[str, str, str, str, int]
"""Name, type, JSON path, description and priority (0: always shown, 1: with ``-o wide``) of a printer column."""


def definition(
    kind: str, short: str, columns: Iterable[Column], schema: dict[str, Any], **version: Any
) -> dict[str, Any]:
    """A namespaced kind with one version, as JSON to send to an API server.

    ``short``: its short name for kubectl. ``schema``: of a whole object. ``version``: more of the version, such as its
    subresources.
    """
    singular = kind.lower()
    plural = f"{singular}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": singular,
                "shortNames": [short],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "additionalPrinterColumns": [_column(*column) for column in columns],
                    **version,
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


def _column(name: str, kind: str, path: str, description: str, priority: int) -> dict[str, Any]:
    column = {"name": name, "type": kind, "jsonPath": path, "description": description}
    return column | ({"priority": priority} if priority else {})
