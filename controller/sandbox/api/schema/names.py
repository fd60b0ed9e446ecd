"""The syntax of names, labels and keys (RFC 1123, RFC 1035, qualified names), each as a list of complaints.

The sentences and expressions are those of k8s.io/apimachinery/pkg/util/validation, because clients match on them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

NameCheck = Callable[[str, bool], list[str]]
"""(name, is a prefix as in generateName) -> complaints."""

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + "(\\." + _LABEL + ")*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_WILDCARD = "\\*\\." + _SUBDOMAIN
_PERCENT = "[0-9]+%"
_HEADER = "[-A-Za-z0-9]+"


def regex_error(sentence: str, expression: str, *examples: str) -> str:
    """The sentence with its examples and the expression, in the server's form."""
    if not examples:
        return f"{sentence} (regex used for validation is '{expression}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{sentence} (e.g. {shown}regex used for validation is '{expression}')"


def max_length(limit: int) -> str:
    return f"must be no more than {limit} characters"


def between(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def _matcher(expression: str) -> Callable[[str], bool]:
    compiled = re.compile(expression)
    return lambda text: compiled.fullmatch(text) is not None


_is_label = _matcher(_LABEL)
_is_subdomain = _matcher(_SUBDOMAIN)
_is_label_1035 = _matcher(_LABEL_1035)
_is_qualified = _matcher(_QUALIFIED)
_is_label_value = _matcher(_LABEL_VALUE)
_is_config_key = _matcher(_CONFIG_KEY)
_is_wildcard = _matcher(_WILDCARD)
_is_percent = _matcher(_PERCENT)
_is_header = _matcher(_HEADER)

_SUBDOMAIN_ERROR = regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character",
    _SUBDOMAIN,
    "example.com",
)
_LABEL_ERROR = regex_error(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
    "and must start and end with an alphanumeric character",
    _LABEL,
    "my-name",
    "123-abc",
)
_LABEL_1035_ERROR = regex_error(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    _LABEL_1035,
    "my-name",
    "abc-123",
)
_QUALIFIED_ERROR = regex_error(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _QUALIFIED,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_VALUE_ERROR = regex_error(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
    "and must start and end with an alphanumeric character",
    _LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_ERROR = regex_error(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    _CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)
_WILDCARD_ERROR = regex_error(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    _WILDCARD,
    "*.example.com",
)
_PERCENT_ERROR = regex_error(
    "a valid percent string must be a numeric string followed by an ending '%'", _PERCENT, "1%", "93%"
)
_HEADER_ERROR = regex_error(
    "a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name"
)
_ENV_ERROR = "a valid environment variable name must consist only of printable ASCII characters other than '='"


def subdomain(name: str) -> list[str]:
    """Complaints about a DNS subdomain: at most 253 characters, labels with dots."""
    errors = [max_length(253)] if len(name) > 253 else []
    return errors if _is_subdomain(name) else [*errors, _SUBDOMAIN_ERROR]


def label(name: str) -> list[str]:
    """Complaints about a DNS label: at most 63 characters, no dots."""
    errors = [max_length(63)] if len(name) > 63 else []
    if _is_label(name):
        return errors
    return [*errors, "must not contain dots" if _is_subdomain(name) else _LABEL_ERROR]


def label_1035(name: str) -> list[str]:
    """Complaints about a DNS label that starts with a letter, as a Service's name."""
    errors = [max_length(63)] if len(name) > 63 else []
    return errors if _is_label_1035(name) else [*errors, _LABEL_1035_ERROR]


def qualified(name: str) -> list[str]:
    """Complaints about a label's or an annotation's key: an optional DNS prefix, a slash, a name of 63 characters."""
    prefix, slash, rest = name.partition("/")
    if "/" in rest:
        hint = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return [f"a qualified name {_QUALIFIED_ERROR}{hint}"]
    errors = []
    if slash:
        complaints = subdomain(prefix) if prefix else ["must be non-empty"]
        errors += [f"prefix part {complaint}" for complaint in complaints]
        name = rest
    if not name:
        errors.append("name part must be non-empty")
    elif len(name) > 63:
        errors.append("name part " + max_length(63))
    if not _is_qualified(name):
        errors.append("name part " + _QUALIFIED_ERROR)
    return errors


def label_value(value: str) -> list[str]:
    errors = [max_length(63)] if len(value) > 63 else []
    return errors if _is_label_value(value) else [*errors, _LABEL_VALUE_ERROR]


def config_key(key: str) -> list[str]:
    """Complaints about a key of a ConfigMap's or Secret's data."""
    errors = [max_length(253)] if len(key) > 253 else []
    if not _is_config_key(key):
        errors.append(_CONFIG_KEY_ERROR)
    if key in (".", ".."):
        errors.append(f"must not be '{key}'")
    elif key.startswith(".."):
        errors.append("must not start with '..'")
    return errors


def env_name(name: str) -> list[str]:
    """Complaints about an environment variable's name (the relaxed rule, in force since Kubernetes 1.34)."""
    errors = [] if name else ["environment variable name must be non-empty"]
    if any(not " " <= char <= "~" or char == "=" for char in name):
        errors.append(_ENV_ERROR)
    return errors


def port_name(name: str) -> list[str]:
    """Complaints about an IANA service name: at most 15 characters of a-z, 0-9 and hyphens, with a letter."""
    errors = [max_length(15)] if len(name) > 15 else []
    if not re.fullmatch("[-a-z0-9]+", name):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", name):
        errors.append("must contain at least one letter (a-z)")
    if "--" in name:
        errors.append("must not contain consecutive hyphens")
    if name and (name[0] == "-" or name[-1] == "-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def port_number(port: int) -> list[str]:
    return [] if 1 <= port <= 65535 else [between(1, 65535)]


def wildcard_subdomain(name: str) -> list[str]:
    errors = [max_length(253)] if len(name) > 253 else []
    return errors if _is_wildcard(name) else [*errors, _WILDCARD_ERROR]


def percent(text: str) -> list[str]:
    return [] if _is_percent(text) else [_PERCENT_ERROR]


def header(name: str) -> list[str]:
    return [] if _is_header(name) else [_HEADER_ERROR]


def _unprefixed(name: str, prefix: bool) -> str:
    """A generateName may end with the hyphens that the random part follows."""
    if prefix and len(name) > 1 and name.endswith("-"):
        return name[:-2] + "a"
    return name


def object_subdomain(name: str, prefix: bool = False) -> list[str]:
    """The rule for the names of most objects."""
    return subdomain(_unprefixed(name, prefix))


def object_label(name: str, prefix: bool = False) -> list[str]:
    """The rule for the names of Namespaces and of what becomes part of a host name."""
    return label(_unprefixed(name, prefix))


def object_label_1035(name: str, prefix: bool = False) -> list[str]:
    return label_1035(_unprefixed(name, prefix))


def path_segment(name: str, prefix: bool = False) -> list[str]:
    """The rule for names that only have to fit in a URL's path, as those of Roles."""
    errors = []
    if not prefix and name in (".", ".."):
        errors.append(f"may not be '{name}'")
    errors += [f"may not contain '{char}'" for char in "/%" if char in name]
    return errors
