"""Defines the options for probes: their protocol, headers, way out, and pace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paris.cli.arguments import (
    address,
    number,
    payload,
    port,
    protocol,
    seconds,
    sendwait,
    until,
    wait,
)
from paris.defaults import DEFAULT_MEASURED_PROBES, DEFAULT_RATE_PPS
from paris.packets.payloads import HEX, PAYLOADS
from paris.wire.registry import WIRES, names

if TYPE_CHECKING:
    import argparse


def add_probes(group: argparse._ArgumentGroup) -> None:
    """Add the options that say what probes are like, and how they leave."""
    _add_versions_and_protocols(group)
    _add_ports_and_hops(group)
    _add_sending(group)


def _add_versions_and_protocols(group: argparse._ArgumentGroup) -> None:
    versions = group.add_mutually_exclusive_group()
    for letter, version in (("-4", 4), ("-6", 6)):
        versions.add_argument(
            letter, dest="ip_version", action="store_const", const=version, help=f"use IPv{version}"
        )
    protocols = group.add_mutually_exclusive_group()
    for letter, name, words in (
        ("-U", "udp", "UDP datagrams (default)"),
        ("-I", "icmp", "ICMP echo requests"),
        ("-T", "tcp", "TCP SYN segments"),
    ):
        protocols.add_argument(
            letter,
            f"--{name}",
            dest="protocol",
            action="store_const",
            const=name,
            help=words,
        )
    protocols.add_argument(
        "-P",
        "--protocol",
        dest="protocol",
        type=protocol,
        metavar="NAME",
        help="the same by name: udp, icmp or tcp",
    )


def _add_ports_and_hops(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "-p",
        "--port",
        metavar="PORT",
        help="destination port (33434; 80 with -T), or a service's name, which implies -T or -U",
    )
    add(
        "--ports",
        metavar="LIST",
        help="trace to several services at once, into one table: 22,https,8000-8003",
    )
    add(
        "--payload",
        type=payload,
        metavar="NAME",
        help=f"what UDP probes say: {', '.join(row.name for row in PAYLOADS)}, or {HEX} and your "
        "bytes, with two or three behind them (default: what suits the port, else text)",
    )
    add("--sport", type=port, metavar="PORT", help="source port of flow 0")
    add("-f", "--first-hop", "--first", type=int, metavar="TTL", help="first TTL (1)")
    add("-m", "--max-hops", type=int, metavar="TTL", help="last TTL (30)")
    add(
        "-q",
        "--queries",
        type=int,
        metavar="N",
        help="probes per hop; with --mda, tries before a silence is believed (3)",
    )


def _add_sending(group: argparse._ArgumentGroup) -> None:
    """Where and how probes leave, and fields that all probes share."""
    add = group.add_argument
    add("-s", "--source", type=address, metavar="ADDRESS", help="source address")
    add("-i", "--interface", metavar="NAME", help="network interface to send from")
    add(
        "--mark",
        "--fwmark",
        type=number,
        metavar="N",
        help="mark of packets, for policy rules (needs CAP_NET_ADMIN)",
    )
    add(
        "--wire",
        choices=names(),
        help=f"sockets to use: {', '.join(f'{kind.name} ({kind.about})' for kind in WIRES)}",
    )
    add(
        "--link",
        action="store_true",
        help="with --wire bulk: send Ethernet frames, bypassing routing",
    )
    add(
        "-t",
        "--tos",
        type=number,
        metavar="N",
        help="ToS byte or traffic class (0)",
    )
    add("-l", "--flow-label", "--flowlabel", type=number, metavar="N", help="IPv6 flow label (0)")


def add_time(group: argparse._ArgumentGroup) -> None:
    """Add the options that say how fast probes leave, and how long to wait."""
    add = group.add_argument
    add(
        "-w",
        "--wait",
        type=wait,
        metavar="SECONDS",
        help="how long a silence must last to be believed (5; 2 before hops that replied; "
        "3.5 or more where a path ends)",
    )
    add(
        "-z",
        "--sendwait",
        type=sendwait,
        metavar="SECONDS",
        help="pause between probes; values above 10 are milliseconds",
    )
    add(
        "-N",
        "--sim-queries",
        type=int,
        metavar="N",
        help="most probes in flight at once (as many as --rate sends)",
    )
    add("--rate", type=float, metavar="PPS", help=f"probes per second ({DEFAULT_RATE_PPS:g})")
    add(
        "--max-probes",
        type=int,
        metavar="N",
        help=f"stop after N probes (where paths are measured in rounds, {DEFAULT_MEASURED_PROBES})",
    )
    add("--deadline", type=seconds, metavar="SECONDS", help="stop after this long")
    add(
        "--watch",
        nargs="?",
        const="1",
        type=seconds,
        metavar="SECONDS",
        help="then probe the paths again and again, a round every so often (1), until q or Ctrl-C",
    )
    add("--count", type=int, metavar="N", help="with --watch: stop after N rounds")
    add(
        "--until",
        type=until,
        metavar="TIME",
        help="with --watch: stop then, at 18:30 or 2026-12-31T18:30",
    )
