"""What programs say of routers that change packets: ours and five others in the same network.

    python -m benchmarks.said_of_changes [labels]

Needs root, nft, and Debian's packages mtr-tiny, iputils-tracepath, traceroute, scamper and
dublin-traceroute. Routers of the kernel in a row; each program runs once where nothing is
changed and once for each change. What it said of a change are the pieces of its output that the
unchanged network did not have, without figures that differ from run to run. Prints a table in
Markdown, and the versions. With `labels`, the changes are MPLS tunnels from the first to the third
of four routers, which the kernel must know.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import kernel_networks as networks
from tests.lab import netlab
from tests.lab.command import run_at
from tests.lab.netlab import TARGET
from tests.lab.translating import translate_statelessly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tests.lab.netlab import Lab

    _Network = Callable[[], AbstractContextManager[Lab]]

_FORWARD: Final = "type filter hook forward priority -150"
_CLASS: Final = "186"  # DSCP 46 and ECT(0)
_LONGEST_S: Final = 20
_MOST_PIECES: Final = 3
_UNENDED: Final = f"did not end within {_LONGEST_S} s"
# Times, rates and identifiers, our ports, and the counts of probes.
_FIGURES: Final = re.compile(
    r"IP ID: \d+ RTT [\d.]+ ms|"
    r"\d+:\d+:\d+|(?<![\d.])\d+\.\d+(?![\d.]) ?(ms)?|\budp \d+|^\d+ probes.*|^Start.*"
    r'|"(start_time|stop_time|reply_ipid|rtt|sport|sec|usec|ftime|tx|start|probe_size)":.*'
)


class _Peer(NamedTuple):
    """A program: its Debian package, its command, and how its output falls into pieces."""

    package: str
    command: str
    ends: str = "\n"


_PEERS: Final = {
    "mtr": _Peer("mtr-tiny", f"mtr -n -r -c 3 -i 0.1 -G 1 --udp -Q {_CLASS} -m 7"),
    "tracepath": _Peer("iputils-tracepath", "tracepath -n -m 7"),
    "traceroute": _Peer("traceroute", f"traceroute -n -w 1 -q 1 -e -t {_CLASS} -m 7"),
    "scamper": _Peer(
        "scamper", f"scamper -O json -c 'trace -P udp-paris -w 1 -t {_CLASS}' -i", r"[\s,{}\[\]]+"
    ),
    "dublin-traceroute": _Peer("dublin-traceroute", "dublin-traceroute -n 3 -T 7"),
}
_CHANGES: Final[Mapping[str, Callable[[Lab], None]]] = {
    "hop 1 translates the source, and no quote": lambda lab: translate_statelessly(lab, "r1", 4),
    "hop 3 rewrites the DSCP": lambda lab: lab.rules("r3", _FORWARD, "ip dscp set cs1"),
    "hop 2 clears ECN": lambda lab: lab.rules("r2", _FORWARD, "ip ecn set not-ect"),
}
_LABELS: Final[Mapping[str, _Network]] = {
    "MPLS, TTL propagated": networks.labels,
    "MPLS, TTL not propagated": partial(networks.labels, ("r1", "r2", "r3")),
    "MPLS, TTL not propagated at its entry alone": partial(networks.labels, ("r1",)),
}


def _ours(lab: Lab) -> list[str]:
    ran = run_at(lab.namespace("src"), str(TARGET[4]), "-n", "-t", _CLASS)
    whole_lines = re.sub(r"\n {2}(?=\w)", " ", ran.stdout)
    return [line for line in whole_lines.splitlines() if not re.match(r" *\d* {2}", line)]


def _peer(lab: Lab, peer: _Peer, folder: str) -> list[str]:
    # Nobody answers for names here, and dublin-traceroute waits for each without end.
    names = Path(folder) / "nsswitch.conf"
    names.write_text("hosts: files\n")
    script = f"mount --bind {names} /etc/nsswitch.conf && exec {peer.command} {TARGET[4]}"
    command = lab.at_source("sh", "-c", script)
    try:
        ran = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_LONGEST_S, check=False
        )
    except subprocess.TimeoutExpired:
        return [_UNENDED]
    return re.split(peer.ends, ran.stdout)


@contextmanager
def _changed(change: Callable[[Lab], None] = lambda _: None) -> Iterator[Lab]:
    """Five routers in a row, with a change at one of them."""
    with netlab.lab(netlab.plain(5)) as lab:
        change(lab)
        yield lab


def _all(network: _Network, folder: str) -> dict[str, list[str]]:
    """The pieces of each program's output in a network."""
    with network() as lab:
        # dublin-traceroute needs a default route.
        lab.ip("src", f"route replace default via {lab.address('r1', 'src', 4)}")
        theirs = {name: _peer(lab, peer, folder) for name, peer in _PEERS.items()}
        return {"paris-trace": _ours(lab), **theirs}


def _stable(piece: str) -> str:
    return " ".join(_FIGURES.sub("", piece).split())


def _new(usual: list[str], pieces: list[str]) -> str:
    if pieces == [_UNENDED]:
        return _UNENDED
    known = {"", *map(_stable, usual)}
    fresh = {_stable(piece): piece for piece in pieces if _stable(piece) not in known}
    shown = [f"`{_in_cell(piece)}`" for piece in [*fresh.values()][:_MOST_PIECES]]
    more = len(fresh) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more else [])]) or "nothing"


def _in_cell(piece: str) -> str:
    return " ".join(piece.split()).replace("|", r"\|")


def _version(package: str) -> str:
    asked = ("dpkg-query", "-W", "-f", "${Version}", package)
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout or "missing"


def main() -> None:
    """Trace and print."""
    of_labels = sys.argv[1:] == ["labels"]
    unchanged: _Network = networks.row if of_labels else _changed
    changed = {name: partial(_changed, change) for name, change in _CHANGES.items()}
    with tempfile.TemporaryDirectory() as folder:
        usual = _all(unchanged, folder)
        asked = _LABELS if of_labels else changed
        said = {name: _all(network, folder) for name, network in asked.items()}
    print(f"| program | {' | '.join(said)} |\n|---|{'---|' * len(said)}")
    for program, own in usual.items():
        cells = " | ".join(_new(own, found[program]) for found in said.values())
        print(f"| {program} | {cells} |")
    print("\n" + ", ".join(f"{name} {_version(peer.package)}" for name, peer in _PEERS.items()))


if __name__ == "__main__":
    main()
