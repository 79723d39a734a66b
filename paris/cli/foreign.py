"""The options of other tools that are not ours: a row each, with what to do instead.

`GRANTED` are accepted, because what they ask for is so in any case. All others are refused in one
line. Options that are in neither table are ours, or no tool's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Foreign(NamedTuple):
    """Options that mean the same to some `tools`, and what we say of them."""

    options: tuple[str, ...]
    tools: str
    says: str


GRANTED: Final = (
    Foreign(("-F", "--dont-fragment"), "traceroute, tcptraceroute",
            "every IPv4 probe forbids fragmentation, and none is sent in fragments"),
    Foreign(("-e", "--extensions", "--mpls"), "traceroute, mtr",
            "extensions of replies, such as MPLS labels, are always shown"),
    Foreign(("-S",), "BSD traceroute", "the text always says how many probes went unanswered"),
)  # fmt: skip

_FIXED: Final = "probes have one length"
_AS: Final = "-A shows AS numbers, from files of this machine"
_HERE: Final = "there is one report, at the end: leave it out"
_LIVE: Final = "--watch shows a live table of each path"
_ROUNDS: Final = "--watch SECONDS is the time between rounds"
_ALONE: Final = "one host is traced at a time: run it once for each"
REFUSED: Final = (
    # traceroute of Linux and BSD
    Foreign(("-d", "--debug"), "traceroute, tcptraceroute",
            "the system's debugging of sockets shows nothing; -v says what became of every packet"),
    Foreign(("-g", "--gateway"), "traceroute, pathping",
            "source routing is not offered: routers drop such packets (RFC 7126)"),
    Foreign(("-r",), "traceroute", "probes follow the routing table; -i chooses the interface"),
    Foreign(("-x",), "BSD traceroute", "every probe has a correct checksum"),
    Foreign(("-a",), "BSD traceroute", _AS),
    Foreign(("-M", "--module"), "traceroute", "-U, -I or -T choose the method"),
    Foreign(("-M",), "BSD traceroute", "-f is the first TTL"),
    Foreign(("-O", "--options"), "traceroute",
            "TCP probes are plain SYNs, and the text always says whether the port is open"),
    Foreign(("-D", "--dccp", "-UL"), "traceroute", "probes are UDP, ICMP or TCP: -U, -I or -T"),
    Foreign(("-D",), "BSD traceroute", "the text always says what was rewritten on the way"),
    Foreign(("-E",), "BSD traceroute",
            "-t 2 sets the bits of ECN, and the text says where they are rewritten"),
    Foreign(("--back",), "traceroute",
            "the notes say how long the way back is, where that differs: leave it out"),
    # tcptraceroute and lft
    Foreign(("--dnat", "--no-dnat", "--no-dnat-strict"), "tcptraceroute",
            "what quotes another destination than ours is ignored, and counted: leave it out"),
    Foreign(("--track-port", "--track-id"), "tcptraceroute",
            "probes are recognised behind a NAT as well: leave it out"),
    Foreign(("-d", "--dport"), "lft, dublin-traceroute", "-p is the destination port"),
    Foreign(("-a",), "lft", "-N is the number of probes in flight"),
    Foreign(("-D",), "lft", "-i is the interface, -s the source address"),
    Foreign(("-L",), "lft", _FIXED),
    Foreign(("-H",), "lft", "-m is the last TTL"),
    Foreign(("-E",), "lft", "the text always names who refuses probes"),
    Foreign(("-u",), "lft, mtr", "-U sends UDP"),
    Foreign(("-b",), "lft", "-T sends TCP"),
    Foreign(("-R", "-C"), "lft", _AS),
    Foreign(("-g", "-G"), "lft", "-o FILE.dot or -o FILE.svg is the picture"),
    Foreign(("-x",), "lft, mtr", "-o FILE.json has everything that was measured"),
    Foreign(("-y",), "lft", "--compare and --ports show where paths differ"),
    # tracepath, tracert and pathping
    Foreign(("-b",), "tracepath, mtr", "names stand beside addresses: leave it out"),
    Foreign(("-d",), "tracert", "-n leaves out names"),
    Foreign(("-R",), "tracert", "no tool sees the way back from here: trace from the other end"),
    # mtr
    Foreign(("-r", "--report", "--report-wide", "--raw"), "mtr", _HERE),
    Foreign(("--curses", "--gtk", "--displaymode", "--split"), "mtr", _LIVE),
    Foreign(("--order",), "mtr", "the tables of --stats and --watch have every figure"),
    Foreign(("--report-cycles",), "mtr", "-q is the number of probes per hop"),
    Foreign(("--xml",), "mtr", "-o FILE.json has everything that was measured"),
    Foreign(("-C", "--csv"), "mtr", "-o FILE.csv has a row for each interface"),
    Foreign(("-a", "--address"), "mtr", "-s is the source address"),
    Foreign(("--first-ttl", "--min-ttl"), "mtr, trippy, dublin-traceroute, fast-mda-traceroute",
            "-f is the first TTL"),
    Foreign(("--max-ttl",), "mtr, trippy, dublin-traceroute, fast-mda-traceroute",
            "-m is the last TTL"),
    Foreign(("--max-unknown",), "mtr", "--gap-limit ends a trace by --mda after silent hops"),
    Foreign(("-L", "--localport"), "mtr", "--sport is the source port"),
    Foreign(("-M",), "mtr", "--mark is the mark of packets"),
    Foreign(("--psize", "--packet-size"), "mtr, trippy, nexttrace", _FIXED),
    Foreign(("-B", "--bitpattern"), "mtr", "--payload hex:BYTES sends your bytes"),
    Foreign(("--interval",), "mtr", _ROUNDS),
    Foreign(("-G", "--gracetime", "-Z", "--timeout"), "mtr",
            "-w is how long a silence must last"),
    Foreign(("-Q",), "mtr, trippy, nexttrace", "-t is the ToS byte"),
    Foreign(("--no-dns",), "mtr, dublin-traceroute", "-n leaves out names"),
    Foreign(("--show-ips",), "mtr", "names stand beside addresses: leave it out"),
    Foreign(("-y", "--ipinfo", "--aslookup"), "mtr", _AS),
    Foreign(("--filename",), "mtr", _ALONE),
    Foreign(("--sctp",), "mtr", "probes are UDP, ICMP or TCP: -U, -I or -T"),
    # trippy
    Foreign(("-u", "--unprivileged"), "trippy", "without root it is so by itself"),
    Foreign(("--addr-family",), "trippy", "-4 or -6 chooses the IP version"),
    Foreign(("--target-port",), "trippy", "-p is the destination port"),
    Foreign(("--source-port",), "trippy, nexttrace", "--sport is the source port"),
    Foreign(("--source-address",), "trippy", "-s is the source address"),
    Foreign(("--min-round-duration", "--max-round-duration"), "trippy", _ROUNDS),
    Foreign(("-g", "--grace-duration", "--read-timeout"), "trippy",
            "-w is how long a silence must last"),
    Foreign(("--initial-sequence",), "trippy", "--sport and -p are the ports of the first flow"),
    Foreign(("-R", "--multipath-strategy"), "trippy",
            "every probe keeps its flow, as paris does; --mda finds every path"),
    Foreign(("--max-inflight",), "trippy", "-N is the number of probes in flight"),
    Foreign(("--payload-pattern",), "trippy", "--payload hex:BYTES sends your bytes"),
    Foreign(("--icmp-extensions",), "trippy",
            "extensions of replies are always shown: leave it out"),
    Foreign(("-r", "--dns-resolve-method"), "trippy", "--resolver names the server to ask"),
    Foreign(("-y", "--dns-resolve-all"), "trippy",
            "one address is traced at a time: write each one"),
    Foreign(("--dns-timeout", "--dns-ttl"), "trippy", "names cost a second at most: leave it out"),
    Foreign(("--dns-lookup-as-info", "--tui-as-mode"), "trippy", _AS),
    Foreign(("--max-samples",), "trippy", "every time is kept: leave it out"),
    Foreign(("--max-flows",), "trippy", "--mda sends as many flows as it needs"),
    Foreign(("-C", "--report-cycles"), "trippy", "-q is the number of probes per hop"),
    Foreign(("-G", "--geoip-mmdb-file"), "trippy",
            "--asn-file FILE.mmdb shows networks and places"),
    Foreign(("--config-file",), "trippy", "--config FILE names the file"),
    Foreign(("--mode",), "trippy", "-o FILE is in the format that its suffix names"),
    Foreign(("-a", "-M", "--tui-address-mode", "--tui-custom-columns", "--tui-icmp-extension-mode",
             "--tui-geoip-mode", "--tui-max-addrs", "--tui-preserve-screen", "--tui-refresh-rate",
             "--tui-privacy-max-ttl", "--tui-locale", "--tui-timezone", "--tui-theme-colors",
             "--tui-key-bindings"), "trippy", _LIVE),
    Foreign(("--log-format", "--log-filter", "--log-span-events"), "trippy",
            "-v says what became of every packet"),
    # scamper
    Foreign(("-d",), "scamper", "-p is the destination port"),
    Foreign(("-Z",), "scamper", "no hops of earlier traces are skipped: leave it out"),
    Foreign(("-g", "-G"), "scamper", "--gap-limit ends a trace by --mda after silent hops"),
    Foreign(("-M",), "scamper", "--mtu finds the path MTU"),
    Foreign(("-Q",), "scamper", "-q is the number of probes per hop, and all of them are sent"),
    Foreign(("-r",), "scamper", "-i chooses the interface, and the system the router"),
    Foreign(("-W",), "scamper", "-z is the pause between probes"),
    Foreign(("-O",), "scamper", "--format json is its counterpart"),
    # dublin-traceroute and fast-mda-traceroute
    Foreign(("--npaths",), "dublin-traceroute", "--mda sends as many flows as it needs"),
    Foreign(("-D", "--delay"), "dublin-traceroute", "-z is the pause between probes"),
    Foreign(("-b", "--broken-nat"), "dublin-traceroute",
            "probes are recognised behind a NAT as well: leave it out"),
    Foreign(("--use-srcport",), "dublin-traceroute", "--flow-field sport numbers flows by it"),
    Foreign(("--output-file",), "dublin-traceroute", "-o FILE.json has everything"),
    Foreign(("--af",), "fast-mda-traceroute", "-4 or -6 chooses the IP version"),
    Foreign(("--probing-rate",), "fast-mda-traceroute", "--rate is in packets per second"),
    Foreign(("--max-round",), "fast-mda-traceroute",
            "--mda ends by its own rule; --max-probes and --deadline bound it"),
    Foreign(("--src-port",), "fast-mda-traceroute", "--sport is the source port"),
    Foreign(("--dst-port",), "fast-mda-traceroute", "-p is the destination port"),
    Foreign(("--instance-id", "--buffer-size", "--integrity-check", "--no-integrity-check"),
            "fast-mda-traceroute", "every reply is checked, and runs do not disturb each other"),
    Foreign(("--log-level",), "fast-mda-traceroute", "-v says what became of every packet"),
    Foreign(("--print-command",), "fast-mda-traceroute",
            "--paths says how traceroute and scamper take each path"),
    # nexttrace
    Foreign(("-d", "--data-provider", "--pow-provider", "--dot-server", "-M", "--map"), "nexttrace",
            "nothing is asked of others; -A shows networks, from files of this machine"),
    Foreign(("--no-rdns",), "nexttrace", "-n leaves out names"),
    Foreign(("-a", "--always-rdns"), "nexttrace", "names are shown anyway: leave it out"),
    Foreign(("--route-path",), "nexttrace", "-A with -o FILE.svg draws the networks of a path"),
    Foreign(("-r", "--report", "--table", "--raw"), "nexttrace", _HERE),
    Foreign(("--parallel-requests",), "nexttrace", "-N is the number of probes in flight"),
    Foreign(("-D", "--dev"), "nexttrace", "-i chooses the interface"),
    Foreign(("--timeout",), "nexttrace", "-w is how long a silence must last"),
    Foreign(("--send-time", "--ttl-time"), "nexttrace", "-z is the pause between probes"),
    Foreign(("--disable-mpls",), "nexttrace", "extensions of replies are always shown"),
    Foreign(("--fast-trace", "--file"), "nexttrace", _ALONE),
    Foreign(("-g", "--language"), "nexttrace", "there is one language: leave it out"),
    Foreign(("-C", "--no-color", "--nocolor"), "nexttrace", "--color never leaves out colours"),
    # Test-NetConnection
    Foreign(("-ComputerName",), "Test-NetConnection", "write the host alone"),
    Foreign(("-Port", "-CommonTCPPort"), "Test-NetConnection", "write HOST:443 or HOST:rdp"),
    Foreign(("-TraceRoute", "-InformationLevel", "-DiagnoseRouting"), "Test-NetConnection",
            "every run traces, and reports in full: leave it out"),
    Foreign(("-Hops",), "Test-NetConnection", "-m is the last TTL"),
    Foreign(("-ConstrainInterface",), "Test-NetConnection", "-i is the interface"),
    # astraceroute, and flags of TCP
    Foreign(("-H", "--host"), "astraceroute", "write the host alone"),
    Foreign(("-E", "-R"), "tcptraceroute, astraceroute",
            "-T sends plain SYNs, and no other flags"),
    Foreign(("-X",), "astraceroute", "--payload hex:BYTES sends your bytes"),
    Foreign(("-G", "--nofrag"), "astraceroute", "every IPv4 probe forbids fragmentation"),
    Foreign(("-Z", "--show-packet"), "astraceroute", "-o FILE.pcapng keeps every packet"),
    Foreign(("-L", "--latitude", "-u", "--update"), "astraceroute",
            "-A shows places, from files of this machine"),
    Foreign(("--totlen",), "astraceroute", _FIXED),
    # paris-traceroute
    Foreign(("-a",), "paris-traceroute", "--mda finds every path"),
    Foreign(("-B",), "paris-traceroute", "-c is the confidence, with --per-vertex for each router"),
    # habits of many tools
    Foreign(("--pps",), "other tools", "--rate is in packets per second"),
    Foreign(("--every",), "other tools", _ROUNDS),
    Foreign(("--pcap",), "other tools", "-o FILE.pcapng keeps every packet"),
    Foreign(("--targets",), "other tools", _ALONE),
    Foreign(("--geo-file",), "other tools", "--asn-file FILE.mmdb shows networks and places"),
    Foreign(("--max-silent",), "other tools",
            "--gap-limit ends a trace by --mda after silent hops"),
    Foreign(("--tcp-flags",), "other tools", "-T sends plain SYNs, and no other flags"),
)  # fmt: skip


def refusal(words: Sequence[str], ours: Collection[str], valued: Collection[str]) -> str | None:
    """What to say of the first option in a command line that is another tool's; None without.

    `ours` are the names of our options, and `valued` those that take a value.
    """
    for word in words:
        if word == "--":
            return None
        for name in _names(word, valued):
            if name not in ours and (advice := _advice(name)):
                return "; ".join(f"{name} ({tools}): {says}" for says, tools in advice.items())
    return None


def _advice(name: str) -> dict[str, str]:
    """What to say of an option, with the tools that have it and of which that is to be said."""
    tools: dict[str, list[str]] = {}
    for row in REFUSED:
        if name in row.options:
            tools.setdefault(row.says, []).append(row.tools)
    return {says: ", ".join(names) for says, names in tools.items()}


def _names(word: str, valued: Collection[str]) -> list[str]:
    """The options that a word may name: itself, or letters up to one that takes the rest."""
    name = word.partition("=")[0]
    if word.startswith("--") or not word.startswith("-"):
        return [name]
    letters = [f"-{letter}" for letter in word[1:]]
    end = next((place for place, own in enumerate(letters) if own in valued), len(letters))
    return [name, *letters[:end]]
