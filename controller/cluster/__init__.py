"""The only door to Kubernetes: cached get and list, watch, patch, status, event.

May not go in: anything that knows a Release, a router or a decision. Objects are plain dicts throughout; errors are
those of controller.errors, with kind, namespace and name. kubernetes_asyncio gives configuration and credentials
only: its models cost twenty times as much per event, and its Watch spins on an empty answer.
"""

from __future__ import annotations

from controller.cluster.access import Access, explicit, find, from_kubeconfig, in_cluster
from controller.cluster.cache import Cache, by_label, by_namespace, by_owner
from controller.cluster.caches import Caches
from controller.cluster.client import MANAGER, Cluster
from controller.cluster.events import EventRecorder
from controller.cluster.kinds import Kind, Resource
from controller.cluster.objects import Key, Object, Objects, copied, key_of, version_of
from controller.cluster.reflector import Reflector, Selection, Timing
from controller.cluster.transport import MissingKind

__all__ = [
    "MANAGER",
    "Access",
    "Cache",
    "Caches",
    "Cluster",
    "EventRecorder",
    "Key",
    "Kind",
    "MissingKind",
    "Object",
    "Objects",
    "Reflector",
    "Resource",
    "Selection",
    "Timing",
    "by_label",
    "by_namespace",
    "by_owner",
    "copied",
    "explicit",
    "find",
    "from_kubeconfig",
    "in_cluster",
    "key_of",
    "version_of",
]
