"""Values that fit the schema, but not each other, are refused in one line with the reason."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

import paris
from paris.errors import FormatError
from paris.formats import native


@cache
def written() -> str:
    return native.write(paris.trace(network="two-way", multipath=True))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"destination": "2001:db8::1"}, "not of the same IP version"),
        ({"first_ttl": 31}, "first_ttl 31 is beyond 30"),
        ({"dport": None}, "dport None does not fit udp"),
        ({"protocol": "icmp"}, "dport 33434 does not fit icmp"),
        ({"protocol": "icmp", "dport": None}, "does not exist for ICMP"),
        ({"payload": "dhcp"}, "no payload 'dhcp'"),
        ({"payload": "dns", "protocol": "tcp"}, "payload dns is for UDP probes"),
        ({"flow_field": "flow-label"}, "has no flow label"),
        ({"flow_label": 5}, "has no flow label"),
        ({"prefix_len": 33}, "prefix_len 33 is too long"),
        ({"sources": ["2001:db8::1"]}, "source 2001:db8::1 is not IPv4"),
        ({"studies": ["follow"]}, "'follow' is among the studies, but has no value"),
    ],
    ids=str,
)
def test_a_plan_that_no_probes_can_follow_is_refused(plan: dict[str, Any], said: str) -> None:
    document = json.loads(written())
    document["plan"].update(plan)
    with pytest.raises(FormatError, match=rf"^x\.json: .*{said}"):
        native.read(json.dumps(document), "x.json")


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ({"flow": 65535}, "flow 65535, TTL 1, attempt 0: flow 65535 is not one of"),
        ({"responder": "2001:db8::1"}, "responder 2001:db8::1 is not IPv4"),
    ],
    ids=["flow", "responder"],
)
def test_an_outcome_that_does_not_fit_the_plan_is_refused(
    outcome: dict[str, Any], said: str
) -> None:
    document = json.loads(written())
    document["outcomes"][0].update({"ttl": 1, "attempt": 0, **outcome})
    with pytest.raises(FormatError, match=rf"^x\.json: the probe with .*{said}"):
        native.read(json.dumps(document), "x.json")


def test_a_way_with_another_ip_version_is_refused() -> None:
    way = {"source": "2001:db8::1", "interface": "a", "gateway": None, "flows": [0]}
    document = json.loads(written()) | {"ways": [way]}
    with pytest.raises(FormatError, match="source 2001:db8::1 is not IPv4"):
        native.read(json.dumps(document), "x.json")
