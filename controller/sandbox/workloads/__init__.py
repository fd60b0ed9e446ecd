"""Plays kube-controller-manager over HTTP: Deployments, ReplicaSets, endpoints, Jobs, garbage, namespaces.

StatefulSets, DaemonSets, CronJobs and HorizontalPodAutoscalers are not played. No code here may know a Release.
"""

from __future__ import annotations

from controller.sandbox.workloads.player import Workloads

__all__ = ["Workloads"]
