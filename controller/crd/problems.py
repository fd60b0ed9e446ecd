"""What is wrong with a Release, in sentences: each names the field and says what to write instead."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from controller.crd.forms import Form, shown
from controller.crd.model import Shape, WireModel, children, shapes
from controller.crd.rules import listed


@dataclass(frozen=True, slots=True)
class Problem:
    """``field`` is a path such as ``spec.strategy.canary.steps[1].weight``; ``sentence`` says what is wrong and what
    to do."""

    field: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.field}: {self.sentence}" if self.field else self.sentence


def find_problems(model: type[WireModel], raw: Any, path: str) -> tuple[Problem, ...]:
    """Everything that is wrong with ``raw`` as a ``model``: each field by itself, the rules of each object, and what
    only the parser can see in those objects that are otherwise right. Empty when nothing is."""
    try:
        model.model_validate(raw)
    except ValidationError as error:
        own = [_problem(model, path, details) for details in error.errors(include_url=False)]
    else:
        own = []
    return tuple(dict.fromkeys([*own, *_between_fields(model, raw, path)]))


def _between_fields(model: type[WireModel], raw: Any, path: str) -> Iterator[Problem]:
    if not isinstance(raw, dict):
        return
    sound = True
    for rule in model.rules:
        if sentence := rule.judge(raw):
            sound = False
            yield Problem(path + rule.path, sentence)
    for below, child, value in children(model, raw):
        inner = list(_between_fields(child, value, path + below))
        sound = sound and not inner
        yield from inner
    if sound and model.problems is not WireModel.problems and (value := _valid(model, raw)):
        yield from (Problem(path + below, sentence) for below, sentence in value.problems())


def _valid(model: type[WireModel], raw: Mapping[str, Any]) -> WireModel | None:
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _problem(model: type[WireModel], path: str, details: ErrorDetails) -> Problem:
    shape, parent, form = Shape(model), model, None
    name = ""
    for part in details["loc"]:
        if isinstance(part, int) or shape.many is dict:
            path, shape = f"{path}[{part}]", Shape(shape.model)
        else:
            parent, name = shape.model or parent, part
            path, form = f"{path}.{part}", _form(parent, part)
            shape = shapes(parent).get(part, Shape())
    return Problem(path, _sentence(details, parent, name, form, path))


def _form(model: type[WireModel], name: str) -> Form | None:
    fields = {field.alias or key: field for key, field in model.model_fields.items()}
    metadata = fields[name].metadata if name in fields else []
    return next((entry for entry in metadata if isinstance(entry, Form)), None)


_WANTED = {
    "bool_type": "true or false",
    "int_type": "a whole number, without quotes",
    "float_type": "a number, without quotes",
    "string_type": "text",
    "list_type": "a list, each entry after a -",
    "dict_type": "a map, its entries indented below it",
    "model_type": "a map, its fields indented below it",
    "finite_number": "a finite number",
    "int_from_float": "a whole number",
}
_BOUNDS = {
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _sentence(details: ErrorDetails, parent: type[WireModel], name: str, form: Form | None, path: str) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "form":
        return str(context["sentence"])
    if kind == "missing":
        return f"it is missing; add it{': ' + form.what if form else ''}"
    if kind == "extra_forbidden":
        return _unknown(parent, name, path)
    if kind == "enum":
        return f"{shown(value)} is none of the choices; write {str(context['expected']).replace(chr(39), '')}"
    if kind == "literal_error":
        return f"{shown(value)} says nothing; write {name}: true or remove it"
    if kind in _WANTED:
        return f"{shown(value)} is of the wrong kind; write {_WANTED[kind]}"
    if kind in _BOUNDS:
        word, key = _BOUNDS[kind]
        limit = context[key]
        return f"{shown(value)} is out of range; write a number {word} {int(limit) if limit == int(limit) else limit}"
    if kind == "too_long":
        return f"it has {len(value)} entries; at most {context['max_length']} are allowed"
    if kind == "too_short":
        return "it is empty; add an entry or remove it" if name != "steps" else "it is empty; add at least one step"
    return f"{details['msg']} ({shown(value)}); correct it"


def _unknown(model: type[WireModel], name: str, path: str) -> str:
    known = list(shapes(model))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.7) or [
        field for field in known if field.lower() == name.lower()
    ]
    if close:
        return f"there is no such field; did you mean {close[0]}?"
    section = path.removeprefix("spec.").split(".")
    elsewhere = [place for place in _places().get(name, []) if place.split(".")[1:] != section]
    if elsewhere:
        return f"there is no such field here; it belongs at {elsewhere[0]}"
    return f"there is no such field; remove it, or write {listed(known, 'or')}"


def _places() -> dict[str, list[str]]:
    """Where each field name stands in a Release's spec, to say where a misplaced one belongs."""
    from controller.crd.wire import Spec  # the models import this package's other modules, not this one

    found: dict[str, list[str]] = {}

    def visit(model: type[WireModel], path: str) -> None:
        for name, shape in shapes(model).items():
            found.setdefault(name, []).append(f"{path}.{name}")
            if shape.model:
                visit(shape.model, f"{path}.{name}" + ("[]" if shape.many is list else ""))

    visit(Spec, "spec")
    return found
