"""The definition itself: names, versions, subresources, columns, selectable fields, conversion, approval."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from controller.sandbox.api.schema import errors, formats, names
from controller.sandbox.api.schema.crd.paths import check_simple, find
from controller.sandbox.api.schema.crd.rules import Budget, Place
from controller.sandbox.api.schema.crd.schemas import check_schema
from controller.sandbox.api.schema.crd.shape import check_shape, unsupported
from controller.sandbox.api.schema.crd.values import check_defaults
from controller.sandbox.api.schema.errors import FieldError
from controller.sandbox.api.schema.metadata import IMMUTABLE, check_create, check_update

Object = dict[str, Any]
Schema = Mapping[str, Any]

_APPROVAL = "api-approved.kubernetes.io"
_APPROVAL_LINK = "see https://github.com/kubernetes/enhancements/pull/1111"
_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_SHARED = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_WITH_STATUS = "if the status subresource is enabled"
_SELECTABLE = (
    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."
)
_ROOT_FIELDS = frozenset(
    (
        *("description", "type", "format", "title", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"),
        *(
            "maxLength",
            "minLength",
            "pattern",
            "maxItems",
            "minItems",
            "uniqueItems",
            "multipleOf",
            "required",
            "items",
        ),
        *("properties", "externalDocs", "example", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
    )
)
_ROOT_FIELDS_SHOWN = (
    "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern "
    "MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields "
    "XValidations]"
)


def check_crd(crd: Object, old: Object | None = None) -> list[FieldError]:
    """What is wrong with a CRD, decoded and defaulted; with `old`, the stored one, also what may not change."""
    spec = crd["spec"]
    plural, group = (spec.get("names") or {}).get("plural", ""), spec.get("group", "")
    if old is None:

        def rule(name: str, prefix: bool) -> list[str]:
            fits = [] if name == f"{plural}.{group}" else ['must be spec.names.plural+"."+spec.group']
            return names.object_subdomain(name, prefix) + fits

        found = check_create(crd["metadata"], namespaced=False, name_rule=rule)
    else:
        found = check_update(crd["metadata"], old["metadata"])
    found += _spec_faults(json.dumps(spec))
    if old is not None:
        found += _check_change(spec, old)
    found += _check_stored(crd.get("status", {}).get("storedVersions") or [], spec.get("versions") or [])
    found += _check_approval(crd, old)
    return found


@lru_cache(maxsize=64)
def _spec_faults(spec: str) -> tuple[FieldError, ...]:
    """By its JSON: a spec of many schemas and rules is checked anew at each write of the CRD's status or labels."""
    return tuple(_check_spec(json.loads(spec)))


def _check_spec(spec: Object) -> Iterator[FieldError]:
    group = spec.get("group", "")
    if not group:
        yield errors.required("spec.group")
    elif names.subdomain(group):
        yield errors.invalid("spec.group", group, ",".join(names.subdomain(group)))
    elif "." not in group:
        yield errors.invalid("spec.group", group, "should be a domain with at least one dot")
    scope = spec.get("scope", "")
    if not scope:
        yield errors.required("spec.scope")
    elif scope not in ("Cluster", "Namespaced"):
        yield errors.not_supported("spec.scope", scope, ["Cluster", "Namespaced"])
    if spec.get("preserveUnknownFields"):
        text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        yield errors.invalid("spec.preserveUnknownFields", True, text)
    yield from _check_versions(spec)
    yield from _check_names(spec.get("names") or {})
    yield from _check_conversion(spec.get("conversion") or {})


