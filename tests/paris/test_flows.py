"""Flow numbers and header values are each other's inverse, over the whole range."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from paris.errors import SettingsError
from paris.flows import FlowField, FlowHeaders, FlowPlan, Protocol
from tests.paris.test_probes import COMBINATIONS, plan_of


@pytest.mark.parametrize(("version", "protocol", "field"), COMBINATIONS)
def test_headers_and_flow_are_inverses(version: int, protocol: Protocol, field: FlowField) -> None:
    plan = plan_of(version, protocol, field)
    step = max(1, plan.capacity // 50_000)
    for flow in (*range(0, plan.capacity, step), plan.capacity - 1):
        assert plan.flow_of(plan.headers(flow)) == flow


def test_headers_of_no_flow_have_none() -> None:
    plan = plan_of(4, Protocol.UDP, FlowField.SPORT)
    assert plan.flow_of(FlowHeaders(19_999, 33_434, None, 0)) is None
    assert plan.flow_of(FlowHeaders(20_000, 33_435, None, 0)) is None
    assert plan.flow_of(FlowHeaders(None, None, 1, 0)) is None
    for beyond in (-1, plan.capacity):
        with pytest.raises(ValueError, match="is not one of"):
            plan.headers(beyond)


@pytest.mark.parametrize(
    ("protocol", "field", "version", "message"),
    [
        (Protocol.ICMP, FlowField.SPORT, 4, "use icmp-checksum"),
        (Protocol.UDP, FlowField.ICMP_CHECKSUM, 4, "use sport or dport"),
        (Protocol.UDP, FlowField.ICMP_CHECKSUM, 6, "use sport or dport or flow-label"),
        (Protocol.UDP, FlowField.FLOW_LABEL, 4, "which has no flow label"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_what_can(
    protocol: Protocol, field: FlowField, version: int, message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        plan_of(version, protocol, field)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("sport", 65_536, "source port must be from 0 to 65535, not 65536"),
        ("dport", -1, "destination port must be"),
        ("traffic_class", 256, "traffic class must be from 0 to 255"),
        ("flow_label", 1 << 20, "flow label must be from 0 to 1048575"),
    ],
)
def test_values_must_fit_their_fields(field: str, value: int, message: str) -> None:
    plan = plan_of(6, Protocol.UDP, FlowField.SPORT)
    with pytest.raises(SettingsError, match=message):
        replace(plan, **{field: value})  # type: ignore[arg-type]


def test_both_ends_must_speak_one_version() -> None:
    with pytest.raises(SettingsError, match="same IP version"):
        FlowPlan(
            source=ip_address("192.0.2.1"), destination=ip_address("2001:db8::1"),
            protocol=Protocol.UDP, field=FlowField.SPORT, sport=1, dport=1,
        )  # fmt: skip
