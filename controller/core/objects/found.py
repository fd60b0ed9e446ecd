"""The objects that a pass found, by kind, namespace and name: what routers and workloads read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from controller.core.objects.metadata import Object, labels, name, namespace


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """One object, or with ``name`` "" every object of the kind in ``namespace`` ("" there: in all namespaces).

    ``api`` is group and version as in an object's ``apiVersion`` (``apps/v1``, ``v1``). ``whole`` False: only metadata
    is looked at, so that nothing more needs to be fetched.
    """

    api: str
    kind: str
    namespace: str = ""
    name: str = ""
    whole: bool = True

    def __str__(self) -> str:
        """How a message calls it: ``Deployment shop/podinfo``."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Found(Protocol):
    """What was found. The objects are shared: nobody may change them."""

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """The object, None when there is none."""
        ...

    def list(self, kind: str, namespace: str = "", selector: Mapping[str, str] | None = None) -> tuple[Object, ...]:
        """All of a kind, in a namespace ("" for all), that have these labels; ordered by namespace and name."""
        ...


class FoundObjects:
    """Found in a plain collection of objects, such as a file's or a test's."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._objects = {(one["kind"], namespace(one), name(one)): one for one in objects}

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        return self._objects.get((kind, namespace, name))

    def list(self, kind: str, namespace: str = "", selector: Mapping[str, str] | None = None) -> tuple[Object, ...]:
        wanted = (selector or {}).items()
        return tuple(
            one
            for (found, where, _), one in sorted(self._objects.items(), key=lambda pair: pair[0])
            if found == kind and namespace in ("", where) and wanted <= labels(one).items()
        )
