"""What is served: one Resource for each version of each kind, found by the words of a URL."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.api.failure import qualified
from controller.sandbox.client import Object

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")

Reader = Callable[[Object], str]
Convert = Callable[[Object], Object]


@dataclass(frozen=True)
class Column:
    """One column of a table: ``read(object, now)`` gives its cell; ``priority`` above 0 is for ``-o wide``."""

    name: str
    read: Callable[[Object, float], Any]
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True)
class ScalePaths:
    """Where a kind keeps what its scale subresource shows; paths of field names. ``selector`` may be absent.

    ``selector_is_text``: the selector is stored as text (custom resources), not as a LabelSelector.
    """

    spec_replicas: tuple[str, ...] = ("spec", "replicas")
    status_replicas: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ()
    selector_is_text: bool = False


@dataclass(frozen=True, eq=False)
class Resource:
    """One served version of one kind.

    ``table`` names its objects in the store, where they stand in their storage version; ``to_storage`` and
    ``from_storage`` convert (they may return their argument). ``fields`` are the field selectors beyond name and
    namespace. ``subresources`` maps each name to its verbs. ``custom``: from a CustomResourceDefinition,
    whose ``subresources.scale`` is ``scale_texts``; ``terminating``: that is being deleted, and takes no new objects.
    ``deprecation``: what every answer warns of, "" where the version is none to be left.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ALL_VERBS
    subresources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    table: str = ""
    schema: Callable[[], Object] = dict
    columns: tuple[Column, ...] = ()
    fields: Mapping[str, Reader] = field(default_factory=dict)
    scale: ScalePaths | None = None
    scale_texts: Mapping[str, str] | None = None
    custom: bool = False
    terminating: bool = False
    deprecation: str = ""
    list_kind: str = ""
    to_storage: Convert = lambda item: item
    from_storage: Convert = lambda item: item

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """``deployments.apps``: how messages name the kind."""
        return qualified(self.group, self.plural)


def resource_fields(resource: Resource) -> Mapping[str, Reader]:
    """Every field that objects of this kind can be selected by."""
    base: dict[str, Reader] = {
        "metadata.name": lambda item: str(item["metadata"].get("name", "")),
    }
    if resource.namespaced:
        base["metadata.namespace"] = lambda item: str(item["metadata"].get("namespace", ""))
    return {**base, **resource.fields}


class Registry:
    """The resources that are served now. ``changed`` counts the changes, for what is computed from the whole."""

    def __init__(self, builtins: Iterable[Resource]) -> None:
        self.changed = 0
        self._versions: dict[tuple[str, str], dict[str, Resource]] = {}
        for resource in builtins:
            self._add(resource)

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        return self._versions.get((group, version), {}).get(plural)

    def of_version(self, group: str, version: str) -> list[Resource] | None:
        """The resources of a group-version; None when it is not served."""
        found = self._versions.get((group, version))
        return None if found is None else list(found.values())

    def of_table(self, table: str) -> list[Resource]:
        return [resource for resource in self.all() if resource.table == table]

    def all(self) -> Iterator[Resource]:
        for found in self._versions.values():
            yield from found.values()

    def groups(self) -> dict[str, list[str]]:
        """Each group's versions in order of preference, the core group ("") among them."""
        found: dict[str, list[str]] = {}
        for group, version in self._versions:
            found.setdefault(group, []).append(version)
        return {group: sorted(versions, key=version_priority) for group, versions in found.items()}

    def replace(self, group: str, plural: str, resources: Iterable[Resource]) -> None:
        """Serve exactly these versions of one kind (none: stop serving it)."""
        for key in [key for key in self._versions if key[0] == group]:
            self._versions[key].pop(plural, None)
            if not self._versions[key]:
                del self._versions[key]
        for resource in resources:
            self._add(resource)
        self.changed += 1

    def _add(self, resource: Resource) -> None:
        self._versions.setdefault((resource.group, resource.version), {})[resource.plural] = resource


def version_priority(version: str) -> tuple[Any, ...]:
    """A sort key, most preferred first: v2, v1, v1beta2, v1beta1, v1alpha1, then others by name.

    The order is that of k8s.io/apimachinery/pkg/version.CompareKubeAwareVersionStrings.
    """
    body = version.removeprefix("v")
    for rank, word in enumerate(("", "beta", "alpha")):
        major, _, minor = body.partition(word) if word else (body, "", "")
        if version.startswith("v") and major.isdigit() and (not word or minor.isdigit()) and (not word or word in body):
            return (rank, -int(major), -int(minor or 0), "")
    return (3, 0, 0, version)
