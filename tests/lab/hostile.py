"""Hostile responders: what a network may send beside, or instead of, the replies of its routers.

A responder is a row of RESPONDERS: a function of one probe and its replies.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jsonschema

from paris.errors import ExitCode
from paris.packets import headers
from paris.packets.checksums import checksum
from paris.packets.headers import IPHeader
from tests.lab.command import start_at
from tests.lab.emulator import Answering, emulated
from tests.support.icmp import intact

if TYPE_CHECKING:
    from mda.model import IPAddress
    from tests.lab.emulator import Emulator

_DATA: Final = Path(__file__).parents[1] / "data" / "hostile"
NETWORKS: Final = {version: str(_DATA / f"two-way-{version}.yaml") for version in (4, 6)}
WIRES: Final = ("raw", "bulk", "unprivileged")
DEADLINE_S: Final = 8
_LATEST_S: Final = 60.0  # after which a run that has not ended is called hung, on a busy machine
_MEMORY_BYTES: Final = 300_000_000  # on top of what the test's process has
_SCHEMA: Final = json.loads(
    (Path(__file__).parents[2] / "paris/formats/native.schema.json").read_text()
)
_STRANGER: Final = {4: ip_address("198.18.6.6"), 6: ip_address("2001:db8:bad::6")}
_EXPIRED: Final = {4: (11, 0), 6: (3, 0)}
_CLOSED: Final = {4: (3, 3), 6: (1, 4)}
_ICMP: Final = {4: 1, 6: 58}
_QUOTE_BYTES: Final = 128  # of a quote before extensions (RFC 4884)

Late = tuple[float, bytes]  # seconds after the probe arrived, and a datagram


@dataclass(frozen=True)
class Asked:
    """A probe, the reply that it would get, if any, and what forgers need."""

    probe: bytes
    reply: bytes | None
    delay_s: float
    random: Random

    @property
    def version(self) -> int:
        return self.probe[0] >> 4

    @property
    def head(self) -> int:
        """The length of an IP header."""
        return 20 if self.version == 4 else 40

    @property
    def source(self) -> IPAddress:
        return ip_address(self.probe[12:16] if self.version == 4 else self.probe[8:24])

    @property
    def destination(self) -> IPAddress:
        return ip_address(self.probe[16:20] if self.version == 4 else self.probe[24:40])

    @property
    def router(self) -> IPAddress:
        """Who would reply, or a stranger where nobody would."""
        if self.reply is None:
            return _STRANGER[self.version]
        return ip_address(self.reply[12:16] if self.version == 4 else self.reply[8:24])

    def icmp(
        self, source: IPAddress, kind: int, code: int, body: bytes, rest: int = 0, ttl: int = 60
    ) -> bytes:
        """A whole ICMP message to the prober, its checksum right."""
        header = IPHeader(source, self.source, _ICMP[self.version], ttl)
        return intact(headers.ip_datagram(header, struct.pack("!BBHI", kind, code, 0, rest) + body))

    def expired(self, quote: bytes, source: IPAddress | None = None, rest: int = 0) -> bytes:
        """A "time exceeded" from a stranger that quotes this."""
        return self.icmp(source or _STRANGER[self.version], *_EXPIRED[self.version], quote, rest)

    def altered(self, at: int, value: bytes) -> bytes:
        """The probe with other bytes from `at` on, counted from behind the IP header if < 0."""
        at = at if at >= 0 else self.head - 1 - at
        return self.probe[:at] + value + self.probe[at + len(value) :]


Forge = Callable[[Asked], Iterable[Late]]


class Guile(Enum):
    """What can be asked of a tracer."""

    CLUMSY = "nothing of it is a reply, as anybody can know: the graph is the true one"
    LYING = "its replies are as valid as any router's: the graph has the true one, or is hedged"
    POSING = "a network could be so: the trace ends, within its bounds"


class Responder(NamedTuple):
    """A row: what it sends for a probe; the true reply is sent as well unless it `replaces` it."""

    name: str
    forge: Forge
    guile: Guile = Guile.CLUMSY
    replaces: bool = False


def _now(*make: Callable[[Asked], bytes]) -> Forge:
    """Sends these at once, before any true reply."""
    return lambda asked: [(0.0, own(asked)) for own in make]


def _quoting(alter: Callable[[Asked], bytes]) -> Forge:
    return lambda asked: [(0.0, asked.expired(alter(asked)))]


# What any tracer can know to be forged or damaged.


def _wrong_checksum(change: int) -> Forge:
    def forge(asked: Asked) -> Iterator[Late]:
        message = asked.expired(asked.probe)
        at = asked.head + 2
        wrong = (int.from_bytes(message[at : at + 2]) ^ change).to_bytes(2)
        yield 0.0, message[:at] + wrong + message[at + 2 :]

    return forge


def _cut(length: int) -> Forge:
    """A quote of so many bytes."""
    return lambda asked: [(0.0, asked.expired(asked.probe[:length]))]


def _length_says(more: int) -> Forge:
    """An IP header that gives another length than the datagram has."""

    def forge(asked: Asked) -> Iterator[Late]:
        message = bytearray(asked.expired(asked.probe))
        at = 2 if asked.version == 4 else 4
        length = int.from_bytes(message[at : at + 2]) + more
        message[at : at + 2] = max(0, min(0xFFFF, length)).to_bytes(2)
        if asked.version == 4:
            message[10:12] = b"\0\0"
            message[10:12] = checksum(bytes(message[:20])).to_bytes(2)
        yield 0.0, bytes(message)

    return forge


def _mirror(*, swaps: bool) -> Forge:
    def forge(asked: Asked) -> Iterator[Late]:
        at, size = (12, 4) if asked.version == 4 else (8, 16)
        ends = asked.probe[at : at + size], asked.probe[at + size : at + 2 * size]
        swapped = b"".join(reversed(ends)) if swaps else b"".join(ends)
        yield 0.0, asked.probe[:at] + swapped + asked.probe[at + 2 * size :]

    return forge


def _random_bytes(count: int) -> Forge:
    def forge(asked: Asked) -> Iterator[Late]:
        for _ in range(count):
            body = asked.random.randbytes(asked.random.randrange(120))
            yield 0.0, asked.icmp(_STRANGER[asked.version], *_EXPIRED[asked.version], body)

    return forge


def _other_flows(count: int) -> Forge:
    """Answers to flows and tags that were never sent."""

    def forge(asked: Asked) -> Iterator[Late]:
        for _ in range(count):
            ports = struct.pack("!H", asked.random.randrange(30_000, 60_000))
            tagged = asked.altered(-1, ports)[: asked.head + 6] + asked.random.randbytes(2)
            yield 0.0, asked.expired(tagged + asked.random.randbytes(18))

    return forge


def _message(kind: int, code: int = 0, rest: int = 0, *, at_gateway: bool = False) -> Forge:
    """A message that ends no path: of another type, with a valid quote."""

    def forge(asked: Asked) -> Iterator[Late]:
        gateway = ip_address("169.254.0.1" if asked.version == 4 else "fe80::1")
        source = gateway if at_gateway else _STRANGER[asked.version]
        yield 0.0, asked.icmp(source, kind, code, asked.probe, rest)

    return forge


def _protocol(number: int) -> Forge:
    def forge(asked: Asked) -> Iterator[Late]:
        header = IPHeader(asked.destination, asked.source, number, 60)
        yield 0.0, headers.ip_datagram(header, asked.probe[asked.head :] + bytes(20))

    return forge


def _spoofed(four: str, six: str) -> Forge:
    """A valid answer from an address that no router can have."""
    return lambda asked: [
        (0.0, asked.expired(asked.probe, ip_address(four if asked.version == 4 else six)))
    ]


def _fragments(*, first: bool, last: bool) -> Forge:
    """Parts of a message in fragments; the whole of it would be valid."""

    def forge(asked: Asked) -> Iterator[Late]:
        whole = asked.expired(asked.probe + bytes(64))
        head, body = whole[: asked.head], whole[asked.head :]
        for is_asked, begin, end in ((first, 0, 40), (last, 40, len(body))):
            if not is_asked:
                continue
            part, offset, more = body[begin:end], begin // 8, int(end < len(body))
            if asked.version == 4:
                flags = more << 13 | offset
                header = head[:2] + struct.pack("!HHH", 20 + len(part), 7, flags) + head[8:10]
                header += b"\0\0" + head[12:]
                total = checksum(header).to_bytes(2)
                yield 0.0, header[:10] + total + header[12:] + part
            else:
                extension = struct.pack("!BBHI", 58, 0, offset << 3 | more, 7)
                length = struct.pack("!H", 8 + len(part))
                yield 0.0, head[:4] + length + bytes([44]) + head[7:] + extension + part

    return forge


def _again(times: int, every_s: float) -> Forge:
    """The true reply over and over."""

    def forge(asked: Asked) -> Iterator[Late]:
        if asked.reply is not None:
            for number in range(1, times + 1):
                yield asked.delay_s + number * every_s, asked.reply

    return forge


def _late(by_s: float) -> Forge:
    def forge(asked: Asked) -> Iterator[Late]:
        if asked.reply is not None:
            yield asked.delay_s + by_s, asked.reply

    return forge


def _extended(structure: Callable[[Random], bytes], *, words: int | None = None) -> Forge:
    """The true reply with an extension structure behind its quote; `words` is the quote's length.

    Without `words` it is the right one, 128 bytes.
    """

    def forge(asked: Asked) -> Iterator[Late]:
        if asked.reply is None:
            return
        kind, code = asked.reply[asked.head], asked.reply[asked.head + 1]
        if (kind, code) != _EXPIRED[asked.version]:
            yield asked.delay_s, asked.reply
            return
        unit, shift = (4, 16) if asked.version == 4 else (8, 24)
        length = _QUOTE_BYTES // unit if words is None else words
        body = asked.probe.ljust(_QUOTE_BYTES, b"\0") + structure(asked.random)
        message = asked.icmp(asked.router, kind, code, body[:1200], length << shift)
        yield asked.delay_s, message

    return forge


def _structure(objects: bytes, version: int = 2, wrong: int = 0) -> Callable[[Random], bytes]:
    plain = bytes([version << 4, 0, 0, 0]) + objects
    total = (checksum(plain) ^ wrong).to_bytes(2)
    return lambda _: plain[:2] + total + plain[4:]


def _object(kind: int, subtype: int, body: bytes, length: int | None = None) -> bytes:
    said = 4 + len(body) if length is None else length
    return struct.pack("!HBB", said, kind, subtype) + body


# What no tracer can tell from a router.


def _stranger(asked: Asked) -> Iterator[Late]:
    yield 0.0, asked.expired(asked.probe)


def _new_address(asked: Asked) -> Iterator[Late]:
    number = asked.random.getrandbits(16)
    base = ip_address("198.18.0.0" if asked.version == 4 else "2001:db8:bad::")
    yield 0.0, asked.expired(asked.probe, base + number)


def _named(asked: Asked) -> Iterator[Late]:
    """Ever-new names of interfaces with control characters, from the address of nobody."""
    name = f"\x1b[{asked.random.getrandbits(20)}m\n\u202e".encode()
    body = bytes([-(-(len(name) + 1) // 4) * 4]) + name
    body += bytes(-len(body) % 4)
    nobody = ip_address("192.0.0.8") if asked.version == 4 else _STRANGER[6]
    unit, shift = (4, 16) if asked.version == 4 else (8, 24)
    structure = _structure(_object(2, 0b10, body))(asked.random)
    message = asked.probe.ljust(_QUOTE_BYTES, b"\0") + structure
    yield 0.0, asked.expired(message, nobody, _QUOTE_BYTES // unit << shift)


def _refusing(kind: tuple[int, int], other: tuple[int, int], rest: int = 0) -> Forge:
    """A refusal from where the true reply would come."""
    return lambda asked: [
        (0.0, asked.icmp(asked.router, *(kind if asked.version == 4 else other), asked.probe, rest))
    ]


def _quoted_ttl(ttl: int) -> Forge:
    return lambda asked: [(0.0, asked.expired(headers.with_ttl(asked.probe, ttl), asked.router))]


def _from_destination(asked: Asked) -> Iterator[Late]:
    yield 0.0, asked.icmp(asked.destination, *_CLOSED[asked.version], asked.probe)


def _service(asked: Asked) -> Iterator[Late]:
    """Every probe is answered as by a service at the destination."""
    header = IPHeader(asked.destination, asked.source, 17, 60)
    payload = asked.probe[asked.head + 8 :]
    yield 0.0, headers.udp_reply(header, asked.probe[asked.head :], payload)


def _nothing(_: Asked) -> Iterator[Late]:
    return iter(())


def _some(share: float) -> Forge:
    """Only a share of the true replies."""
    return lambda asked: (
        [(asked.delay_s, asked.reply)]
        if asked.reply is not None and asked.random.random() < share
        else []
    )


RESPONDERS: Final = (
    Responder("mirror", _mirror(swaps=False)),
    Responder("mirror with its ends swapped", _mirror(swaps=True)),
    *(Responder(f"checksum wrong by {change:#x}", _wrong_checksum(change))
      for change in (1, 0x100, 0xFFFF)),
    *(Responder(f"quote of {length} bytes", _cut(length)) for length in (0, 1, 8, 19, 20, 24, 27)),
    *(Responder(f"length field wrong by {more}", _length_says(more))
      for more in (-60, -21, 1, 400, 60000)),
    Responder("quote to another host",
              _quoting(lambda asked: asked.altered(asked.head - 1, b"\x77"))),
    Responder("quote of another protocol",
              _quoting(lambda asked: asked.altered(9 if asked.version == 4 else 6, b"\x84"))),
    Responder("quote of another destination port",
              _quoting(lambda asked: asked.altered(-3, b"\x12\x34"))),
    Responder("quote of another source port",
              _quoting(lambda asked: asked.altered(-1, b"\x12\x34"))),
    Responder("quote of another IP version", _quoting(lambda asked: asked.altered(0, b"\x75")),
              Guile.POSING),
    Responder("quote without an IP header", _quoting(lambda asked: asked.altered(0, b"\x40")),
              Guile.POSING),
    Responder("quote with a header beyond its end",
              _quoting(lambda asked: asked.altered(0, b"\x4f") if asked.version == 4
                       else asked.altered(6, b"\x00"))),
    Responder("quote of zeros", _quoting(lambda asked: bytes(len(asked.probe)))),
    Responder("quote of the reply's own kind",
              _quoting(lambda asked: asked.expired(asked.probe))),
    Responder("flows never sent", _other_flows(1)),
    Responder("flood of flows never sent", _other_flows(50)),
    Responder("noise", _random_bytes(1)),
    Responder("flood of noise", _random_bytes(50)),
    Responder("source quench", _message(4)),
    *(Responder(f"redirect {code}", _message(5, code, 0xC6120606)) for code in range(4)),
    Responder("redirect of the gateway", _message(5, 1, 0xC6120606, at_gateway=True)),
    Responder("redirect in IPv6", _message(137, 0, at_gateway=True)),
    Responder("router advertisement", _message(134, 0, 0x40000708, at_gateway=True)),
    Responder("neighbour advertisement", _message(136, 0, 0x60000000, at_gateway=True)),
    *(Responder(f"ICMP type {kind}", _message(kind))
      for kind in (0, 6, 9, 10, 13, 14, 17, 18, 40, 42, 100, 127, 128, 129, 130, 143, 160, 255)),
    Responder("reassembly time exceeded",
              lambda asked: _message(_EXPIRED[asked.version][0], 1)(asked)),
    *(Responder(f"IP protocol {number}", _protocol(number))
      for number in (0, 2, 4, 6, 41, 43, 44, 47, 50, 51, 59, 60, 89, 132, 255)),
    Responder("from nobody", _spoofed("0.0.0.0", "::")),
    Responder("from everybody", _spoofed("255.255.255.255", "ff02::1")),
    Responder("from a group", _spoofed("224.0.0.1", "ff0e::1")),
    Responder("from loopback", _spoofed("127.0.0.1", "::1")),
    Responder("first fragments", _fragments(first=True, last=False), Guile.POSING),
    Responder("last fragments", _fragments(first=False, last=True)),
    Responder("replies twice", _again(1, 0.0)),
    Responder("replies fifty times", _again(50, 0.0)),
    Responder("replies again for two seconds", _again(4, 0.5)),
    Responder("replies late by 0.3 s", _late(0.3), replaces=True),
    *(Responder(f"extensions: {name}", _extended(made), replaces=True) for name, made in (
        ("version 0", _structure(b"", 0)), ("version 15", _structure(bytes(8), 15)),
        ("wrong checksum", _structure(_object(1, 1, bytes(4)), wrong=1)),
        ("an object of length 0", _structure(_object(1, 1, bytes(4), 0))),
        ("an object of length 3", _structure(_object(1, 1, bytes(4), 3))),
        ("an object beyond the end", _structure(_object(1, 1, bytes(4), 0xFFFC))),
        ("an unknown class", _structure(_object(255, 255, bytes(40)))),
        ("labels without an end", _structure(_object(1, 1, bytes(1000)))),
        ("a hundred objects", _structure(_object(3, 9, b"", 4) * 100)),
        ("a name without an end", _structure(_object(2, 2, b"\xff" * 64))),
        ("a name that is not UTF-8", _structure(_object(2, 2, b"\x08\xff\xfe\xfd\xfc\0\0\0"))),
        ("an address of no family", _structure(_object(2, 4, b"\0\x09\0\0" + bytes(4)))),
        ("random bytes", lambda random: random.randbytes(200)),
        ("nothing but a header", lambda _: b"\x20\0\0\0"),
        ("half a header", lambda _: b"\x20"),
    )),
    *(Responder(f"extensions behind {words} words",
                _extended(_structure(_object(1, 1, bytes(4))), words=words), replaces=True)
      for words in (1, 255)),
    # Below, all know the tag.
    Responder("a stranger beside each router", _stranger, guile=Guile.LYING),
    Responder("a stranger instead of each router", _stranger, guile=Guile.LYING, replaces=True),
    Responder("never-ending new addresses", _new_address, guile=Guile.LYING),
    Responder("new addresses instead of routers", _new_address, guile=Guile.LYING, replaces=True),
    Responder("never-ending new interfaces", _named, guile=Guile.LYING, replaces=True),
    Responder("prohibited everywhere", _refusing((3, 13), (1, 1)), guile=Guile.LYING),
    Responder("unreachable by any code", _refusing((3, 200), (1, 200)), guile=Guile.LYING),
    *(Responder(f"too big for {mtu}", _refusing((3, 4), (2, 0), mtu), guile=Guile.LYING)
      for mtu in (0, 68, 1280, 0xFFFF)),
    Responder("parameter problem", _refusing((12, 0), (4, 0)), guile=Guile.LYING),
    *(Responder(f"quoted TTL {ttl}", _quoted_ttl(ttl), guile=Guile.LYING, replaces=True)
      for ttl in (0, 2, 64, 255)),
    Responder("the destination at every hop", _from_destination, guile=Guile.POSING),
    Responder("a service at every hop", _service, guile=Guile.POSING),
    Responder("fragments in order", _fragments(first=True, last=True), guile=Guile.LYING),
    Responder("silence", _nothing, guile=Guile.LYING, replaces=True),
    *(Responder(f"{share:.0%} of the replies", _some(share), guile=Guile.LYING, replaces=True)
      for share in (0.1, 0.5, 0.9)),
    Responder("replies late by 3 s", _late(3.0), guile=Guile.LYING, replaces=True),
)  # fmt: skip


def _quoting_all(reply: bytes, probe: bytes) -> bytes:
    """An ICMP error of IPv4 that quotes the whole probe, as those of most routers do.

    Of the 28 bytes that simulated ones quote, ordinary sockets see no tag (docs/wires.md).
    """
    if (
        reply[0] >> 4 != 4
        or reply[9] != _ICMP[4]
        or reply[20] not in (_EXPIRED[4][0], _CLOSED[4][0])
    ):
        return reply
    header = IPHeader(ip_address(reply[12:16]), ip_address(reply[16:20]), _ICMP[4], reply[8])
    quote = headers.with_ttl(probe, reply[36])
    return headers.icmp_error(header, reply[20], reply[21], quote)


class Crowd:
    """A network with responders in it. Its random numbers are the same in each run."""

    def __init__(self, network: Answering, responders: Iterable[Responder]) -> None:
        self._network = network
        self._responders = tuple(responders)
        self._random = Random(1)

    def answers(self, datagram: bytes, at_s: float) -> list[Late]:
        """What arrives for a datagram, each with the moment at which it does."""
        true = [
            (due_s, _quoting_all(reply, datagram))
            for due_s, reply in self._network.answers(datagram, at_s)
        ]
        reply, delay_s = (true[0][1], true[0][0] - at_s) if true else (None, 0.0)
        asked = Asked(datagram, reply, delay_s, self._random)
        forged = [
            (at_s + later_s, sent)
            for responder in self._responders
            for later_s, sent in responder.forge(asked)
        ]
        return forged if any(own.replaces for own in self._responders) else [*forged, *true]


class Run(NamedTuple):
    """How the command ended: exit code, standard error, its JSON, seconds, whether it was hung."""

    exit_code: int
    stderr: str
    document: Any
    is_hung: bool

    @property
    def graph(self) -> tuple[set[str], set[tuple[str, str]]]:
        """The vertices and edges that it found."""
        graph = self.document["graph"]
        return (
            {vertex["id"] for vertex in graph["vertices"] if vertex["address"] is not None},
            {(edge["from"], edge["to"]) for edge in graph["edges"]},
        )

    @property
    def is_hedged(self) -> bool:
        """Whether it says that something may be missing or wrong."""
        return (
            self.document["certainty"]["miss_probability"] is None
            or self.document["run"]["stopped"] != "complete"
            or self.exit_code != ExitCode.REACHED
        )


@contextmanager
def _little_memory() -> Iterator[None]:
    """Whoever is started inside has little more memory than this process has now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + _MEMORY_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def traced(network: Emulator, wire: str) -> Run:
    """Trace the destination through an emulated network, within bounds of time and memory."""
    with _little_memory():
        running = start_at(
            network.namespace, str(network.topology.destination), "--mda", "-c", "99", "-n", "-j",
            "--seed", "1", "--wire", wire, "--max-probes", "3000", "--deadline", str(DEADLINE_S),
            privileged=wire != "unprivileged",
        )  # fmt: skip
    process = os.pidfd_open(running.process_id)
    is_hung = not select.select([process], [], [], _LATEST_S)[0]
    os.close(process)
    if is_hung:
        os.kill(running.process_id, signal.SIGKILL)
    ran = running.finish()
    document = json.loads(ran.stdout) if ran.stdout and not is_hung else None
    return Run(ran.returncode, ran.stderr, document, is_hung)


