"""The mesh of the sandbox: objects of a Kubernetes API become the configuration of a real Envoy.

``translate`` is pure: objects in, Envoy's resources as dicts out. ``files`` writes them in the safe order, ``envoy``
runs the process, ``watch`` keeps the objects, ``mesh`` ties them together. No code here knows what a release is.
"""

from controller.sandbox.mesh.mesh import Mesh
from controller.sandbox.mesh.sources import GatewayClient, PlainClient, SidecarClient, Source

__all__ = ["GatewayClient", "Mesh", "PlainClient", "SidecarClient", "Source"]