def _check_versions(spec: Object) -> Iterator[FieldError]:
    versions: list[Object] = spec.get("versions") or []
    for i, version in enumerate(versions):
        if (version.get("schema") or {}).get("openAPIV3Schema") is None:
            yield errors.required(f"spec.versions[{i}].schema.openAPIV3Schema")
    shared = {name: _shared(versions, name) for name in _SHARED}
    for i, version in enumerate(versions):
        at = f"spec.versions[{i}]"
        complaints = names.label_1035(version.get("name", ""))
        if complaints:
            yield errors.invalid(f"{at}.name", version.get("name", ""), ",".join(complaints))
            if i == 0:  # the server speaks of the first version's name a second time
                yield errors.invalid("spec.version", version.get("name", ""), ",".join(complaints))
        yield from _deprecation(version, at)
        yield from _check_version(version, at, shared, first=i == 0)
    seen = [version.get("name") for version in versions]
    if len(set(seen)) != len(seen):
        yield errors.invalid("spec.versions", _internal(versions, shared), "must contain unique version names")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        yield errors.invalid("spec.versions", _internal(versions, shared), text)


def _shared(versions: list[Object], name: str) -> bool:
    """Whether all versions have the same: the server then speaks of it as one, at the top of the spec."""
    values = [version.get(name) for version in versions]
    return bool(values) and bool(values[0]) and all(value == values[0] for value in values)


def _check_version(version: Object, at: str, shared: Mapping[str, bool], *, first: bool) -> Iterator[FieldError]:
    """One version; what all have in common is told once, under the path that the server gives it."""
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    status = (version.get("subresources") or {}).get("status") is not None
    if schema is not None and (first or not shared["schema"]):
        path = "spec.validation" if shared["schema"] else f"{at}.schema"
        yield from _check_version_schema(schema, path, status=status)
    if version.get("subresources") and (first or not shared["subresources"]):
        path = "spec.subresources" if shared["subresources"] else f"{at}.subresources"
        yield from _check_scale(version["subresources"].get("scale"), path)
    if first or not shared["additionalPrinterColumns"]:
        base = "spec" if shared["additionalPrinterColumns"] else at
        for i, column in enumerate(version.get("additionalPrinterColumns") or ()):
            yield from _check_column(column, f"{base}.additionalPrinterColumns[{i}]")
    if schema is not None and (first or not shared["selectableFields"]):
        base = "spec" if shared["selectableFields"] else at
        yield from _check_selectable(version.get("selectableFields") or [], schema, f"{base}.selectableFields")


def _check_version_schema(schema: Schema, path: str, *, status: bool) -> Iterator[FieldError]:
    at = f"{path}.openAPIV3Schema"
    if status:
        kind = schema.get("type", "")
        if kind and kind != "object":
            text = f'only "object" is allowed as the type at the root of the schema {_WITH_STATUS}'
            yield errors.invalid(f"{at}.type", kind, text)
        elif any(value not in (None, {}, [], "", False) for name, value in schema.items() if name not in _ROOT_FIELDS):
            text = f"only {_ROOT_FIELDS_SHOWN} fields are allowed at the root of the schema {_WITH_STATUS}"
            yield errors.invalid(at, schema, text)
    if schema.get("nullable"):
        yield errors.forbidden(f"{at}.nullable", "nullable cannot be true at the root")
    budget = Budget()
    unknown = unsupported(schema)
    faults = [] if unknown else check_shape(schema, at) or list(check_defaults(schema, at))
    faults += check_schema(schema, at, None if faults or unknown else Place(budget))
    if unknown and not faults:
        faults.append(errors.invalid(at, "", unknown))
    yield from faults
    yield from budget.check(at)


def _check_scale(scale: Object | None, path: str) -> Iterator[FieldError]:
    if scale is None:
        return
    for name, prefix in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        at, value = f"{path}.scale.{name}", scale.get(name, "")
        if not value:
            yield errors.required(at)
        elif not value.startswith("."):
            yield from check_simple(value, at)
        elif not value.startswith(prefix):
            yield errors.invalid(at, value, f"should be a json path under {prefix[:-1]}")
    at, value = f"{path}.scale.labelSelectorPath", scale.get("labelSelectorPath") or ""
    if value and not value.startswith("."):
        yield from check_simple(value, at)
    elif value and not value.startswith((".spec.", ".status.")):
        yield errors.invalid(at, value, "should be a json path under either .spec or .status")


