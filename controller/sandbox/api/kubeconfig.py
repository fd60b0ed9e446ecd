"""A kubeconfig for kubectl and client libraries."""

from __future__ import annotations

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
            user["as"] = connection.token
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
