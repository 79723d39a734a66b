"""The services that ports stand for: by name or number, and whether by TCP or UDP.

The system's own list (/etc/services) is asked first for a name's number. Small systems have no such
list, and some lists give every service both protocols; so the common services are in a table here.
"""

from __future__ import annotations

import socket
from typing import Final, NamedTuple


class Service(NamedTuple):
    """A service: its names, its port, and the protocols by which it is offered, TCP before UDP."""

    names: tuple[str, ...]
    port: int
    protocols: tuple[str, ...]


_TCP: Final = ("tcp",)
_UDP: Final = ("udp",)
_BOTH: Final = (*_TCP, *_UDP)
SERVICES: Final = (
    Service(("ftp",), 21, _TCP),
    Service(("ssh",), 22, _TCP),
    Service(("telnet",), 23, _TCP),
    Service(("smtp", "mail"), 25, _TCP),
    Service(("domain", "dns"), 53, _BOTH),
    Service(("bootps", "dhcp"), 67, _UDP),
    Service(("tftp",), 69, _UDP),
    Service(("http", "www"), 80, _TCP),
    Service(("kerberos",), 88, _BOTH),
    Service(("pop3",), 110, _TCP),
    Service(("ntp",), 123, _UDP),
    Service(("imap", "imap2"), 143, _TCP),
    Service(("snmp",), 161, _UDP),
    Service(("snmp-trap", "snmptrap"), 162, _UDP),
    Service(("bgp",), 179, _TCP),
    Service(("ldap",), 389, _BOTH),
    Service(("https",), 443, _BOTH),
    Service(("microsoft-ds", "smb"), 445, _TCP),
    Service(("submissions", "smtps"), 465, _TCP),
    Service(("isakmp", "ike"), 500, _UDP),
    Service(("syslog",), 514, _UDP),
    Service(("submission",), 587, _TCP),
    Service(("ldaps",), 636, _TCP),
    Service(("domain-s", "dns-over-tls"), 853, _BOTH),
    Service(("rsync",), 873, _TCP),
    Service(("imaps",), 993, _TCP),
    Service(("pop3s",), 995, _TCP),
    Service(("openvpn",), 1194, _BOTH),
    Service(("ms-sql-s", "mssql"), 1433, _TCP),
    Service(("oracle",), 1521, _TCP),
    Service(("l2tp", "l2f"), 1701, _UDP),
    Service(("radius",), 1812, _UDP),
    Service(("mqtt",), 1883, _TCP),
    Service(("nfs",), 2049, _BOTH),
    Service(("mysql",), 3306, _TCP),
    Service(("ms-wbt-server", "rdp"), 3389, _BOTH),
    Service(("stun",), 3478, _BOTH),
    Service(("ipsec-nat-t",), 4500, _UDP),
    Service(("sip",), 5060, _BOTH),
    Service(("mdns",), 5353, _UDP),
    Service(("postgresql", "postgres"), 5432, _TCP),
    Service(("vnc", "rfb"), 5900, _TCP),
    Service(("winrm",), 5985, _TCP),
    Service(("redis",), 6379, _TCP),
    Service(("http-alt",), 8080, _TCP),
    Service(("wireguard",), 51820, _UDP),
)  # fmt: skip
_OTHER: Final = {"tcp": "udp", "udp": "tcp"}


def protocol_of(service: str | int) -> str:
    """The protocol of a service by name or port: "udp" if no list has it by TCP, else "tcp"."""
    service = service.lower() if isinstance(service, str) else service
    known = [row for row in SERVICES if service == row.port or service in row.names]
    if known:
        return known[0].protocols[0]
    is_udp_only = _is_listed(service, "udp") and not _is_listed(service, "tcp")
    return "udp" if is_udp_only else "tcp"


def port_of(name: str, protocol: str) -> int | None:
    """The port that a name stands for, in any case of letters; None if it is unknown.

    If the name is not known by `protocol`, its port by the other one counts.
    """
    name = name.lower()
    for listed in (protocol, _OTHER[protocol]):
        ours = (row.port for row in SERVICES if name in row.names and listed in row.protocols)
        port = _listed_port(name, listed) or next(ours, None)
        if port is not None:
            return port
    return None


def _is_listed(service: str | int, protocol: str) -> bool:
    """Whether the system's list has a service by this protocol."""
    if isinstance(service, str):
        return _listed_port(service, protocol) is not None
    try:
        socket.getservbyport(service, protocol)
    except OSError:
        return False
    return True


def _listed_port(name: str, protocol: str) -> int | None:
    """The port of a name in the system's list, None if that lacks it."""
    try:
        return socket.getservbyname(name, protocol)
    except (OSError, ValueError):  # not listed; text that no list can hold
        return None
