from __future__ import annotations

import json

import pytest

from controller.cluster import answers
from controller.errors import ClusterError, Conflict, Forbidden, Gone, NotFound, Rejected, Unreachable

HTML = b"<html><head><style>p {color: red}</style><title>502 Bad Gateway</title></head><body>nginx</body></html>"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (400, Rejected), (401, Forbidden), (403, Forbidden), (404, NotFound), (405, Rejected), (406, Rejected),
        (409, Conflict), (410, Gone), (413, Rejected), (415, Rejected), (422, Rejected), (429, Unreachable),
        (500, Unreachable), (502, Unreachable), (503, Unreachable), (504, Unreachable), (302, Unreachable),
    ],
)  # fmt: skip
def test_each_code_is_one_class(code: int, expected: type[ClusterError]) -> None:
    body = json.dumps({"kind": "Status", "message": "the reason"}).encode()
    error = answers.failure(code, body, "Deployment shop/a")
    assert type(error) is expected
    assert error.status == code
    assert error.where == "Deployment shop/a"
    assert str(error).startswith(f"Deployment shop/a: the API server answered {code}: the reason")


@pytest.mark.parametrize(
    ("body", "text"),
    [(HTML, "502 Bad Gateway nginx"), (b"", "no reason given"), (b"\xff\xfe", "answered 502"), (b"[1]", "[1]")],
)
def test_an_answer_that_is_not_from_kubernetes_is_quoted_briefly(body: bytes, text: str) -> None:
    message = str(answers.failure(502, body, "x"))
    assert text in message
    assert "<" not in message
    assert len(str(answers.failure(502, b"x" * 100_000, "x"))) < 300


def test_who_has_to_act_is_said() -> None:
    assert "renew the token" in str(answers.of_code(401, "Unauthorized", "x"))
    assert "(Cluster)Role" in str(answers.of_code(403, "cannot get", "x"))


def test_a_status_inside_a_watch() -> None:
    assert isinstance(answers.of_status({"code": 410, "message": "too old"}, "x"), Gone)
    assert isinstance(answers.of_status({}, "x"), Unreachable)
    assert isinstance(answers.of_status({"code": "410"}, "x"), Unreachable)


@pytest.mark.parametrize("body", [b"", HTML, b"[]", b"null", b'{"cut'])
def test_an_answer_without_an_object_is_no_answer(body: bytes) -> None:
    with pytest.raises(Unreachable, match="check the address"):
        answers.decoded(200, body, "x")


def test_a_missing_kind_and_a_missing_object_are_told_apart() -> None:
    assert not answers.is_missing_kind(b'{"details": {"name": "a", "kind": "deployments"}}')
    assert answers.is_missing_kind(b'{"message": "the server could not find the requested resource"}')
    assert answers.is_missing_kind(b"404 page not found\n")
    assert answers.is_missing_kind(b"[]")
