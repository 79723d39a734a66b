"""What a probe is: UDP, ICMP or TCP."""

from __future__ import annotations

from enum import Enum

from paris.packets import numbers


class Protocol(Enum):
    """What a probe is."""

    UDP = "udp"
    ICMP = "icmp"
    TCP = "tcp"

    def number(self, version: int) -> int:
        """The IANA protocol number in IP of that version."""
        if self is Protocol.ICMP:
            return numbers.ICMP[version]
        return numbers.UDP if self is Protocol.UDP else numbers.TCP

    @property
    def twin(self) -> Protocol:
        """The protocol that shows whether a router hashes the protocol number.

        Its probes can have the same four bytes behind the IP header.
        """
        return Protocol.TCP if self is Protocol.UDP else Protocol.UDP
