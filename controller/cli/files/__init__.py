"""Kubernetes objects out of YAML and JSON files, each with the place of every field. Knows no kind."""

from controller.cli.files.collect import Collected, collect
from controller.cli.files.document import Document, Position, Unreadable
from controller.cli.files.parse import parse

__all__ = ["Collected", "Document", "Position", "Unreadable", "collect", "parse"]
