"""What the API answers when it does not do as asked: Kubernetes' Status object, with the real server's words.

The reasons and their HTTP codes are those of k8s.io/apimachinery's metav1.StatusReason.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from controller.sandbox.api.schema.errors import FieldError, aggregate
from controller.sandbox.client import Object


class Failure(Exception):
    """An answer that is no success: ``code`` is the HTTP status, ``reason`` the machine-readable word of it.

    ``details`` is the Status object's (name, group, kind, causes, retryAfterSeconds); ``meta`` is its ListMeta.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        details: Object | None = None,
        *,
        meta: Object | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.meta = meta or {}

    def status(self) -> Object:
        """The Status object that is the answer's body."""
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.meta,
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if not self.reason:
            del status["reason"]
        if self.details is not None:
            status["details"] = self.details
        return status

    @classmethod
    def not_found(cls, group: str, plural: str, name: str) -> Self:
        return cls(404, "NotFound", f'{qualified(group, plural)} "{name}" not found', _about(group, plural, name))

    @classmethod
    def already_exists(cls, group: str, plural: str, name: str) -> Self:
        text = f'{qualified(group, plural)} "{name}" already exists'
        return cls(409, "AlreadyExists", text, _about(group, plural, name))

    @classmethod
    def conflict(cls, group: str, plural: str, name: str, why: str) -> Self:
        text = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {why}'
        return cls(409, "Conflict", text, _about(group, plural, name))

    @classmethod
    def forbidden(cls, group: str, plural: str, name: str, why: str) -> Self:
        text = f'{qualified(group, plural)} "{name}" is forbidden: {why}'
        return cls(403, "Forbidden", text, _about(group, plural, name))

    @classmethod
    def invalid(cls, group: str, kind: str, name: str, faults: Sequence[FieldError]) -> Self:
        """422 with one cause per fault; ``faults`` may not be empty."""
        details = _about(group, kind, name) | {"causes": [fault.cause() for fault in faults]}
        return cls(422, "Invalid", f'{qualified(group, kind)} "{name}" is invalid: {aggregate(faults)}', details)

    @classmethod
    def bad_request(cls, message: str) -> Self:
        return cls(400, "BadRequest", message)

    @classmethod
    def expired(cls, message: str, meta: Object | None = None) -> Self:
        return cls(410, "Expired", message, meta=meta)

    @classmethod
    def not_acceptable(cls, offered: Iterable[str]) -> Self:
        text = f"only the following media types are accepted: {', '.join(offered)}"
        return cls(406, "NotAcceptable", text)

    @classmethod
    def unsupported_media(cls, offered: Iterable[str]) -> Self:
        text = f"the body of the request was in an unknown format - accepted media types include: {', '.join(offered)}"
        return cls(415, "UnsupportedMediaType", text)

    @classmethod
    def method_not_allowed(cls) -> Self:
        return cls(405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {})

    @classmethod
    def no_such_path(cls) -> Self:
        """404 for a path below a known group that is no resource."""
        return cls(404, "NotFound", "the server could not find the requested resource", {})

    @classmethod
    def future_version(cls, asked: int, current: int) -> Self:
        """504 for a resourceVersion that no write has reached yet."""
        text = f"Too large resource version: {asked}, current: {current}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        return cls(504, "Timeout", f"Timeout: {text}", {"causes": [cause], "retryAfterSeconds": 1})


def qualified(group: str, plural: str) -> str:
    """``deployments.apps``, and ``pods`` for the core group."""
    return f"{plural}.{group}" if group else plural


def _about(group: str, plural: str, name: str) -> dict[str, Any]:
    details = {"name": name, "group": group, "kind": plural}
    return {key: value for key, value in details.items() if value}