def faults(responders: Iterable[Responder], version: int, wire: str) -> list[str]:
    """What is wrong with a run against these responders: sentences, none if it is as it should."""
    responders = tuple(responders)
    with emulated(NETWORKS[version], through=lambda own: Crowd(own, responders)) as network:
        run = traced(network, wire)
        true = {str(own) for router in network.topology.routers.values()
                for own in router.interfaces}  # fmt: skip
    if run.is_hung:
        return ["it did not end"]
    found = []
    if run.exit_code not in set(ExitCode) - {ExitCode.BUG, ExitCode.USAGE, ExitCode.OUTPUT}:
        found.append(f"it ended with exit status {run.exit_code}: {run.stderr.strip()[:300]}")
    if any(not line.startswith("paris-trace: ") or not line.isprintable()
           for line in run.stderr.splitlines()):  # fmt: skip
        found.append(f"standard error holds {run.stderr[:300]!r}")
    if run.document is None:
        return [*found, "it wrote no JSON"]
    jsonschema.validate(run.document, _SCHEMA)
    seen = {vertex.partition("@")[0] for vertex in run.graph[0]}
    guiles = {own.guile for own in responders}
    is_known, is_posing = guiles == {Guile.CLUMSY}, Guile.POSING in guiles
    missed, invented = true - seen, seen - true - {str(network.topology.source)}
    if is_known and invented:
        found.append(f"it shows what is not there: {', '.join(sorted(invented)[:5])}")
    if missed and (is_known or not (is_posing or run.is_hedged)):
        found.append(f"it lacks {', '.join(sorted(missed)[:5])}")
    return found
