"""What `sluice sandbox` tells once everything runs. That it runs and goes is tried in tests/sandbox/test_run.py."""

from __future__ import annotations

import io

from rich.console import Console

from controller.cli.sandbox import _show


def test_every_address_is_whole_however_narrow_the_terminal() -> None:
    out = io.StringIO()
    where = {
        "api": "http://127.0.0.1:40000",
        "sources": {"sidecar.shop.frontend": "http://127.0.0.1:40001", "gateway.istio-system.public": "http://g"},
        "prometheus": None,
        "switch": "http://127.0.0.1:40002",
        "load": "http://127.0.0.1:40003",
        "rate": 20.0,
        "try": ["export KUBECONFIG=/tmp/sluice-[x]/kubeconfig", "kubectl get pods", "curl " + "x" * 100],
    }
    _show(Console(file=out, width=30, highlight=False), where)
    lines = out.getvalue().splitlines()
    assert "  Kubernetes API                     http://127.0.0.1:40000" in lines
    assert "  faults of pods                     http://127.0.0.1:40002/behaviour/NAMESPACE/VERSION" in lines
    assert "  Prometheus                         not started" in lines
    assert "  users (20/s)                       http://127.0.0.1:40003/account" in lines
    assert "  export KUBECONFIG=/tmp/sluice-[x]/kubeconfig" in lines
    assert "  curl " + "x" * 100 in lines
