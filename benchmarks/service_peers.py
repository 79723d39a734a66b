"""What other programs say of a service: traceroute, tcptraceroute, lft, mtr, tracepath, scamper."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.lab.netlab import Lab

_MOST_HOPS: Final = "8"
_HOP: Final = re.compile(r"\s*(?:\d+[?.:|-]*|\*\*)\s+(\S.*)")
# Times and counts, which differ from run to run.
_FIGURES: Final = re.compile(r"\d+(\.\d+)? ?ms\b|(?<=%)(\s+[\d.]+)+")


class Question(NamedTuple):
    """Whether a service answers: from a lab's source to a host and port."""

    lab: Lab
    version: int
    host: str
    port: int
    is_udp: bool


class Peer(NamedTuple):
    """A program: its Debian package and its commands, "" for a protocol that it has not.

    `versions` are the IP versions that it knows.
    """

    package: str
    tcp: str
    udp: str
    versions: tuple[int, ...] = (4, 6)


_TRACEROUTE: Final = f"traceroute -{{version}} -n -w 1 -m {_MOST_HOPS} -p {{port}}"
_MTR: Final = f"mtr -{{version}} -n -r -c 2 -i 0.3 -G 1 -m {_MOST_HOPS} -P {{port}}"
_LFT: Final = f"lft -n -H {_MOST_HOPS} -d {{port}}"
_SCAMPER: Final = f"-d {{port}} -w 1 -q 1 -g 3 -m {_MOST_HOPS}"
PEERS: Final[Mapping[str, Peer]] = {
    "traceroute": Peer(
        "traceroute", f"{_TRACEROUTE} -T -O info {{host}}", f"{_TRACEROUTE} -U {{host}}"
    ),
    "tcptraceroute": Peer(
        "tcptraceroute", f"tcptraceroute -n -w 1 -m {_MOST_HOPS} {{host}} {{port}}", "", (4,)
    ),
    "lft": Peer("lft", f"{_LFT} {{host}}", f"{_LFT} -u {{host}}", (4,)),
    "mtr": Peer("mtr-tiny", f"{_MTR} --tcp {{host}}", f"{_MTR} --udp {{host}}"),
    "tracepath": Peer(
        "iputils-tracepath",
        "",
        f"tracepath -{{version}} -n -m {_MOST_HOPS} -p {{port}} {{host}}",
    ),
    "scamper": Peer(
        "scamper", f"scamper -i {{host}} -c [trace -P tcp {_SCAMPER}]",
        f"scamper -i {{host}} -c [trace -P udp-paris {_SCAMPER}]",
    ),
}  # fmt: skip


def installed() -> dict[str, str]:
    """The version of each peer's package, "" if it is not installed."""
    return {name: _version(peer) if shutil.which(name) else "" for name, peer in PEERS.items()}


def _version(peer: Peer) -> str:
    asked = ("dpkg-query", "-W", "-f", "${Version}", peer.package)
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def said(name: str, question: Question, nodes: Mapping[str, str]) -> str:
    """The end of what a peer says, with its exit status; "–" if it cannot ask.

    `nodes` has the names of addresses.
    """
    peer = PEERS[name]
    template = peer.udp if question.is_udp else peer.tcp
    if not template or question.version not in peer.versions:
        return "–"
    line = template.format(version=question.version, port=question.port, host=question.host)
    command, _, measurement = line.partition(" [")
    more = [measurement.removesuffix("]")] if measurement else []
    ran = subprocess.run(
        question.lab.at_source(*command.split(), *more),
        capture_output=True, text=True, timeout=LONGEST_S, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    complaint = (ran.stderr.strip().splitlines() or ["nothing"])[-1].strip()
    return f"{_end(ran.stdout, nodes) or complaint}; {ran.returncode}"


def _end(text: str, nodes: Mapping[str, str]) -> str:
    """The last hop that says something, and whether stars follow it; "" without hops."""
    hops = [_hop(found[1], nodes) for line in text.splitlines() if (found := _HOP.match(line))]
    named = [hop for hop in hops if hop != "*"]
    if not named:
        return "*" if hops else ""
    return f"{named[-1]}, then *" if hops[-1] == "*" else named[-1]


def _hop(words: str, nodes: Mapping[str, str]) -> str:
    if words.startswith(("???", "* *")):
        return "*"
    words = _FIGURES.sub("", words.partition("Try advanced")[0])
    for address, node in nodes.items():
        words = re.sub(rf"{re.escape(address)}(?![\da-f.])", node, words)
    return " ".join(dict.fromkeys(words.split()))
