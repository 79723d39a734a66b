"""Replies as rows of caracal: each is one that the trace has, and nothing else is in the file."""

from __future__ import annotations

import ast
import csv
import io
from ipaddress import IPv6Address
from typing import TYPE_CHECKING

import pytest

import paris
from mda.model import Loss, ReplyKind
from paris.errors import OutputError
from paris.formats import caracal_csv
from paris.formats.readers import caracal as reader
from paris.packets import numbers
from tests.support.scamper import KINDS, multipath

if TYPE_CHECKING:
    from mda.model import IPAddress

# The names of the columns, as caracal writes them.
HEAD = (
    "capture_timestamp,probe_protocol,probe_src_addr,probe_dst_addr,probe_src_port,probe_dst_port,"
    "probe_ttl,quoted_ttl,reply_src_addr,reply_protocol,reply_icmp_type,reply_icmp_code,reply_ttl,"
    "reply_size,reply_mpls_labels,rtt,round"
)


def unmapped(text: str) -> IPAddress:
    address = IPv6Address(text)
    return address.ipv4_mapped or address


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"four-way"}))
def test_each_row_is_a_reply_of_the_trace(kind: str) -> None:
    trace = multipath(kind).replace(started_at_unix_s=1.7e9)
    text = caracal_csv.write(trace)
    assert text.splitlines()[0] == HEAD
    rows = list(csv.DictReader(io.StringIO(text)))
    probing, version = trace.plan.probing, trace.plan.source.version
    own = [own for own in trace.outcomes if not isinstance(own, Loss)]
    for row, reply in zip(rows, own, strict=True):
        ports = {"probe_src_port": probing.sport or 0, "probe_dst_port": probing.dport or 0}
        fields = {"sport": "probe_src_port", "dport": "probe_dst_port"}
        first = ports.get(fields.get(probing.flow_field, ""), 1)
        number = reply.request.flow + first
        ports["probe_dst_port" if probing.flow_field == "dport" else "probe_src_port"] = number
        assert {name: int(row[name]) for name in ports} == ports
        assert (unmapped(row["probe_src_addr"]), unmapped(row["probe_dst_addr"])) == (
            trace.plan.source, trace.plan.destination,
        )  # fmt: skip
        assert unmapped(row["reply_src_addr"]) == reply.responder
        assert (int(row["reply_icmp_type"]), int(row["reply_icmp_code"])) == (
            reply.icmp_type, reply.icmp_code,
        )  # fmt: skip
        assert row["quoted_ttl"] == ("" if reply.quoted_ttl is None else str(reply.quoted_ttl))
        assert int(row["capture_timestamp"]) == int(1.7e9 + reply.received_at_s + 5e-7)
        assert int(row["rtt"]) == pytest.approx(1e4 * (reply.rtt_s or 0), abs=0.51)
        labels = [(own.label, own.traffic_class, own.bottom, own.ttl) for own in reply.mpls]
        assert ast.literal_eval(row["reply_mpls_labels"]) == labels
        assert int(row["reply_protocol"]) == numbers.ICMP[version]


def test_a_row_is_spelt_as_in_a_file_of_caracal() -> None:
    line = caracal_csv.write(multipath("two-way")).splitlines()[1]
    assert line == (
        '1700000000,17,::ffff:192.0.2.1,::ffff:203.0.113.9,12201,33434,1,1,::ffff:192.0.2.254,1,11,0,255,,"[]",'
        "10,1"
    )


def test_what_the_columns_do_not_hold_is_said() -> None:
    trace = multipath("silent-hop")
    lost = sum(isinstance(own, Loss) for own in trace.outcomes)
    assert caracal_csv.lacks(trace)[:3] == (
        "times of less than 0.1 ms", "that the network is simulated", f"lost probes ({lost})",
    )  # fmt: skip


def test_probes_by_tcp_are_rows_but_for_answers_by_tcp() -> None:
    trace = multipath("four-way")
    (found,) = reader.read(caracal_csv.write(trace).encode(), "x.csv")
    record = found.record()
    probing = record.plan.probing
    assert (probing.protocol, probing.dport) == ("tcp", trace.plan.probing.dport)
    told = {(*own.request[:2], own.responder) for own in record.outcomes
            if not isinstance(own, Loss)}  # fmt: skip
    by_icmp = [own for own in trace.replies if own.kind is ReplyKind.TIME_EXCEEDED]
    assert told == {(*own.request[:2], own.responder) for own in by_icmp}
    others = len(trace.replies) - len(by_icmp)
    assert others > 0
    assert f"answers by TCP ({others})" in caracal_csv.lacks(trace)


def test_probes_that_differ_by_flow_label_are_refused() -> None:
    trace = paris.trace(network="ipv6-label", flow_field="flow-label")
    with pytest.raises(OutputError, match="hold no UDP probes whose flows differ by flow-label"):
        caracal_csv.write(trace)


def test_a_file_of_several_traces_has_one_line_of_names() -> None:
    traces = [multipath("two-way"), multipath("mpls")]
    text = "".join(caracal_csv.stream(traces))
    assert text.count(HEAD) == 1
    assert len(text.splitlines()) == 1 + sum(len(trace.replies) for trace in traces)


@pytest.mark.parametrize("kind", ["mpls", "nested", "unequal-length", "ipv6-way-back"])
def test_replies_come_back_with_times_of_a_tenth_of_a_millisecond(kind: str) -> None:
    trace = multipath(kind).replace(started_at_unix_s=1.7e9)
    (found,) = reader.read(caracal_csv.write(trace).encode(), "x.csv")
    again = [own for own in found.record().outcomes if not isinstance(own, Loss)]
    told, own = (
        sorted(
            (own.request.flow, own.request.ttl, str(own.responder), own.kind.value, own.mpls,
             round(own.rtt_s or 0, 4), own.quoted_ttl, own.reply_ttl)
            for own in replies
        )
        for replies in (again, trace.replies)
    )  # fmt: skip
    assert told == own
