"""Numbers that IANA assigns, each with its RFC: IP protocols, ICMP types and codes."""

from __future__ import annotations

from typing import Final

ICMP4: Final = 1  # RFC 792
TCP: Final = 6  # RFC 9293
UDP: Final = 17  # RFC 768
ICMP6: Final = 58  # RFC 4443

ROUTING: Final = 43  # RFC 8200 section 4.4
FRAGMENT: Final = 44  # RFC 8200 section 4.5
AUTHENTICATION: Final = 51  # RFC 4302
# The IPv6 headers that may precede a message in clear text (RFC 7045): these three, hop-by-hop and
# destination options, mobility, host identity, shim6.
EXTENSION_HEADERS: Final = frozenset({0, ROUTING, FRAGMENT, AUTHENTICATION, 60, 135, 139, 140})

# The numbers below are by IP version.
ENCAPSULATED: Final = {4: 4, 6: 41}  # IP in IP (RFC 2003; RFC 2473)
ICMP: Final = {4: ICMP4, 6: ICMP6}

ECHO_REQUEST: Final = {4: 8, 6: 128}  # RFC 792; RFC 4443 section 4.1
ECHO_REPLY: Final = {4: 0, 6: 129}  # RFC 792; RFC 4443 section 4.2
UNREACHABLE: Final = {4: 3, 6: 1}  # RFC 792; RFC 4443 section 3.1
TIME_EXCEEDED: Final = {4: 11, 6: 3}  # RFC 792; RFC 4443 section 3.3
PACKET_TOO_BIG: Final = {6: 2}  # RFC 4443 section 3.2; in IPv4 a code of UNREACHABLE (RFC 1191)
TOO_BIG: Final = 4  # that code
# The errors that a probe can cause; each quotes the probe.
ERRORS: Final = {4: (3, 11), 6: (1, 2, 3)}

HOST_UNREACHABLE: Final = {4: 1, 6: 3}  # codes (RFC 792; RFC 4443: address unreachable)
PORT_UNREACHABLE: Final = {4: 3, 6: 4}  # codes of UNREACHABLE
IN_TRANSIT: Final = 0  # code of TIME_EXCEEDED; the other code is for reassembly
