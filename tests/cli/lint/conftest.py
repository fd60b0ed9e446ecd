"""Releases as text, and what lint says about them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.cli.files import Collected, parse
from controller.cli.lint.judge import Judged, judge

Linted = Callable[..., Judged]

RELEASE = """\
apiVersion: sluice.dev/v1alpha1
kind: Release
metadata: {name: podinfo, namespace: shop}
spec:
  workload: {deployment: podinfo}
  traffic: {service: podinfo, istio: {}}
  strategy:
    canary:
      steps:
      - {weight: 5%, for: 2m}
"""


@pytest.fixture
def release() -> str:
    """A Release of which nothing is to be said."""
    return RELEASE


@pytest.fixture
def linted() -> Linted:
    """Judges texts, each as a file: a.yaml, b.yaml, ..."""

    def run(*texts: str) -> Judged:
        collected = Collected(files=len(texts))
        for letter, text in zip("abcdef", texts, strict=False):
            documents, broken = parse(text, f"{letter}.yaml")
            collected.documents += documents
            collected.broken += [broken] if broken else []
        return judge(collected)

    return run
