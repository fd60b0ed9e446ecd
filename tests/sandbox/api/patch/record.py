"""Asks a real kube-apiserver what our patches are judged by: plays scenarios.yaml, writes recorded.json.

    KUBEBUILDER_ASSETS=FOLDER python tests/sandbox/api/patch/record.py

FOLDER holds the programs etcd and kube-apiserver. Times in managedFields are written as the number of the step that
set them; what differs from run to run (uid, resourceVersion, the server's own status) is left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from controller.sandbox import process
from tests.documents import document

HERE = Path(__file__).parent
TYPES = {
    "apply": "application/apply-patch+yaml",
    "merge": "application/merge-patch+json",
    "json": "application/json-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
KINDS = {
    "gadget": ("/apis/test.sluice.example/v1/namespaces/default/gadgets", "test.sluice.example/v1", "Gadget"),
    "deployment": ("/apis/apps/v1/namespaces/default/deployments", "apps/v1", "Deployment"),
    "service": ("/api/v1/namespaces/default/services", "v1", "Service"),
    "configmap": ("/api/v1/namespaces/default/configmaps", "v1", "ConfigMap"),
}


async def start_server(assets: Path, folder: Path) -> tuple[list[process.Child], str]:
    """etcd and a kube-apiserver that lets the token ``admin`` do anything; the children and its URL."""
    ports = []
    for _ in range(3):
        with process.free_port() as port:
            ports.append(port)
    store, peer, secure = ports
    (folder / "tokens.csv").write_text('admin,admin,admin,"system:masters"\n')
    key = await asyncio.create_subprocess_exec("openssl", "genrsa", "-out", str(folder / "sa.key"), "2048")
    assert await key.wait() == 0, "openssl is needed for a service account key"
    etcd = await process.start(
        "etcd",
        [
            str(assets / "etcd"),
            f"--data-dir={folder / 'data'}",
            f"--listen-client-urls=http://127.0.0.1:{store}",
            f"--advertise-client-urls=http://127.0.0.1:{store}",
            f"--listen-peer-urls=http://127.0.0.1:{peer}",
        ],
        folder / "etcd.log",
    )
    server = await process.start(
        "kube-apiserver",
        [
            str(assets / "kube-apiserver"),
            f"--etcd-servers=http://127.0.0.1:{store}",
            "--bind-address=127.0.0.1",
            f"--secure-port={secure}",
            f"--cert-dir={folder / 'certs'}",
            f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=AlwaysAllow",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder / 'sa.key'}",
            f"--service-account-signing-key-file={folder / 'sa.key'}",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
        ],
        folder / "server.log",
    )
    return [server, etcd], f"https://127.0.0.1:{secure}"


class Recorder:
    """Plays scenarios through one HTTP session and keeps what was answered."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(self, method: str, path: str, body: Any, kind: str, **params: str) -> tuple[int, Any]:
        data = json.dumps(body).encode()
        headers = {"Content-Type": kind}
        try:
            async with self._session.request(method, path, data=data, headers=headers, params=params) as answer:
                return answer.status, await answer.json(content_type=None)
        except aiohttp.ServerDisconnectedError:
            print(f"the server itself panics at this, which is no answer to compare with: {path} {body}")
            return 0, {}

    async def establish(self, crd: dict[str, Any]) -> None:
        """Posts the definition and waits until its collection is served."""
        version = {
            "name": "v1",
            "served": True,
            "storage": True,
            "subresources": {"status": {}},
            "schema": {"openAPIV3Schema": crd["schema"]},
        }
        names = {"kind": crd["kind"], "plural": crd["plural"]}
        body = {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{crd['plural']}.{crd['group']}"},
            "spec": {"group": crd["group"], "scope": "Namespaced", "names": names, "versions": [version]},
        }
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        code, answer = await self.call("POST", path, body, "application/json")
        assert code == 201, answer
        async with asyncio.timeout(20):
            while (await self._session.get(KINDS["gadget"][0])).status != 200:
                await asyncio.sleep(0.1)

    async def play(self, kind: str, title: str, steps: list[Any]) -> dict[str, Any]:
        path, api_version, go_kind = KINDS[kind]
        name = title.replace(" ", "-").replace(",", "").replace("'", "").lower()[:40].strip("-")
        times: dict[str, int] = {}
        before: Any = None
        record = []
        for number, step in enumerate(steps):
            manager, verb, body, options = [*step, {}][:4]
            body = json.loads(json.dumps(body).replace("$name", name))
            if verb in ("apply", "create"):
                body = {"apiVersion": api_version, "kind": go_kind, **body}
                body["metadata"] = {"name": name, "namespace": "default", **body.get("metadata", {})}
            await asyncio.sleep(1.01 - time.time() % 1)  # times count in seconds: each step has one of its own
            params = {"fieldManager": manager}
            if verb == "create":
                code, answer = await self.call("POST", path, body, "application/json", **params)
            else:
                if options.get("force"):
                    params["force"] = "true"
                place = "/".join(filter(None, [path, name, options.get("subresource")]))
                code, answer = await self.call("PATCH", place, body, TYPES[verb], **params)
            entry = {"manager": manager, "verb": verb, "body": body, **options, "before": before, "code": code}
            if code < 300:
                before = entry["after"] = _stable(answer, times, number)
            else:
                entry |= {key: answer.get(key) for key in ("reason", "message")}
                entry["causes"] = answer.get("details", {}).get("causes", [])
            record.append(entry)
        return {"kind": kind, "title": title, "steps": record}


def _stable(item: dict[str, Any], times: dict[str, int], step: int) -> dict[str, Any]:
    metadata = item["metadata"]
    for name in ("uid", "resourceVersion", "creationTimestamp", "generation"):
        metadata.pop(name, None)
    for entry in metadata.get("managedFields", []):
        if entry.get("time", "").startswith(str(datetime.now(UTC).year)):
            entry["time"] = times.setdefault(entry["time"], step)
    return item


async def record(assets: Path) -> None:
    stories = document((HERE / "scenarios.yaml").read_text())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        children, url = await start_server(assets, folder)
        try:
            headers = {"Authorization": "Bearer admin"}
            connector = aiohttp.TCPConnector(ssl=False, limit=0)
            async with aiohttp.ClientSession(url, headers=headers, connector=connector) as session:
                await _ready(session, children[0])
                recorder = Recorder(session)
                await recorder.establish(stories["crd"])
                plays = [recorder.play(kind, title, steps) for kind in KINDS for title, steps in stories[kind].items()]
                results = await asyncio.gather(*plays)
        finally:
            for child in children:
                await child.stop()
    recorded = {"crd": stories["crd"], "scenarios": results}
    (HERE / "recorded.json").write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n")
    print(sum(len(result["steps"]) for result in results), "steps recorded")


async def _ready(session: aiohttp.ClientSession, server: process.Child) -> None:
    async with asyncio.timeout(60):
        while True:
            server.check()
            try:
                async with session.get("/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.2)


if __name__ == "__main__":
    if "KUBEBUILDER_ASSETS" not in os.environ:
        sys.exit("set KUBEBUILDER_ASSETS to a folder with etcd and kube-apiserver")
    asyncio.run(record(Path(os.environ["KUBEBUILDER_ASSETS"])))
