"""What is accepted with a warning, in a real server's words; tests/sandbox/api/test_warnings.py asks a server."""

from __future__ import annotations

from typing import Any

import pytest

from controller.sandbox.api.schema.checks import warnings
from controller.sandbox.api.schema.decode import decode_builtin
from controller.sandbox.api.schema.defaults import set_defaults

Object = dict[str, Any]
AT = "spec.template.spec.containers[0]"


def deployment(*containers: Object, **spec: Any) -> Object:
    named = [{"name": f"c{i}", "image": "i", **container} for i, container in enumerate(containers or ({},))]
    item: Object = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "w"},
        "spec": {"template": {"spec": {"containers": named, **spec}}},
    }
    decode_builtin("apps", "v1", "Deployment", item)
    set_defaults("apps", "Deployment", item)
    return item


def port(number: int = 80, **fields: Any) -> Object:
    return {"containerPort": number, **fields}


@pytest.mark.parametrize(
    ("ports", "told"),
    [
        ([port(), port(81)], []),
        ([port(), port(protocol="UDP")], []),
        ([port(), port()], ["1 duplicate 0"]),
        ([port(), port(), port()], ["1 duplicate 0", "2 duplicate 0", "2 duplicate 1"]),
        ([port(hostPort=80), port()], ["1 overlapping 0"]),
        ([port(hostPort=80), port(hostPort=81)], []),
        ([port(hostPort=80, hostIP="1.1.1.1"), port(hostPort=80)], ["1 dangerously ambiguous 0"]),
        ([port(hostPort=80, hostIP="1.1.1.1"), port(hostPort=80, hostIP="2.2.2.2")], []),
    ],
)
def test_ports_that_say_the_same_twice(ports: list[Object], told: list[str]) -> None:
    wanted = []
    for text in told:
        later, *how, earlier = text.split()
        wanted.append(f"{AT}.ports[{later}]: {' '.join(how)} port definition with {AT}.ports[{earlier}]")
    assert warnings("apps", "Deployment", deployment({"ports": ports})) == wanted


def test_a_name_that_two_containers_give_their_ports() -> None:
    found = warnings("apps", "Deployment", deployment({"ports": [port(name="h")]}, {"ports": [port(81, name="h")]}))
    used = f"services and probes that select ports by name will use {AT}.ports[0]"
    assert found == [f'spec.template.spec.containers[1].ports[0]: duplicate port name "h" with {AT}.ports[0], {used}']


@pytest.mark.parametrize(
    ("container", "told"),
    [
        ({"env": [{"name": "X"}, {"name": "Y"}]}, ""),
        (
            {"env": [{"name": "X", "value": "1"}, {"name": "X", "value": "2"}]},
            '.env[1]: hides previous definition of "X", which may be dropped when using apply',
        ),
        ({"resources": {"limits": {"memory": "64Mi", "cpu": "1m"}}}, ""),
        (
            {"resources": {"limits": {"memory": "500m"}, "requests": {"memory": "0"}}},
            '.resources.limits[memory]: fractional byte value "500m" is invalid, must be an integer',
        ),
        (
            {"resources": {"requests": {"ephemeral-storage": "1.5"}}},
            '.resources.requests[ephemeral-storage]: fractional byte value "1500m" is invalid, must be an integer',
        ),
    ],
)
def test_containers(container: Object, told: str) -> None:
    assert warnings("apps", "Deployment", deployment(container)) == ([AT + told] if told else [])


def test_the_rest_of_a_pod() -> None:
    found = warnings(
        "apps",
        "Deployment",
        deployment(
            nodeSelector={"beta.kubernetes.io/os": "linux", "a": "b"},
            topologySpreadConstraints=[{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "DoNotSchedule"}],
            hostAliases=[{"ip": "1.2.3.4"}, {"ip": "1.2.3.5"}, {"ip": "1.2.3.4"}],
            imagePullSecrets=[{"name": "a"}, {}],
            overhead={"memory": "500m"},
            terminationGracePeriodSeconds=-1,
        ),
    )
    at = "spec.template.spec."
    assert [text.removeprefix(at) for text in found] == [
        'nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
        "topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod",
        'hostAliases[2].ip: duplicate ip "1.2.3.4"',
        'imagePullSecrets[1].name: invalid empty name ""',
        'overhead[memory]: fractional byte value "500m" is invalid, must be an integer',
        "terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1",
    ]


def test_an_update_warns_of_a_new_generation_alone() -> None:
    twice = deployment({"ports": [port(), port()]})
    assert len(warnings("apps", "Deployment", twice)) == 1
    old = {**twice, "metadata": {"name": "w", "generation": 1}}
    assert warnings("apps", "Deployment", {**twice, "metadata": {"name": "w", "generation": 1}}, old) == []
    assert len(warnings("apps", "Deployment", {**twice, "metadata": {"name": "w", "generation": 2}}, old)) == 1
