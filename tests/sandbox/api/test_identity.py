from __future__ import annotations

import pytest

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.identity import user_of
from controller.sandbox.api.kubeconfig import kubeconfig
from controller.sandbox.client import Client, Connection


@pytest.mark.parametrize(
    ("headers", "name", "groups"),
    [
        ({}, "system:admin", {"system:masters"}),
        ({"Authorization": "Basic x"}, "system:admin", {"system:masters"}),
        ({"Authorization": "Bearer alice"}, "alice", set()),
        ({"Authorization": "bearer alice:dev,ops"}, "alice", {"dev", "ops"}),
        (
            {"Authorization": "Bearer system:serviceaccount:shop:web"},
            "system:serviceaccount:shop:web",
            {"system:serviceaccounts", "system:serviceaccounts:shop"},
        ),
        ({"Authorization": "Bearer alice", "Impersonate-User": "bob"}, "bob", set()),
    ],
)
def test_who_asks(headers: dict[str, str], name: str, groups: set[str]) -> None:
    user = user_of(headers)
    assert user.name == name
    assert set(user.groups) == groups | {"system:authenticated"}


def test_impersonated_groups_are_taken_over() -> None:
    assert user_of({"Impersonate-User": "bob"}, ("dev",)).groups == ("dev", "system:authenticated")


def test_the_token_names_kubectl_s_user_where_there_is_no_tls() -> None:
    file = kubeconfig(Connection("http://127.0.0.1:1", "alice:dev,ops"), "shop")
    user = file["users"][0]["user"]
    assert user == {"token": "alice:dev,ops", "as": "alice", "as-groups": ["dev", "ops"]}
    assert file["contexts"][0]["context"]["namespace"] == "shop"


def test_over_tls_the_token_is_enough() -> None:
    file = kubeconfig(Connection("https://127.0.0.1:1", "secret", "/ca.pem"))
    assert file["users"][0]["user"] == {"token": "secret"}
    assert file["clusters"][0]["cluster"]["certificate-authority"] == "/ca.pem"


async def test_the_audit_log_names_the_user() -> None:
    async with EmbeddedApi(user="alice") as api:
        async with Client(api.connection, "tests") as client:
            await client.list("/api/v1/pods")
        assert api.audit.count(user="alice", verb="list", resource="pods") == 1


async def test_a_review_of_oneself_says_who_asks() -> None:
    async with EmbeddedApi(user="ann:devs") as api, Client(api.connection, "tests") as client:
        answer = await client.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert answer["status"]["userInfo"] == {"username": "ann", "groups": ["devs", "system:authenticated"]}
