"""Which probe a reply belongs to, although NATs and other middleboxes rewrite packets.

An ICMP error quotes the probe. An answer quotes nothing, and a host with several addresses may send
it from another than the probed one: its tag and its ports, or its identifier, name the probe.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, NamedTuple

from mda.model import ReplyKind
from paris.packets import tags
from paris.packets.checksums import word_sum
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.packets.quotes import QuotedProbe
    from paris.packets.replies import ParsedReply

_UNQUOTED = frozenset(
    {ReplyKind.ECHO_REPLY, ReplyKind.SYN_ACK, ReplyKind.RST, ReplyKind.UDP_ANSWER}
)


def fitting(
    parsed: ParsedReply, flows: Flows, headers_of: Callable[[int], FlowHeaders | None]
) -> list[tuple[tuple[str, ...], int]]:
    """The tags of the probes that a reply may belong to, each behind its changed fields.

    Those with the fewest changes come first. `headers_of` returns the headers of the probe with a
    tag, None if there is none.
    """
    for reading in _readings(parsed, flows):
        found = [
            (changed, tag)
            for tag in tags_of(reading.quoted)
            if (headers := headers_of(tag)) is not None
            and (changed := changed_fields(reading, tag, headers, flows)) is not None
        ]
        if found:
            return sorted(found, key=lambda fit: len(fit[0]))
    return []


class Unchanged(NamedTuple):
    """What a quote shows of the headers of a flow if nothing has changed them.

    Addresses and protocol; ports, identifier and ICMP checksum; flow label and traffic class.
    """

    ends: tuple[bytes, bytes, int]
    message: tuple[int | None, int | None, int | None, int | None]
    others: tuple[int | None, int]

    @classmethod
    def of(cls, headers: FlowHeaders, flows: Flows) -> Unchanged:
        """That of a flow with these headers."""
        version = flows.source.version
        identifier = flows.sport if headers.protocol is Protocol.ICMP else None
        return cls(
            (headers.source.packed, headers.destination.packed, headers.protocol.number(version)),
            (headers.sport, headers.dport, identifier, headers.icmp_checksum),
            (None if version == 4 else headers.flow_label, headers.traffic_class),
        )

    def is_in(self, quoted: QuotedProbe) -> bool:
        """Whether a quote shows all of this, and the same tag wherever it shows one."""
        tag = quoted.carrier_tag
        return (
            quoted[4:8] == self.message
            and quoted[:3] == self.ends
            and quoted[9:11] == self.others
            and quoted.payload_tag in (None, tag)
            and quoted.ip_id in (None, tags.ip_id(tag))
        )


def _readings(parsed: ParsedReply, flows: Flows) -> tuple[ParsedReply, ...]:
    """A reply as it came, and an answer from another address as if it were from the probed one."""
    quoted, probed = parsed.quoted, flows.destination.packed
    if parsed.kind not in _UNQUOTED or quoted.destination == probed:
        return (parsed,)
    tag = quoted.carrier_tag
    if parsed.kind is ReplyKind.UDP_ANSWER:
        tag = tags.from_elsewhere(tag, quoted.destination, probed)
    moved = quoted._replace(destination=probed, carrier_tag=tag)
    return parsed, parsed._replace(quoted=moved)


def tags_of(quoted: QuotedProbe) -> tuple[int, ...]:
    """The tags that the quoted probe may have had; empty if it shows none.

    No middlebox rewrites the payload's copy, so it outweighs the others: a rewritten checksum may
    equal another probe's tag.
    """
    if quoted.payload_tag is not None:
        return (quoted.payload_tag,)
    if not quoted.ip_id:
        return (quoted.carrier_tag,) if quoted.carrier_tag else ()
    if not quoted.carrier_tag:
        return (tags.tag_of(quoted.ip_id),)
    return tuple({quoted.carrier_tag: None, tags.tag_of(quoted.ip_id): None})


def changed_fields(
    parsed: ParsedReply, tag: int, headers: FlowHeaders, flows: Flows
) -> tuple[str, ...] | None:
    """The fields of the quote that differ from the probe; None if it quotes another packet.

    The probe carried `tag` and had these `headers`. Destination, destination port and protocol must
    match. A NAT may rewrite the source, and with it the port or identifier and every checksum;
    other middleboxes rewrite single fields.
    """
    quoted = parsed.quoted
    if (quoted.destination, quoted.protocol, quoted.dport) != (
        headers.destination.packed,
        headers.protocol.number(flows.source.version),
        headers.dport,
    ):
        return None
    fields = (
        (tags.FIELD_NAME[headers.protocol], quoted.carrier_tag, tag),
        ("flow-label", quoted.flow_label, headers.flow_label),
        ("icmp-checksum", quoted.icmp_checksum, headers.icmp_checksum),
        ("identifier", quoted.identifier, flows.sport),
        ("ip-id", quoted.ip_id, tags.ip_id(tag)),
        ("source", quoted.source, headers.source.packed),
        ("sport", quoted.sport, headers.sport),
        ("traffic-class", quoted.traffic_class, headers.traffic_class),
        ("length", quoted.length, headers.message_bytes),
    )
    changed = {name for name, shown, sent in fields if shown is not None and shown != sent}
    if headers.payload[tags.TEXT_AT] == tags.TEXT and not tags.TEXT.startswith(quoted.text):
        changed.add("payload")
    if not _is_explained(changed, quoted, headers):
        return None
    if parsed.kind in _UNQUOTED and changed:
        return None  # the reply quotes nothing, so no middlebox explains a difference
    return tuple(sorted(changed))


def shown_in(quoted: QuotedProbe, changed: tuple[str, ...]) -> tuple[str, ...]:
    """What the quote shows in each of the changed fields, as text."""
    if not changed:
        return ()
    texts = {"source": str(ip_address(quoted.source)), "payload": quoted.text.hex()}
    return tuple(
        texts.get(name) or str(getattr(quoted, name.replace("-", "_"), quoted.carrier_tag))
        for name in changed
    )


def _is_explained(changed: set[str], quoted: QuotedProbe, headers: FlowHeaders) -> bool:
    """Whether a NAT can have changed these fields, and the rest proves that the probe is ours."""
    has_own_port = changed.isdisjoint({"sport", "identifier"})
    if "source" not in changed:
        return has_own_port  # no middlebox rewrites only a port: the probe is another program's
    if headers.protocol is Protocol.TCP:
        return True  # the tag is there twice, and NATs leave it alone
    if quoted.payload_tag is not None:
        return True
    # A rewritten checksum may equal another probe's tag, so only the tag's copy is proof.
    if quoted.ip_id is not None:
        return "ip-id" not in changed
    return has_own_port and (
        headers.protocol is Protocol.ICMP or _keeps_checksums(quoted.source, headers.source.packed)
    )


def _keeps_checksums(shown: bytes, sent: bytes) -> bool:
    """Whether checksums stay as they were, as with prefix translation (RFC 6296 section 2.6)."""
    return word_sum(shown) % 0xFFFF == word_sum(sent) % 0xFFFF
