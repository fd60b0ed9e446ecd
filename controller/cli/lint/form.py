"""The forms in which findings are printed."""

from enum import StrEnum


class Form(StrEnum):
    """TEXT for people, JSON for programs, GITHUB for annotations of a pull request."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
