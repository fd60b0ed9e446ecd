"""The columns of `kubectl get`, kind by kind."""

from __future__ import annotations

from controller.sandbox.api.resources import Column


def columns_of(kind: str) -> tuple[Column, ...]:
    return ()