def _check_column(column: Object, path: str) -> Iterator[FieldError]:
    if not column.get("name"):
        yield errors.required(f"{path}.name")
    kind, form, where = column.get("type", ""), column.get("format", ""), column.get("jsonPath", "")
    allowed = f"must be one of {','.join(_COLUMN_TYPES)}"
    if not kind:
        yield errors.required(f"{path}.type", allowed)
    elif kind not in _COLUMN_TYPES:
        yield errors.invalid(f"{path}.type", kind, allowed)
    if form and form not in _COLUMN_FORMATS:
        yield errors.invalid(f"{path}.format", form, f"must be one of {','.join(_COLUMN_FORMATS)}")
    if not where:
        yield errors.required(f"{path}.JSONPath")
    else:
        yield from check_simple(where, f"{path}.JSONPath")


def _check_selectable(fields: list[Object], schema: Schema, path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, field in enumerate(fields):
        at, where = f"{path}[{i}].jsonPath", field.get("jsonPath", "")
        if not where:
            yield errors.required(at)
            continue
        found = find(schema, where, arrays=False)
        if isinstance(found, str):
            yield errors.invalid(at, where, f"is an invalid path: {found}")
            continue
        if where.split(".")[1:2] == ["metadata"]:
            yield errors.invalid(at, where, "must not point to fields in metadata")
        if found.get("type") not in ("string", "boolean", "integer"):
            yield errors.invalid(at, where, _SELECTABLE)
        if where in seen:
            yield errors.duplicate(at, where)
        seen.add(where)
    if len(seen) > 8:
        yield errors.too_many(path, len(seen), 8)


def _check_names(given: Object) -> Iterator[FieldError]:
    for name in ("plural", "singular", "kind", "listKind"):
        if not given.get(name):
            yield errors.required(f"spec.names.{name}")
    for name in ("plural", "singular"):
        complaints = names.label_1035(given[name]) if given.get(name) else []
        if complaints:
            yield errors.invalid(f"spec.names.{name}", given[name], ",".join(complaints))
    for name in ("kind", "listKind"):
        complaints = names.label_1035(given[name].lower()) if given.get(name) else []
        if complaints:
            text = "may have mixed case, but should otherwise match: " + ",".join(complaints)
            yield errors.invalid(f"spec.names.{name}", given[name], text)
    for name in ("shortNames", "categories"):
        for i, word in enumerate(given.get(name) or ()):
            if names.label_1035(word):
                yield errors.invalid(f"spec.names.{name}[{i}]", word, ",".join(names.label_1035(word)))
    if given.get("kind") and given.get("kind") == given.get("listKind"):
        text = "kind and listKind may not be the same"
        yield errors.invalid("spec.names.listKind", given["listKind"], text)


def _check_conversion(conversion: Object) -> Iterator[FieldError]:
    strategy, webhook = conversion.get("strategy", ""), conversion.get("webhook") or {}
    if not strategy:
        yield errors.required("spec.conversion.strategy")
    elif strategy not in ("None", "Webhook"):
        yield errors.not_supported("spec.conversion.strategy", strategy, ["None", "Webhook"])
    if strategy == "Webhook":
        client = webhook.get("clientConfig")
        if client is None:
            yield errors.required("spec.conversion.webhookClientConfig", "required when strategy is set to Webhook")
        elif ("url" in client) == ("service" in client):
            text = "exactly one of url or service is required"
            yield errors.required("spec.conversion.webhookClientConfig", text)
        reviewed = webhook.get("conversionReviewVersions") or []
        if not reviewed:
            yield errors.required("spec.conversion.conversionReviewVersions")
        elif not {"v1", "v1beta1"} & set(reviewed):
            yield errors.invalid(
                "spec.conversion.conversionReviewVersions", reviewed, "must include at least one of v1, v1beta1"
            )
    elif webhook.get("clientConfig") is not None:
        text = "should not be set when strategy is not set to Webhook"
        yield errors.forbidden("spec.conversion.webhookClientConfig", text)


def _deprecation(version: Object, at: str) -> Iterator[FieldError]:
    warning = version.get("deprecationWarning")
    if warning is None:
        return
    if not version.get("deprecated"):
        yield errors.invalid(f"{at}.deprecationWarning", warning, "can only be set for deprecated versions")
    elif not warning:
        yield errors.invalid(f"{at}.deprecationWarning", warning, "must not be an empty string")
    elif len(warning) > 256:
        yield errors.invalid(f"{at}.deprecationWarning", warning, "must be <= 256 characters long")


def _check_change(spec: Object, old: Object) -> Iterator[FieldError]:
    before = old["spec"]
    established = any(
        condition.get("type") == "Established" and condition.get("status") == "True"
        for condition in old.get("status", {}).get("conditions") or ()
    )
    pairs = [("spec.group", spec.get("group"), before.get("group"))]
    pairs.append(("spec.names.plural", spec["names"].get("plural"), before["names"].get("plural")))
    if established:
        pairs.append(("spec.scope", spec.get("scope"), before.get("scope")))
        pairs.append(("spec.names.kind", spec["names"].get("kind"), before["names"].get("kind")))
    for path, value, was in pairs:
        if value != was:
            yield errors.invalid(path, value, IMMUTABLE)


def _check_stored(stored: list[str], versions: list[Object]) -> Iterator[FieldError]:
    if not stored:
        yield errors.invalid("status.storedVersions", None, "must have at least one stored version")
        return
    for version in versions:
        if version.get("storage") and version["name"] not in stored:
            yield errors.invalid("status.storedVersions", stored, f"must have the storage version {version['name']}")
    known = {version.get("name") for version in versions}
    for i, name in enumerate(stored):
        if name not in known:
            text = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in "
                f"spec.versions until a storage migration ensures no data remains persisted in {name} and removes "
                f"{name} from status.storedVersions"
            )
            yield errors.invalid(f"status.storedVersions[{i}]", name, text)


