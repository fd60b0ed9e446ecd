"""JSON Patch, RFC 6902, with the answers of an API server.

As there: a patch that is no list of operations is 400; an operation that cannot be carried out, a failed ``test``
included, is 422 with one general sentence (the true cause is in PatchError.detail).

The server's library (evanphx/json-patch v4) is kinder than the RFC, and so is this: an object's member that is not
there counts as null in ``replace``, ``test`` and ``copy``; a missing ``value`` is null; an index may count from the
end; what stands before a path's first slash is not looked at; null is an empty patch. In one thing it is stricter:
``test`` compares numbers as they are written, 1 is not 1.0.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from controller.sandbox.api.patch.errors import GENERIC_422, PatchError
from controller.sandbox.api.patch.go_text import cannot_unmarshal
from controller.sandbox.api.patch.values import duplicate

MAX_OPERATIONS = 10_000

Operation = dict[str, Any]


def json_patch(target: Any, patch: Any) -> Any:
    """``target`` after the operations of ``patch``; both stay untouched.

    Raises PatchError: 400 for a malformed patch, 413 for more than 10,000 operations, 422 for one that does not apply.
    """
    patch = [] if patch is None else patch
    _check_form(patch)
    if len(patch) > MAX_OPERATIONS:
        raise PatchError(
            413,
            "RequestEntityTooLarge",
            f"Request entity is too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, "
            f"got {len(patch)}",
        )
    document = duplicate(target)
    for operation in patch:
        carry_out = _OPERATIONS.get(operation.get("op", ""))
        if carry_out is None:
            raise _refused(f"unexpected kind of operation: {operation.get('op', 'unknown')}")
        document = carry_out(document, operation)
    return document


def _check_form(patch: Any) -> None:
    """Raises PatchError(400) unless ``patch`` is a list of objects whose op, path and from are strings."""
    prefix = "error decoding patch: "
    if not isinstance(patch, list):
        raise PatchError(400, "BadRequest", prefix + cannot_unmarshal(patch, "value of type []handlers.jsonPatchOp"))
    for operation in patch:
        if not isinstance(operation, dict):
            message = cannot_unmarshal(operation, "value of type handlers.jsonPatchOp")
            raise PatchError(400, "BadRequest", prefix + message)
        for name in ("op", "path", "from"):
            if not isinstance(operation.get(name, ""), str):
                message = cannot_unmarshal(operation[name], f"struct field jsonPatchOp.{name} of type string")
                raise PatchError(400, "BadRequest", prefix + message)


def _tokens(pointer: str) -> list[str]:
    """The reference tokens of a JSON pointer (RFC 6901)."""
    _, slash, rest = pointer.partition("/")
    if not slash:
        raise _refused(f"a path starts with a slash: {pointer!r}")
    return [token.replace("~1", "/").replace("~0", "~") for token in rest.split("/")]


def _refused(detail: str) -> PatchError:
    return PatchError(422, "Invalid", GENERIC_422, detail=detail)


def _member(operation: Operation, name: str) -> str:
    if name not in operation:
        raise _refused(f"{operation['op']}: the operation has no {name!r}")
    value: str = operation[name]
    return value


def _value(operation: Operation) -> Any:
    return duplicate(operation.get("value"))


def _index(token: str, size: int, where: str) -> int:
    """A list index below ``size``; negative ones count from the end."""
    try:
        index = int(token)
    except ValueError:
        raise _refused(f"{where}: {token!r} is not a list index") from None
    if not -size <= index < size:
        raise _refused(f"{where}: index {index} is outside the list")
    return index % size


def _step(container: Any, token: str, where: str) -> Any:
    if isinstance(container, dict) and token in container:
        return container[token]
    if isinstance(container, list):
        return container[_index(token, len(container), where)]
    raise _refused(f"{where}: there is no {token!r}")


def _look_up(document: Any, pointer: str) -> Any:
    parent, token = _parent(document, pointer)
    return parent.get(token) if isinstance(parent, dict) else _step(parent, token, pointer)


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    *path, last = _tokens(pointer)
    for token in path:
        document = _step(document, token, pointer)
    if not isinstance(document, dict | list):
        raise _refused(f"{pointer}: its parent is neither an object nor a list")
    return document, last


def _insert(document: Any, pointer: str, value: Any) -> Any:
    parent, token = _parent(document, pointer)
    if isinstance(parent, dict):
        parent[token] = value
    elif token == "-":
        parent.append(value)
    else:
        parent.insert(_index(token, len(parent) + 1, pointer), value)
    return document


def _delete(document: Any, pointer: str) -> Any:
    parent, token = _parent(document, pointer)
    if isinstance(parent, list):
        return parent.pop(_index(token, len(parent), pointer))
    if token not in parent:
        raise _refused(f"{pointer}: there is nothing to remove")
    return parent.pop(token)


def _add(document: Any, operation: Operation) -> Any:
    return _insert(document, _member(operation, "path"), _value(operation))


def _remove(document: Any, operation: Operation) -> Any:
    _delete(document, _member(operation, "path"))
    return document


def _replace(document: Any, operation: Operation) -> Any:
    pointer = _member(operation, "path")
    value = _value(operation)
    if not pointer:
        return value
    parent, token = _parent(document, pointer)
    if isinstance(parent, dict):
        parent[token] = value
    else:
        parent[_index(token, len(parent), pointer)] = value
    return document


def _move(document: Any, operation: Operation) -> Any:
    origin, pointer = _member(operation, "from"), _member(operation, "path")
    if pointer.startswith(origin + "/"):
        raise _refused(f"move: {pointer} lies inside {origin}")
    return _insert(document, pointer, _delete(document, origin))


def _copy(document: Any, operation: Operation) -> Any:
    origin, pointer = _member(operation, "from"), _member(operation, "path")
    return _insert(document, pointer, duplicate(_look_up(document, origin)))


def _test(document: Any, operation: Operation) -> Any:
    pointer = _member(operation, "path")
    found = _look_up(document, pointer) if pointer else document
    if "value" not in operation or _written(found) != _written(operation["value"]):
        raise _refused(f"testing value {pointer} failed")
    return document


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


_OPERATIONS: dict[str, Callable[[Any, Operation], Any]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
