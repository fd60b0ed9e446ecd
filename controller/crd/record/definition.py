"""The CustomResourceDefinition of a ReleaseRecord, made of its model."""

from __future__ import annotations

from typing import Any

from controller.crd.envelope import definition
from controller.crd.record.codec import KIND
from controller.crd.record.models import DERIVED, ReleaseRecord
from controller.crd.schema import structural

_COLUMNS = (
    ("Outcome", "string", ".outcome", "How it ended.", 0),
    ("Candidate", "string", ".candidate.revision", "What was released.", 0),
    ("Started", "date", ".started", "When it began.", 0),
    ("Duration", "string", ".duration", "How long it took.", 0),
    ("Images", "string", ".candidate.images", "The images of what was released.", 1),
    ("Summary", "string", ".summary", "What became of it.", 1),
)
_RULES = (
    ("self.number == oldSelf.number", "a record keeps its number"),
    ("self.candidate == oldSelf.candidate", "a record keeps what it is about"),
    ("self.started == oldSelf.started", "a record keeps its start"),
    ("!has(oldSelf.ended) || (has(self.ended) && self.ended == oldSelf.ended)", "a release that is over stays so"),
    (
        "!has(oldSelf.ended) || self.outcome == oldSelf.outcome || oldSelf.outcome == 'Promoted'",
        "a release keeps its end; only what was promoted can be rolled back afterwards",
    ),
)
"""What nobody can change any more, whatever rights they have."""


def record_crd() -> dict[str, Any]:
    """The definition, as JSON to send to an API server."""
    schema = structural(ReleaseRecord)
    schema["properties"] = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        **schema["properties"],
        **{name: {"type": "string", "maxLength": 32, "description": text} for name, text in DERIVED.items()},
    }
    schema["x-kubernetes-validations"] = [{"rule": rule, "message": message} for rule, message in _RULES]
    return definition(KIND, "relrec", _COLUMNS, schema)
