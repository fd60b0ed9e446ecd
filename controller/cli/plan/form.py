"""The forms in which a plan is printed."""

from enum import StrEnum


class Form(StrEnum):
    """TEXT for people, JSON for programs."""

    TEXT = "text"
    JSON = "json"
