"""Wire models of every kind, and their translation to core types. Pure; the only room that knows pydantic."""

from controller.core.release import COMMAND, COMMAND_BY, COMMAND_REASON
from controller.crd.accepted import pack_spec, unpack_spec
from controller.crd.definition import definitions
from controller.crd.parse import GROUP, VERSION, parse_command, parse_ownership, parse_release
from controller.crd.record import record_from_wire, record_to_wire
from controller.crd.status import status_from_wire, status_to_wire

__all__ = [
    "COMMAND",
    "COMMAND_BY",
    "COMMAND_REASON",
    "GROUP",
    "VERSION",
    "definitions",
    "pack_spec",
    "parse_command",
    "parse_ownership",
    "parse_release",
    "record_from_wire",
    "record_to_wire",
    "status_from_wire",
    "status_to_wire",
    "unpack_spec",
]
