from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import yaml
from aiohttp import web

from controller.errors import SandboxError
from controller.sandbox.prometheus import Prometheus, Target, mesh_target, scrape_config

ENVOY = r"/stats/prometheus?usedonly&filter=^istio\."
METRICS = """# TYPE envoy_istio_requests_total counter
envoy_istio_requests_total{reporter="source",destination_workload="",source_app="-",response_code="503"} 3
envoy_istio_requests_total{reporter="source",destination_workload="podinfo",source_app="web",response_code="200"} 7
# TYPE envoy_cluster_upstream_rq counter
envoy_cluster_upstream_rq 1
"""


def test_the_configuration_is_yaml_that_promtool_accepts(tmp_path: Path) -> None:
    targets = [mesh_target("127.0.0.1:1", ENVOY), Target("controller", "127.0.0.1:2")]
    file = tmp_path / "prometheus.yml"
    file.write_text(json.dumps(scrape_config(targets)))
    promtool = shutil.which("promtool")
    assert promtool, "promtool comes with Prometheus: apt-get install -y prometheus"
    checked = subprocess.run([promtool, "check", "config", str(file)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    first, second = yaml.safe_load(file.read_text())["scrape_configs"]
    assert (first["metrics_path"], first["params"]) == (
        "/stats/prometheus",
        {"usedonly": [""], "filter": [r"^istio\."]},
    )
    assert second == {
        "job_name": "controller",
        "metrics_path": "/metrics",
        "params": {},
        "static_configs": [{"targets": ["127.0.0.1:2"]}],
    }


async def test_without_the_program_one_sentence_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="Prometheus is not installed; get it with: apt-get install -y prometheus"):
        async with Prometheus(tmp_path, []):
            pass


async def test_a_configuration_that_it_refuses_is_told_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match=r"(?s)Prometheus ended with status .*job name"):
        async with Prometheus(tmp_path / "p", [Target("same", "127.0.0.1:1"), Target("same", "127.0.0.1:2")]):
            pass


@pytest.fixture
async def metrics() -> AsyncIterator[str]:
    """The address of something that looks like Envoy's admin interface."""
    app = web.Application()
    app.router.add_get("/stats/prometheus", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"{host}:{port}"
    await runner.cleanup()


async def _answer(_request: web.Request) -> web.Response:
    return web.Response(text=METRICS)


async def test_what_envoy_counts_is_found_under_istios_names(tmp_path: Path, metrics: str) -> None:
    async with Prometheus(tmp_path / "p", [mesh_target(metrics, ENVOY)]) as prometheus:
        found = await prometheus.query("istio_requests_total")
        by_code = {sample.labels["response_code"]: sample for sample in found}
        assert {code: sample.value for code, sample in by_code.items()} == {"200": 7, "503": 3}
        assert by_code["503"].labels["destination_workload"] == "unknown"
        assert by_code["503"].labels["source_app"] == "unknown"
        assert by_code["503"].labels["destination_canonical_revision"] == "latest"
        assert by_code["200"].labels["source_app"] == "web"
        assert await prometheus.query('{__name__=~"envoy_.*"}') == []
        assert await prometheus.steady() == 10
        now = found[0].time
        (series,) = await prometheus.query_range("sum(istio_requests_total)", now - 5, now, 1)
        assert series.values[-1][1] == 10
        assert [one.value for one in await prometheus.query("vector(3)", now)] == [3]
        assert [one.value for one in await prometheus.query("1 + 1")] == [2]
        with pytest.raises(SandboxError, match=r"Prometheus refuses 'sum\(': .*unclosed"):
            await prometheus.query("sum(")


async def test_a_target_that_cannot_be_scraped_is_named(tmp_path: Path) -> None:
    async with Prometheus(tmp_path / "p", [Target("nobody", "127.0.0.1:1")], wait=False) as prometheus:
        with pytest.raises(SandboxError, match=r"Prometheus scraped nothing within 0\.3 s"):
            await prometheus.scraped(timeout=0.3)
