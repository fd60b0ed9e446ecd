"""The base of every wire model: strict, closed, frozen, camelCase; and OneOf, for objects with alternatives.

A wire model holds what the user wrote, as written. It knows its own rules (``rules``, said to the API server too) and
what only the parser can check of it (``problems``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from controller.crd.rules import Rule, exactly_one, needs


class WireModel(BaseModel):
    """An object on the wire."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, use_attribute_docstrings=True
    )

    rules: ClassVar[tuple[Rule, ...]] = ()
    """What holds between the fields of one object, for parser and API server."""

    def problems(self) -> Iterator[tuple[str, str]]:
        """(path below, sentence) for what only the parser can see; called on objects that are valid by themselves."""
        yield from ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        if cls.rules:
            schema["x-kubernetes-validations"] = [rule.validation() for rule in cls.rules]
        return schema


class OneOf(WireModel):
    """An object that has exactly one of ``alternatives``; a field of ``goes_with`` stands only beside those it names.

    A single alternative (so far) is a required field and needs no rule.
    """

    alternatives: ClassVar[tuple[str, ...]] = ()
    goes_with: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        own = cls.__dict__.get("rules", ())
        alternatives = (exactly_one(*cls.alternatives),) if len(cls.alternatives) > 1 else ()
        cls.rules = (*alternatives, *(needs(field, *others) for field, others in cls.goes_with.items()), *own)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field holds: ``model`` objects alone, in a list or in a map; or, without a model, a plain value."""

    model: type[WireModel] | None = None
    many: type[list[Any]] | type[dict[str, Any]] | None = None


def shape_of(annotation: Any) -> Shape:
    """The shape behind a field's annotation, whatever Optional and Annotated stand around it."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return shape_of(get_args(annotation)[0])
    if origin in (Union, UnionType):
        choices = [shape_of(choice) for choice in get_args(annotation) if choice is not NoneType]
        return next((shape for shape in choices if shape.model), choices[0])
    if origin in (list, dict):
        return Shape(shape_of(get_args(annotation)[-1]).model, origin)
    if isinstance(annotation, type) and issubclass(annotation, WireModel):
        return Shape(annotation)
    return Shape()


@cache
def shapes(model: type[WireModel]) -> dict[str, Shape]:
    """The shape of each field, by its name on the wire; not to be changed."""
    return {field.alias or name: shape_of(field.annotation) for name, field in model.model_fields.items()}


def children(model: type[WireModel], raw: Mapping[str, Any]) -> Iterator[tuple[str, type[WireModel], Any]]:
    """(path below, model, value) of every object directly inside ``raw``, as far as its shape allows to say."""
    for name, shape in shapes(model).items():
        value = raw.get(name)
        if shape.model is None or value is None:
            continue
        if shape.many is list and isinstance(value, list):
            yield from ((f".{name}[{index}]", shape.model, item) for index, item in enumerate(value))
        elif shape.many is dict and isinstance(value, dict):
            yield from ((f".{name}[{key}]", shape.model, item) for key, item in value.items())
        elif shape.many is None:
            yield f".{name}", shape.model, value
