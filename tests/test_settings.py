from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from controller.errors import SettingsError
from controller.settings import Address, Settings, usage


def test_without_anything_the_defaults_hold() -> None:
    settings = Settings.parse([], {})
    assert settings == Settings()
    assert settings.listen == Address("", 8080)
    assert settings.namespaces == ()
    assert (settings.workers, settings.lease_duration, settings.lease_renew) == (8, 15.0, 5.0)
    assert settings.leader_election
    assert settings.secrets


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().workers = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["--workers", "3"], "workers", 3),
        (["--workers=3"], "workers", 3),
        (["--namespaces", "a,b", "--namespaces", "b", "--namespaces=c"], "namespaces", ("a", "b", "c")),
        (["--lease-duration=1m30s"], "lease_duration", 90.0),
        (["--min-interval=500ms"], "min_interval", 0.5),
        (["--leader-election=off"], "leader_election", False),
        (["--prometheus-insecure"], "prometheus_insecure", True),
        (["--secrets", "off"], "secrets", False),
        (["--listen", "[::1]:9000"], "listen", Address("::1", 9000)),
        (["--listen", "127.0.0.1:0"], "listen", Address("127.0.0.1", 0)),
        (["--log-level=DEBUG"], "log_level", "debug"),
        (["--prometheus-url=https://p.example/prefix/"], "prometheus_url", "https://p.example/prefix"),
        (["--server", "http://127.0.0.1:8001", "--token", "x"], "token", "x"),
    ],
)
def test_flags(arguments: list[str], field: str, value: object) -> None:
    assert getattr(Settings.parse(arguments, {}), field) == value


def test_a_flag_wins_over_a_variable_and_an_empty_variable_is_none() -> None:
    environment = {"SLUICE_WORKERS": "3", "SLUICE_LOG_LEVEL": "  ", "SLUICE_SECRETS": "off"}
    settings = Settings.parse(["--workers=4"], environment)
    assert (settings.workers, settings.log_level, settings.secrets) == (4, "info", False)


def test_well_known_variables_are_asked_last() -> None:
    settings = Settings.parse([], {"KUBECONFIG": "/k", "POD_NAMESPACE": "ops"})
    assert (settings.kubeconfig, settings.lease_namespace) == ("/k", "ops")
    assert Settings.parse([], {"KUBECONFIG": "/k", "SLUICE_KUBECONFIG": "/s"}).kubeconfig == "/s"


@pytest.mark.parametrize(
    ("arguments", "environment", "text"),
    [
        (["--workers=none"], {}, "--workers: 'none' is not a whole number from 1 to 256"),
        ([], {"SLUICE_WORKERS": "0"}, "SLUICE_WORKERS: '0' is not a whole number from 1 to 256"),
        (["--lease-duration=15"], {}, "--lease-duration: '15' has no unit; write 15s for seconds"),
        (["--grace=soon"], {}, "write it like 15s, 1m30s or 500ms"),
        (["--grace=0s"], {}, "is not between"),
        (["--log-format=xml"], {}, "choose one of json, console"),
        (["--secrets=maybe"], {}, "write on or off"),
        (["--namespaces=Shop"], {}, "--namespaces: 'Shop' is no Kubernetes name"),
        (["--prometheus-url=prometheus:9090"], {}, "write it like http://prometheus.monitoring:9090"),
        (["--prometheus-url=http://me:secret@p:9090"], {}, "carries a password"),
        (["--prometheus-url=http://p:x"], {}, "is no address of a server"),
        (["--prometheus-ca=/nowhere.pem"], {}, "is no file that can be read"),
        (["--listen=8080x"], {}, "write it like :8080"),
        (["--listen=::1:80"], {}, "[::1]:8080"),
        (["--listen=:70000"], {}, "--listen: ':70000' is no address"),
        (["--worker=3"], {}, "unrecognized arguments: --worker=3; did you mean --workers?"),
        (["extra"], {}, "see `sluice run --help`"),
        (["--workers"], {}, "expected one argument"),
        (["--server=http://a:1", "--kubeconfig=/k"], {}, "--server and --kubeconfig: both name a cluster"),
        (["--token=x"], {}, "--token: is used with --server only"),
        (["--context=x", "--server=http://a:1"], {}, "--context: belongs to a kubeconfig file"),
        (["--min-interval=1m", "--max-interval=30s"], {}, "--min-interval: is longer than --max-interval (30s)"),
        (["--lease-renew=6s"], {}, "--lease-renew: is more than a third of --lease-duration; use at most 5s"),
        (["--lease-duration=2s", "--lease-renew=500ms"], {}, "--lease-duration: leaves no time"),
    ],
)
def test_a_mistake_names_the_flag_and_the_remedy(arguments: list[str], environment: dict[str, str], text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(text)):
        Settings.parse(arguments, environment)


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    settings = Settings.parse(
        ["--server=http://a:1"], {"SLUICE_TOKEN": "hush", "SLUICE_PROMETHEUS_AUTHORIZATION": "Bearer hush"}
    )
    assert settings.token == "hush"
    assert "hush" not in repr(settings)
    header = tmp_path / "header"
    header.write_text("Bearer hush")
    with pytest.raises(SettingsError) as caught:
        Settings.parse(["--prometheus-authorization=Bearer hush", f"--prometheus-authorization-file={header}"], {})
    assert "hush" not in str(caught.value)


def test_a_request_ends_before_a_third_of_the_lease() -> None:
    for duration in (3.0, 15.0, 60.0):
        settings = Settings(lease_duration=duration, lease_renew=duration / 3)
        assert settings.request_limit < duration / 3


def test_no_variable_is_one_that_kubernetes_sets_for_a_service() -> None:
    for option in dataclasses.fields(Settings):
        assert not re.fullmatch(r"PORT(_\d+_.*)?|SERVICE_(HOST|PORT).*", option.name.upper())


def test_the_help_names_every_flag_with_its_default() -> None:
    text = usage()
    for option in dataclasses.fields(Settings):
        assert "--" + option.name.replace("_", "-") in text
    assert "(default 15s)" in text
