"""Who asks. There are no secrets here: a bearer token is the user's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ADMIN = "system:admin"


@dataclass(frozen=True)
class User:
    """``groups`` always holds ``system:authenticated``."""

    name: str
    groups: tuple[str, ...]


def user_of(headers: Mapping[str, str], extra_groups: tuple[str, ...] = ()) -> User:
    """The user that a request's headers name; ``system:admin`` where they name none.

    A token is ``user`` or ``user:group1,group2``. Names that begin with ``system:`` are taken whole
    (``system:serviceaccount:shop:sluice``); their groups follow from them. Impersonate-User and Impersonate-Group win.
    """
    impersonated = headers.get("Impersonate-User", "")
    if impersonated:
        return _user(impersonated, extra_groups)
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return _user(ADMIN, ())
    return user_of_token(token)


def user_of_token(token: str) -> User:
    """The user that a token names."""
    if token.startswith("system:"):
        return _user(token, ())
    name, _, groups = token.partition(":")
    return _user(name, tuple(filter(None, groups.split(","))))


def _user(name: str, groups: tuple[str, ...]) -> User:
    words = name.split(":")
    implied: tuple[str, ...] = ()
    if name == ADMIN:
        implied = ("system:masters",)
    elif words[:2] == ["system", "serviceaccount"] and len(words) == 4:
        implied = ("system:serviceaccounts", f"system:serviceaccounts:{words[2]}")
    return User(name, tuple(dict.fromkeys((*groups, *implied, "system:authenticated"))))
