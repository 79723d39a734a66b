"""The protocols of probes: UDP, ICMP and TCP."""

from __future__ import annotations

from enum import Enum

from paris.packets import numbers


class Protocol(Enum):
    """The protocol of a probe."""

    UDP = "udp"
    ICMP = "icmp"
    TCP = "tcp"

    def number(self, version: int) -> int:
        """The IANA protocol number in IP of this version."""
        if self is Protocol.ICMP:
            return numbers.ICMP[version]
        return numbers.UDP if self is Protocol.UDP else numbers.TCP

    @property
    def twin(self) -> Protocol:
        """The protocol to compare with, to see whether a router hashes the protocol number.

        Its probes can have the same four bytes after the IP header.
        """
        return Protocol.TCP if self is Protocol.UDP else Protocol.UDP