def _check_approval(crd: Object, old: Object | None) -> Iterator[FieldError]:
    """Kinds of Kubernetes' own groups carry a link to their approval, or say that there is none."""
    group = crd["spec"].get("group", "")
    if group not in ("k8s.io", "kubernetes.io") and not group.endswith((".k8s.io", ".kubernetes.io")):
        return
    value = crd["metadata"].get("annotations", {}).get(_APPROVAL, "")
    if old is not None and old["metadata"].get("annotations", {}).get(_APPROVAL, "") == value:
        return
    at = f"metadata.annotations[{_APPROVAL}]"
    text = f'protected groups must have approval annotation "{_APPROVAL}"'
    if not value:
        yield errors.required(at, f"{text}, {_APPROVAL_LINK}")
    elif not value.startswith("unapproved") and not (formats.fits("uri", value) and "://" in value):
        more = 'with either a URL or a reason starting with "unapproved"'
        yield errors.invalid(at, value, f"{text} {more}, {_APPROVAL_LINK}")


def _internal(versions: list[Object], shared: Mapping[str, bool]) -> list[errors.Struct]:
    """The server shows its internal type here, whose fields have Go's names; schemas are left out."""
    return [
        errors.Struct(
            Name=version.get("name", ""),
            Served=bool(version.get("served")),
            Storage=bool(version.get("storage")),
            Deprecated=bool(version.get("deprecated")),
            DeprecationWarning=version.get("deprecationWarning"),
            Schema=None if shared["schema"] else {},
            Subresources=None,
            AdditionalPrinterColumns=None,
            SelectableFields=None,
        )
        for version in versions
    ]
