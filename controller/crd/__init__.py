"""Wire models of every kind, and their translation to core types. Pure; the only room that knows pydantic."""

from controller.crd.parse import parse_command, parse_release
from controller.crd.status import status_from_wire, status_to_wire

__all__ = ["parse_command", "parse_release", "status_from_wire", "status_to_wire"]
