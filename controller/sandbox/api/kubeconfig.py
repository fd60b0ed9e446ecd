"""A kubeconfig for kubectl and client libraries."""

from __future__ import annotations

from controller.sandbox.api.identity import user_of_token
from controller.sandbox.client import Connection, Object


def kubeconfig(connection: Connection, namespace: str = "default") -> Object:
    """The file's content as a dict, with one context named ``sandbox``.

    Over plain http kubectl sends no token (client-go: only over TLS) but does impersonate, so the user is named by
    ``as`` too; the token is for client libraries that send it.
    """
    user: Object = {}
    cluster: Object = {"server": connection.url}
    if connection.token:
        user["token"] = connection.token
        if connection.url.startswith("http://"):
            who = user_of_token(connection.token)
            user["as"] = who.name
            groups = [group for group in who.groups if not group.startswith("system:")]
            if groups:
                user["as-groups"] = groups
    if connection.ca:
        cluster["certificate-authority"] = connection.ca
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "sandbox", "cluster": cluster}],
        "users": [{"name": "sandbox", "user": user}],
        "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox", "namespace": namespace}}],
        "current-context": "sandbox",
    }
