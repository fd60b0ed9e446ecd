"""Wire models of every kind, and their translation to core types. Pure; the only room that knows pydantic."""

from controller.crd.parse import parse_command, parse_release

__all__ = ["parse_command", "parse_release"]
