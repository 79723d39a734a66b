"""Which probe an ICMP error quotes, although NATs and other middleboxes rewrite packets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mda.model import ReplyKind
from paris.packets import tags
from paris.packets.checksums import word_sum
from paris.packets.protocols import Protocol

if TYPE_CHECKING:
    from paris.packets.flow_headers import FlowHeaders
    from paris.packets.flows import Flows
    from paris.packets.quotes import QuotedProbe
    from paris.packets.replies import ParsedReply

_UNQUOTED = frozenset(
    {ReplyKind.ECHO_REPLY, ReplyKind.SYN_ACK, ReplyKind.RST, ReplyKind.UDP_ANSWER}
)


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
    )
    changed = {name for name, shown, sent in fields if shown is not None and shown != sent}
    if not _is_explained(changed, quoted, headers):
        return None
    if parsed.kind in _UNQUOTED and (changed or parsed.responder != headers.destination):
        return None  # the reply quotes nothing, so no middlebox explains a difference
    return tuple(sorted(changed))


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
