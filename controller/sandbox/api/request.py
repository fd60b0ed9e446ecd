"""What one HTTP request asks for, read from its method, path, query and headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.sandbox.api.content import Form
from controller.sandbox.api.failure import Failure
from controller.sandbox.api.resources import Resource
from controller.sandbox.api.schema import errors
from controller.sandbox.client import APPLY_PATCH

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_LONGEST_MANAGER = 128
_NAMESPACE_SUBRESOURCES = ("status", "finalize")


@dataclass(frozen=True)
class Target:
    """The words of a resource's path. ``namespace`` "" is none, or all of them; ``name`` "" is the collection."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


def parse_path(path: str) -> Target | None:
    """The target of ``/api/v1/...`` or ``/apis/GROUP/VERSION/...``; None for any other path."""
    words = path.strip("/").split("/")
    if words[0] == "api" and len(words) > 2:
        group, version, rest = "", words[1], words[2:]
    elif words[0] == "apis" and len(words) > 3:
        group, version, rest = words[1], words[2], words[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 2 and not (len(rest) == 3 and rest[2] in _NAMESPACE_SUBRESOURCES):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3 or not all(rest):
        return None
    name, subresource = (*rest[1:], "", "")[:2]
    return Target(group, version, rest[0], namespace, name, subresource)


def verb_of(method: str, named: bool, query: Mapping[str, str]) -> str:
    """Kubernetes' word for what is done; "" for a method that no resource has."""
    if method == "GET":
        if named:
            return "get"
        return "watch" if _flag(query, "watch") else "list"
    if method == "DELETE":
        return "delete" if named else "deletecollection"
    return _VERBS.get(method, "")


@dataclass(frozen=True)
class ListOptions:
    """The options of list, watch and deletecollection. ``version`` "" is none; ``timeout`` is in seconds."""

    labels: str = ""
    fields: str = ""
    version: str = ""
    match: str = ""
    limit: int = 0
    cont: str = ""
    timeout: float | None = None
    bookmarks: bool = False
    initial_events: bool | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> ListOptions:
        """Raises Failure(400) for what cannot be read."""
        initial = query.get("sendInitialEvents", "")
        return cls(
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
            limit=_number(query, "limit"),
            cont=query.get("continue", ""),
            timeout=_number(query, "timeoutSeconds") or None,
            bookmarks=_flag(query, "allowWatchBookmarks"),
            initial_events=_flag(query, "sendInitialEvents") if initial else None,
        )

    def check(self, *, watching: bool) -> None:
        """Raises Failure(422) for options that do not go together."""
        field_name, match = "resourceVersionMatch", self.match
        faults = []
        if self.initial_events is not None and not watching:
            faults.append(errors.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        elif self.initial_events is not None and match != "NotOlderThan":
            why = "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            faults.append(errors.forbidden(field_name, why))
            if match:
                faults.append(errors.not_supported(field_name, match, ["NotOlderThan"]))
        elif match and watching and self.initial_events is None:
            why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            faults.append(errors.forbidden(field_name, why))
        elif match and not watching:
            faults += self._match_faults(field_name)
        if faults:
            raise Failure.invalid("meta.k8s.io", "ListOptions", "", faults)

    def _match_faults(self, field_name: str) -> list[errors.FieldError]:
        faults = []
        if not self.version:
            why = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            faults.append(errors.forbidden(field_name, why))
        if self.cont:
            faults.append(errors.forbidden(field_name, "resourceVersionMatch is forbidden when continue is provided"))
        if self.match not in ("Exact", "NotOlderThan"):
            faults.append(errors.not_supported(field_name, self.match, ["Exact", "NotOlderThan", ""]))
        if self.match == "Exact" and self.version == "0":
            why = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            faults.append(errors.forbidden(field_name, why))
        return faults


@dataclass(frozen=True)
class WriteOptions:
    """The options of create, update, patch. ``validation`` is Strict, Warn or Ignore."""

    dry_run: bool = False
    manager: str = ""
    validation: str = "Warn"
    force: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str], agent: str, kind: str) -> WriteOptions:
        """``agent``, the program's name, is the field manager where none is given.

        Raises Failure(422) in the name of ``kind`` (CreateOptions ...).
        """
        faults = []
        validation = query.get("fieldValidation") or ""
        if validation not in ("", "Strict", "Warn", "Ignore"):
            faults.append(errors.not_supported("fieldValidation", validation, ["", "Ignore", "Strict", "Warn"]))
        manager = query.get("fieldManager") or ""
        if len(manager.encode()) > _LONGEST_MANAGER:
            faults.append(errors.too_long("fieldManager", _LONGEST_MANAGER))
        dry = query.get("dryRun")
        if dry and dry != "All":
            faults.append(dry_run_fault(dry))
        if faults:
            raise Failure.invalid("meta.k8s.io", kind, "", faults)
        return cls(bool(dry), manager or agent, validation or "Warn", _flag(query, "force"))


def dry_run_fault(value: str) -> errors.FieldError:
    return errors.not_supported("dryRun", [value], ["All"])


def _flag(query: Mapping[str, str], name: str) -> bool:
    """A boolean as Go's strconv.ParseBool reads it; a name without a value is true."""
    value = query.get(name)
    if value is None:
        return False
    return value.lower() not in ("0", "f", "false")


def _number(query: Mapping[str, str], name: str) -> int:
    value = query.get(name, "")
    if not value:
        return 0
    try:
        return int(value)
    except ValueError:
        raise Failure.bad_request(f'strconv.ParseInt: parsing "{value}": invalid syntax') from None


@dataclass
class Call:
    """One request for a resource, ready to be handled. ``warnings`` collects what the answer's headers will say."""

    verb: str
    target: Target
    resource: Resource
    query: Mapping[str, str]
    user: str
    agent: str
    form: Form
    content_type: str
    body: bytes
    groups: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.resource.deprecation:
            self.warnings.append(self.resource.deprecation)

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def namespace(self) -> str:
        return self.target.namespace

    @property
    def applies(self) -> bool:
        """Whether this is a server-side apply."""
        return self.verb == "patch" and self.content_type.partition(";")[0].strip().lower() == APPLY_PATCH

    def write_options(self) -> WriteOptions:
        return WriteOptions.of(self.query, self.agent, f"{self.verb.capitalize()}Options")

    def not_found(self) -> Failure:
        return Failure.not_found(self.resource.group, self.resource.plural, self.name)

    def conflict(self, why: str) -> Failure:
        return Failure.conflict(self.resource.group, self.resource.plural, self.name, why)
