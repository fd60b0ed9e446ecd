"""Users' own PromQL: templates, filled in a sandbox (jinja2) with what a release knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from controller.core.release import Release
from controller.core.status import Status
from controller.errors import ProviderError

_LONGEST = 16_384

_environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)


def fill(query: str, context: Mapping[str, Any]) -> str:
    """The query with its names filled in. Raises ProviderError that says what is wrong and which names there are."""
    try:
        text = _environment.from_string(query).render(context)
    except TemplateError as error:
        raise ProviderError(f"{error}; a query may use {', '.join(_names(context))}") from error
    except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise ProviderError(f"the template fails: {error}") from error
    if len(text) > _LONGEST:
        raise ProviderError(f"the query is {len(text)} characters long once filled in; {_LONGEST} at most")
    return text


def arm(namespace: str, deployment: str, revision: str) -> dict[str, str]:
    """What a query may say of one arm: ``{{ candidate.podRegex }}``."""
    return {
        "namespace": namespace,
        "workload": deployment,
        "revision": revision,
        # A Deployment's pods are called <deployment>-<hash of the template>-<five signs>.
        "podRegex": f"{deployment}-[a-z0-9]+-[a-z0-9]{{5}}",
    }


def context(release: Release, status: Status) -> dict[str, object]:
    """The names that a query may use."""
    candidate, stable = status.candidate, status.stable
    interval = release.gates.interval
    return {
        "namespace": release.namespace,
        "name": release.name,
        "service": release.traffic.service,
        "interval": f"{interval:g}s" if interval == int(interval) else f"{round(interval * 1000)}ms",
        "candidate": arm(
            release.namespace, candidate.deployment if candidate else "x", candidate.name if candidate else "x"
        ),
        "stable": arm(release.namespace, stable.deployment if stable else "x", stable.name if stable else "x"),
    }


def _names(context: Mapping[str, Any]) -> list[str]:
    names: list[str] = []
    for key, value in context.items():
        names += [f"{key}.{inner}" for inner in value] if isinstance(value, Mapping) else [key]
    return names
