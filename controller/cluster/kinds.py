"""Kinds as callers name them, and as the API server serves them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from controller.cluster.objects import Object


@dataclass(frozen=True)
class Kind:
    """What a caller asks for; with ``version`` "" in whatever version the cluster prefers. The core group is ""."""

    group: str
    kind: str
    version: str = ""

    @classmethod
    def of(cls, api_version: str, kind: str) -> Self:
        """From the two fields of a manifest: ``Kind.of("apps/v1", "Deployment")``."""
        group, _, version = api_version.rpartition("/")
        return cls(group, kind, version)

    @classmethod
    def of_object(cls, item: Object) -> Self:
        return cls.of(item["apiVersion"], item["kind"])

    def __str__(self) -> str:
        return f"{self.kind}.{self.group}" if self.group else self.kind


@dataclass(frozen=True)
class Resource:
    """How the API server serves a kind."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def label(self) -> str:
        """``Deployment.apps``: bounded, for metrics and logs."""
        return str(Kind(self.group, self.kind))

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """The path of an object, or of a collection without ``name``; all namespaces without ``namespace``.

        Raises ValueError where a namespace and the kind's scope do not fit, since the API server would answer 404,
        which reads as "no such object".
        """
        if namespace and not self.namespaced:
            raise ValueError(f"{self.kind} {name} is cluster-scoped; leave out the namespace {namespace}")
        if name and self.namespaced and not namespace:
            raise ValueError(f"{self.kind} {name} is namespaced; name its namespace")
        parts = ["", "apis", self.group, self.version] if self.group else ["", "api", self.version]
        if namespace:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


def where(kind: str, namespace: str = "", name: str = "") -> str:
    """``Deployment shop/podinfo``, ``Deployment shop/*``, ``Namespace shop``: how errors name an object."""
    return f"{kind} {namespace}/{name or '*'}" if namespace else f"{kind} {name or '*'}"
