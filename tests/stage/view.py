"""What can be seen on the stage: objects, the Release's words, the weights that its routes had."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from controller.sandbox.api import EmbeddedApi
from controller.sandbox.api.store import Change
from controller.sandbox.client import Object
from tests.stage.objects import NAME, NAMESPACE

AGENT = "sluice"


@dataclass
class View:
    """``weights`` is the sequence of weights, by image, that the routes had."""

    api: EmbeddedApi
    weights: list[dict[str, int]] = field(default_factory=list, kw_only=True)

    @staticmethod
    def owned(owner: Object, one: Object) -> bool:
        return any(ref["uid"] == owner["metadata"]["uid"] for ref in one["metadata"].get("ownerReferences", ()))

    def objects(self, table: str) -> list[Object]:
        """What the API holds, by kind (``plural.group``)."""
        return [row.object for _, row in self.api.store.rows(table)]

    def get(self, table: str, name: str = NAME) -> Object:
        row = self.api.store.get(table, NAMESPACE, name)
        assert row is not None, f"there is no {table} {name}"
        return row.object

    def status(self, name: str = NAME) -> Object:
        found: Object = self.get("releases.sluice.dev", name).get("status") or {}
        return found

    def annotations(self, name: str = NAME) -> dict[str, str]:
        """Those of the Release."""
        return dict(self.get("releases.sluice.dev", name)["metadata"].get("annotations") or {})

    def phase(self) -> str:
        return str(self.status().get("phase", ""))

    def told(self) -> str:
        return f"{self.phase()}: {self.status().get('message')}"

    def serves(self, image: str) -> bool:
        """Whether this image was promoted."""
        return self.phase() == "Idle" and (self.status().get("stable") or {}).get("images") == [image]

    def revision(self, image: str) -> str:
        """The revision that runs an image, "" without one."""
        for one in self.objects("deployments.apps"):
            name = (one["metadata"].get("labels") or {}).get("sluice.dev/revision")
            if name and one["spec"]["template"]["spec"]["containers"][0]["image"] == image:
                return str(name)
        return ""

    def image(self, revision: str) -> str:
        """The image that a revision runs, the revision itself when it has no Deployment."""
        for one in self.objects("deployments.apps"):
            if (one["metadata"].get("labels") or {}).get("sluice.dev/revision") == revision:
                return str(one["spec"]["template"]["spec"]["containers"][0]["image"])
        return revision

    def share(self, image: str) -> int:
        """The weight of an image in the routes, percent."""
        return self.weights[-1].get(image, 0) if self.weights else 0

    def end(self) -> list[str]:
        """Everything that a story leaves behind, with images for revisions and without times and versions."""
        status = self.status()
        kept = {key: status[key] for key in ("phase", "stable", "retiring", "candidate") if key in status}
        left: list[Any] = [kept, (status.get("failed") or {}).get("reason"), status.get("handled")]
        for table in ("deployments.apps", "replicasets.apps", "configmaps"):
            left += [[one["metadata"]["name"], one.get("spec")] for one in self.objects(table)]
        for table in ("virtualservices", "destinationrules"):
            left += [one["spec"] for one in self.objects(f"{table}.networking.istio.io")]
        return sorted(self.named(json.dumps(one, sort_keys=True)) for one in left)

    def named(self, text: str) -> str:
        """A text with images instead of revisions, and without times."""
        for one in self.objects("deployments.apps"):
            revision = (one["metadata"].get("labels") or {}).get("sluice.dev/revision")
            if revision:
                text = text.replace(str(revision), self.image(str(revision)))
        return re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "T", text)

    def events(self) -> list[tuple[str, str]]:
        """(reason, type) of each event about a Release."""
        found = self.objects("events")
        return [(one["reason"], one["type"]) for one in found if one["involvedObject"]["kind"] == "Release"]

    def writes(self) -> list[tuple[str, str, str, str]]:
        """What the controller wrote, in order: verb, resource, subresource, name; without events."""
        return [
            (one.verb, one.resource, one.subresource, one.name)
            for one in self.api.audit.entries(agent=AGENT)
            if one.verb in ("create", "update", "patch", "delete") and one.resource != "events" and 0 < one.code < 300
        ]

    def owning(self) -> bool:
        """Whether the Deployment still has a ReplicaSet of its own."""
        return bool(self.objects("replicasets.apps"))

    def emptied(self, image: str) -> bool:
        """Whether the revision with this image has neither pods nor a subset."""
        name = self.revision(image)
        subsets = self.get("destinationrules.networking.istio.io")["spec"]["subsets"]
        gone = f"r-{name}" not in [one["name"] for one in subsets]
        return bool(name) and gone and not self.get("deployments.apps", f"podinfo-{name}")["spec"]["replicas"]

    def route(self, change: Change) -> None:
        """Note the weights after a write of the routes."""
        routes = change.new.object["spec"].get("http") or []
        entries = routes[-1]["route"] if routes else []
        found = {
            self.image(entry["destination"].get("subset", "-").removeprefix("r-")): entry.get("weight", 100)
            for entry in entries
            if entry.get("weight", 100)
        }
        if not self.weights or self.weights[-1] != found:
            self.weights.append(found)
