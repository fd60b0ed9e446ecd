"""Patches and field ownership as a Kubernetes API server carries them out. Pure: no I/O and no clock belong here.

Every function leaves its arguments as they are; what it returns shares nothing with them.
"""

from __future__ import annotations

from controller.sandbox.api.patch.apply import apply, record_update, same_but_times
from controller.sandbox.api.patch.errors import ApplyConflict, Cause, PatchError
from controller.sandbox.api.patch.json_patch import json_patch
from controller.sandbox.api.patch.merge import merge_patch, merge_patch_object
from controller.sandbox.api.patch.strategic import strategic_merge

__all__ = [
    "ApplyConflict",
    "Cause",
    "PatchError",
    "apply",
    "json_patch",
    "merge_patch",
    "merge_patch_object",
    "record_update",
    "same_but_times",
    "strategic_merge",
]
