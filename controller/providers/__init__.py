"""Where measurements come from. Each provider has one async ``measure()`` and says what went wrong in its answer.

May not go in: what a number means for a release.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.errors import ProviderError
from controller.providers.measurement import Measurement, Provider, Row
from controller.providers.prometheus import Prometheus

PROVIDERS: Mapping[str, type[Prometheus]] = {"prometheus": Prometheus}

__all__ = ["PROVIDERS", "Measurement", "Prometheus", "Provider", "Row", "by_name"]


def by_name(name: str) -> type[Prometheus]:
    """The class of a provider. Raises ProviderError, naming those there are."""
    if name not in PROVIDERS:
        raise ProviderError(f"there is no provider {name!r}; choose one of {', '.join(sorted(PROVIDERS))}")
    return PROVIDERS[name]
