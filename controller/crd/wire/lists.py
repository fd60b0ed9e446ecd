"""Lists and maps with their limits; every one has a maximum, which the API server's cost estimate for rules needs."""

from __future__ import annotations

from typing import Any

from pydantic import AfterValidator, Field

from controller.crd.forms import refuse, shown


def _unique(values: list[Any]) -> list[Any]:
    for index, value in enumerate(values):
        if value in values[:index]:
            raise refuse(f"{shown(value)} is listed twice; remove one")
    return values


def at_most(most: int) -> Any:
    """A list (or map) of 1 to ``most`` entries; none at all is written by leaving the field out."""
    return Field(min_length=1, max_length=most)


def name_set(most: int) -> Any:
    """A list of 1 to ``most`` different strings, to use with ``Annotated[..., *name_set(16)]``."""
    extra: dict[str, Any] = {"x-kubernetes-list-type": "set"}
    return Field(min_length=1, max_length=most, json_schema_extra=extra), AfterValidator(_unique)
