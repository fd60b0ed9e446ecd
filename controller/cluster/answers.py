"""What the API server answered -> an object or one of our errors, with kind, namespace and name in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from controller.cluster.objects import Object
from controller.errors import ClusterError, Conflict, Forbidden, Gone, NotFound, Rejected, Unreachable

_CLASSES: dict[int, type[ClusterError]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
}
_HINTS = {
    401: "the API server does not accept these credentials: renew the token or the certificate",
    403: "grant this to the controller's account in its (Cluster)Role",
    429: "the API server asks to slow down; it is tried again",
}
_EXCERPT = 200  # characters of an answer that is not from Kubernetes


def failure(code: int, body: bytes, where: str) -> ClusterError:
    """The error for an answer that is not 2xx."""
    status = _decoded(body)
    message = status.get("message") if isinstance(status, dict) else None
    text = str(message) if message else _excerpt(body) or "no reason given"
    return of_code(code, text, where)


def of_status(status: Mapping[str, Any], where: str) -> ClusterError:
    """The error for a Status object, as an ERROR event of a watch carries one."""
    code = status.get("code")
    return of_code(code if isinstance(code, int) else 500, str(status.get("message") or "no reason given"), where)


def of_code(code: int, text: str, where: str) -> ClusterError:
    error = _CLASSES.get(code)
    if error is None:
        # A redirect is a login page or a wrong address; the API server itself never sends one to a client.
        error = Rejected if 400 <= code < 500 and code != 429 else Unreachable
    hint = _HINTS.get(code, "")
    answered = f"the API server answered {code}: {text}"
    return error(f"{answered} ({hint})" if hint else answered, where=where, status=code)


def decoded(code: int, body: bytes, where: str) -> Object:
    """The object in a 2xx answer. Raises Unreachable when it is none (a proxy's page, an answer cut short)."""
    answer = _decoded(body)
    if not isinstance(answer, dict):
        shown = _excerpt(body)
        what = f"something that is not Kubernetes' JSON: {shown}" if shown else "nothing"
        raise Unreachable(f"{code} with {what}; check the address and what stands between", where=where, status=code)
    return answer


def is_missing_kind(body: bytes) -> bool:
    """Tells a 404 for the whole path (the kind is not served) from one for an object (which is named)."""
    status = _decoded(body)
    return not (isinstance(status, dict) and (status.get("details") or {}).get("name"))


def _decoded(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # UnicodeDecodeError is one too
        return None


def _excerpt(body: bytes) -> str:
    """The first words of a page, without its tags."""
    text = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", body[:8192].decode(errors="replace"), flags=re.S | re.I)
    return " ".join(text.split())[:_EXCERPT]
