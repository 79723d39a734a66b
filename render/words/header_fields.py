"""The words for fields of a probe's headers."""

from __future__ import annotations

from typing import Final

from mda.model import HeaderField

HEADER_FIELDS: Final = {
    "sport": "source port",
    "dport": "destination port",
    "source": "source address",
    "identifier": "ICMP identifier",
    "icmp-checksum": "ICMP checksum",
    "icmp-sequence": "ICMP sequence number",
    "udp-checksum": "UDP checksum",
    "tcp-checksum": "TCP checksum",
    "tcp-sequence": "TCP sequence number",
    "length": "length",
    "payload": "payload",
    "ip-id": "IP identification",
    "flow-label": "flow label",
    "traffic-class": "traffic class",
}
# Those that a balancer may hash.
CLASSIFIED: Final = {
    HeaderField.SPORT: "source port",
    HeaderField.DPORT: "destination port",
    HeaderField.ICMP_CHECKSUM: "first four bytes of ICMP",
    HeaderField.PROTOCOL: "protocol",
    HeaderField.SOURCE: "source address",
    HeaderField.DESTINATION: "destination address",
    HeaderField.TRAFFIC_CLASS: "traffic class",
    HeaderField.FLOW_LABEL: "flow label",
}
