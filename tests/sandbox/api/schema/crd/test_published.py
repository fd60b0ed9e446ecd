"""CRDs that the world uses pass the checks, as they do on a real server; so do the project's own and the sandbox's."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from controller.sandbox.api.schema.crd import check_crd
from controller.sandbox.api.schema.decode import decode_builtin
from controller.sandbox.api.schema.defaults import set_defaults
from controller.sandbox.crds import foreign_crds
from tests.documents import documents

Object = dict[str, Any]
_PROJECT = Path(__file__).parents[5]
_PUBLISHED = _PROJECT.parent / "shared" / "crds"


def found_in(crd: Object) -> list[str]:
    """What is told of one CRD; first of all the fields that it has too many."""
    crd = copy.deepcopy(crd)
    unknown = decode_builtin("apiextensions.k8s.io", "v1", "CustomResourceDefinition", crd)
    set_defaults("apiextensions.k8s.io", "CustomResourceDefinition", crd)
    return [*unknown, *(str(error) for error in check_crd(crd))]


@pytest.mark.parametrize("file", ["istio.yaml", "gateway-api.yaml", "consul.yaml"])
def test_published(file: str) -> None:
    if not (_PUBLISHED / file).is_file():
        pytest.skip(f"the published definitions {_PUBLISHED / file} are not on this machine")
    for crd in filter(None, documents((_PUBLISHED / file).read_text())):
        assert found_in(crd) == [], crd["metadata"]["name"]


@pytest.mark.parametrize("file", sorted((_PROJECT / "manifests" / "crds").glob("*.yaml")), ids=lambda file: file.name)
def test_own(file: Path) -> None:
    for crd in filter(None, documents(file.read_text())):
        assert found_in(crd) == [], crd["metadata"]["name"]


@pytest.mark.parametrize("crd", foreign_crds(), ids=lambda crd: crd["metadata"]["name"])
def test_foreign(crd: Object) -> None:
    assert found_in(crd) == []
