"""Everything that reads what others wrote, one row each: its samples, and what it must do.

A reader accepts an input, or refuses it with one line that names what is wrong. For a packet it
never raises anything. What is accepted can be drawn and written.
"""

from __future__ import annotations

import gzip
import json
import os
import shlex
import struct
import subprocess
import tempfile
from contextlib import chdir, suppress
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from unittest.mock import patch

import paris
from mda.comparison import Comparison
from mda.difference import Difference
from mda.errors import ParisTraceError
from mda.loading import load
from mda.model import InterfaceInfo, InterfaceRole, MplsEntry, Way
from mda.record import Table
from mda.studies.registry import STUDIES
from paris import replay, run
from paris.cli import own_options
from paris.cli.options import parse_trace
from paris.cli.parser import trace_parser
from paris.errors import ExitCode, OutputError, on_one_line
from paris.formats import comparison, difference, native, pcapng
from paris.formats.json_text import json_compact
from paris.formats.look import Look
from paris.formats.readers.registry import KINDS, kind_of
from paris.lookup import networks
from paris.outputs.comparison import comparison_of
from paris.outputs.registry import FORMATS, Subject
from paris.packets import extensions, replies
from paris.packets.checksums import checksum
from paris.packets.payloads import PAYLOADS
from paris.settings import Lane, Settings
from paris.sim import topology_file
from tests.fuzz.mutations import changed_arguments, changed_bytes, changed_json, changed_text
from tests.support import commands, samples
from tests.support import networks as tables
from tests.support.icmp import intact
from tests.support.quotes import quotes
from tests.support.waiting import LONGEST_S

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from mda.trace import Trace

CORPUS: Final = Path(__file__).parents[1] / "data" / "fuzz"
_RESULTS: Final = CORPUS.parent / "results"
_LONGEST_LINE: Final = 1000  # characters of a refusal
_WRITTEN: Final = (
    "json", "txt", "dot", "graphml", "gexf", "warts", "scamper.jsonl", "caracal.csv", "parquet",
    "links.parquet", "traces.jsonl",
)  # fmt: skip


class Reader(NamedTuple):
    """What reads a kind of input.

    `mutated` makes an input from a random source. `fault` says what is wrong with what the reader
    did with an input, and None if nothing is.
    """

    name: str
    mutated: Callable[[Random], bytes]
    fault: Callable[[bytes], str | None]


def _refusal(message: str, begin: str) -> str | None:
    """What is wrong with the words of a refusal."""
    if not message.isprintable() or len(message) > _LONGEST_LINE:
        return f"not one readable line: {message[:200]!r}"
    return None if begin in message else f"{begin} is not named: {message!r}"


# Packets


def _packets() -> list[bytes]:
    return [*samples.REPLIES.values(), *samples.DESCRIBED.values(), *samples.SEGMENTS.values()]


def _mutated_reply(random: Random) -> bytes:
    data = changed_bytes(random, random.choice(_packets()))
    # A wrong checksum ends the reading early.
    return intact(data) if len(data) > 44 and random.random() < 0.8 else data


def _mutated_quote(random: Random) -> bytes:
    """An ICMP error whose quote has a changed chain of headers around the probe."""
    reply = random.choice([packet for packet in _packets() if len(packet) > 60])
    at = 20 if reply[0] >> 4 == 4 else 40
    quoted = random.choice(_quotes(reply[at + 8 :]))
    data = changed_bytes(random, quoted) + bytes(random.choice((0, 8, 128)))
    return intact(reply[: at + 8] + data)


@cache
def _quotes(probe: bytes) -> list[bytes]:
    """A quoted probe as it is, and behind or inside other headers."""
    return [probe, *(quote.data for quote in quotes(probe))] if len(probe) >= 28 else [probe]


def _reply_fault(data: bytes) -> str | None:
    for hidden in (frozenset[str](), frozenset({"reply_ttl", "reply_ip_id"})):
        replies.parse(data, hidden, PAYLOADS)
    return None


@cache
def _structures() -> list[bytes]:
    entries = [MplsEntry(1000, 5, bottom=False, ttl=3), MplsEntry(16, 0, bottom=True, ttl=255)]
    interfaces = [
        InterfaceInfo(InterfaceRole.INCOMING, 9, ip_address("192.0.2.1"), "eth3", 1500),
        InterfaceInfo(InterfaceRole.NEXT_HOP, None, ip_address("2001:db8::1"), None, None),
    ]
    write = extensions.write_extensions
    return [write(entries, []), write([], interfaces), write(entries, interfaces)]


def _mutated_structure(random: Random) -> bytes:
    data = changed_bytes(random, random.choice(_structures()))
    if len(data) >= 4 and random.random() < 0.8:
        blank = data[:2] + b"\0\0" + data[4:]
        data = data[:2] + struct.pack("!H", checksum(blank)) + data[4:]
    return data


def _structure_fault(data: bytes) -> str | None:
    for is_whole in (True, False):
        extensions.read_extensions(data, is_whole=is_whole)
    return None


# Files


def _in_a_file(fault: Callable[[Path], str | None], suffix: str) -> Callable[[bytes], str | None]:
    """The same of an input that is given in a file."""

    def of_input(data: bytes) -> str | None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"x.{suffix}"
            file.write_bytes(data)
            return fault(file)

    return of_input


def _file_fault(file: Path) -> str | None:
    """What is wrong with reading a file, and with all that is made of what it holds."""
    try:
        found = replay.saved(str(file))
    except ParisTraceError as error:
        return _refusal(str(error), str(file))
    kinds = {Comparison: Subject.COMPARISON, Difference: Subject.DIFFERENCE}
    subject = kinds.get(type(found), Subject.TRACE)
    for row in FORMATS:
        writer = row.writer(subject)
        if row.suffix in _WRITTEN and writer:
            with suppress(OutputError):  # some formats do not hold every kind of probe
                written = load(writer)(found, Look(row.suffix))
                written if isinstance(written, bytes) else written.encode()
                if row.lacks:
                    load(row.lacks)(found)
    write = load(next(row.writer(subject) for row in FORMATS if row.suffix == "json"))
    again = write(found)
    file.write_text(again)
    same = replay.saved(str(file))
    return None if write(same) == again else "it does not read back equal"


@cache
def _documents() -> list[Any]:
    """Traces whose JSON has every member that a trace may have."""
    every = {study.name: "1" if study.argument else None for study in STUDIES}
    small = [
        paris.trace(network="plain"),
        paris.trace(network="ipv6-label", queries=1),
        *(
            paris.trace(network=network, multipath=True, failure_probability=0.3)
            for network in ("two-way", "mpls", "named-interfaces", "lossy")
        ),
        paris.trace(network="two-way", multipath=True, studies=every, parameters={"rounds": 1}),
        paris.trace(network="two-way", multipath=True, deadline_s=0.005),
        paris.trace(network="changed", queries=2),
        paris.trace(network="slow-hop", multipath=True, studies={"stats": None}),
        _black_hole(),
    ]
    way = Way(ip_address("192.0.2.1"), "eth1", ip_address("192.0.2.254"))
    small[0] = small[0].replace(
        ways={0: way},
        names={ip_address("192.0.2.254"): "gw.example"},
        facts={"site": {ip_address("192.0.2.254"): "A"}},
        tables={"site": (Table("a.tsv", 1.5, is_built=False),)},
    )
    saved = Path(__file__).parents[2] / "samples" / "traces"
    return [
        *(json.loads(native.write(trace)) for trace in small),
        *(json.loads((saved / f"{name}.json").read_text()) for name in ("two-way", "per-packet")),
    ]


def _black_hole() -> Trace:
    """A trace over two paths, one of which drops long packets."""
    text = topology_file.samples()["two-way"].read_text()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "black-hole.yaml"
        file.write_text(text.replace("delay_ms: 24}", "delay_ms: 24, mtu: 1400, black_hole: true}"))
        return paris.trace(network=str(file), multipath=True, studies={"mtu": None})


_SAYING: Final = ("format", "version")
_READ: Final = ("plan", "run", "outcomes", "names", "facts", "tables", "ways")


def _mutated_trace(random: Random) -> bytes:
    document = random.choice(_documents())
    if isinstance(document, dict) and random.random() < 0.9:
        # The rest follows from these members, and no reader uses it.
        document = {name: value for name, value in document.items() if name in (*_SAYING, *_READ)}
    return changed_json(random, document).encode("utf-8", "surrogatepass")


@cache
def _comparisons() -> list[object]:
    documents = []
    for network in ("nested", "prohibited-branch"):
        settings = Settings.of(
            network=network, multipath=True, failure_probability=0.3,
            compare=(Lane("udp", None), Lane("tcp", 443)),
        )  # fmt: skip
        traces = [run.assemble(measurement) for measurement in run.compare(settings)]
        document = json.loads(comparison.write(comparison_of(settings, traces)))
        del document["graph"]
        documents.append(document)
    return documents


def _mutated_comparison(random: Random) -> bytes:
    return changed_json(random, random.choice(_comparisons())).encode("utf-8", "surrogatepass")


@cache
def _differences() -> list[object]:
    before, *changed = (
        json.loads(native.write(paris.trace(network=network, multipath=True)))
        for network in ("two-way", "plain", "per-packet", "silent-branch")
    )
    saved = {"format": difference.FORMAT, "version": difference.VERSION, "before": before}
    return [{**saved, "after": after} for after in changed]


def _mutated_difference(random: Random) -> bytes:
    return changed_json(random, random.choice(_differences())).encode("utf-8", "surrogatepass")


@cache
def _scamper_json() -> list[str]:
    """Files of scamper's JSON."""
    return [file.read_text() for file in sorted((CORPUS.parent / "warts").glob("*.json*"))]


@cache
def _fast_mda() -> list[str]:
    """Files of fast-mda-traceroute's, which look like scamper's."""
    return [file.read_text() for file in sorted(_RESULTS.glob("fast-mda*.json"))]


def _mutated_line_of(random: Random, files: list[str]) -> bytes:
    """The last lines of a file, one of which is changed."""
    lines = random.choice(files).splitlines()[-3:]
    if random.random() < 0.2:
        return changed_text(random, "\n".join(lines)).encode("utf-8", "surrogatepass")
    at = len(lines) // 2
    lines[at] = changed_json(random, json.loads(lines[at]))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def _mutated_scamper_json(random: Random) -> bytes:
    return _mutated_line_of(random, _scamper_json())


def _mutated_fast_mda(random: Random) -> bytes:
    return _mutated_line_of(random, _fast_mda())


def _mutated_lines(random: Random) -> bytes:
    return _mutated_line_of(random, [*_scamper_json(), *_fast_mda()])


@cache
def _results() -> list[object]:
    """Results of RIPE Atlas."""
    lines = (_RESULTS / "atlas.ndjson").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _mutated_results(random: Random) -> bytes:
    first, *others = random.sample(_results(), 3)
    lines = [changed_json(random, first), *map(json.dumps, others)]
    text = "\n".join(lines) if random.random() < 0.5 else f"[{','.join(lines)}]"
    return text.encode("utf-8", "surrogatepass")


def _mutated_rows(random: Random) -> bytes:
    """Some rows of caracal's, of which a few characters are changed."""
    file = _RESULTS / "caracal-replies.csv"
    head, *rows = file.read_text().splitlines()
    changed = changed_text(random, "\n".join(random.sample(rows, 4)))
    head = head if random.random() < 0.9 else changed_text(random, head)
    return f"{head}\n{changed}".encode("utf-8", "surrogatepass")


@cache
def _dublin() -> Any:
    file = _RESULTS / "dublin-traceroute.json"
    return json.loads(file.read_text())["flows"]


def _mutated_dublin(random: Random) -> bytes:
    """Some flows of dublin-traceroute's."""
    some = {flow: _dublin()[flow] for flow in random.sample(sorted(_dublin()), 2)}
    return changed_json(random, {"flows": some}).encode("utf-8", "surrogatepass")


@cache
def _archives() -> list[bytes]:
    """Files of scamper's."""
    return [file.read_bytes() for file in sorted((CORPUS.parent / "warts").glob("*.warts"))]


def _mutated_archive(random: Random) -> bytes:
    data = random.choice(_archives())
    return (
        data[: random.randrange(len(data))]
        if random.random() < 0.1
        else changed_bytes(random, data)
    )


@cache
def _foreign_captures() -> list[bytes]:
    """Captures of other programs' traceroutes."""
    return [file.read_bytes() for file in sorted((CORPUS.parent / "captures").iterdir())]


def _mutated_foreign_capture(random: Random) -> bytes:
    data = random.choice(_foreign_captures())
    return (
        data[: random.randrange(len(data))]
        if random.random() < 0.1
        else changed_bytes(random, data)
    )


@cache
def _own_lines() -> list[str]:
    """A few traces as lines of our own JSON."""
    return [json_compact(document) for document in _documents()]


def _mutated_own_lines(random: Random) -> bytes:
    """Two traces, of which one is changed, or cut short."""
    whole, line = random.sample(_own_lines(), 2)
    if random.random() < 0.3:
        line = line[: random.randrange(len(line))]
    elif random.random() < 0.3:
        line = changed_text(random, line)
    else:
        document = json.loads(line)
        # The rest follows from these members; the first two say what the file is.
        kept = {name: document[name] for name in (*_SAYING, *_READ) if name in document}
        line = changed_json(random, kept).replace('": ', '":').replace(', "', ',"')
    lines = [whole, line] if random.random() < 0.8 else [line, whole]
    return "\n".join(lines).encode("utf-8", "surrogatepass")


_NAMES: Final = {ip_address(text).packed: "gw.example" for text in ("192.0.2.254", "2001:db8::1")}


@cache
def _captures() -> list[bytes]:
    captures = []
    for options in (
        ("plain",), ("two-way", "--mda", "-c", "70"), ("lossy", "-T"), ("ipv6-label", "-I"),
    ):  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "sample.pcapng"
            commands.run("--sim", *options, "-q", "1", "-o", str(file))
            captures.append(file.read_bytes() + pcapng.names(_NAMES))
    return captures


def _blocks(data: bytes) -> list[bytes]:
    """The blocks of a pcapng file."""
    blocks, at = [], 0
    while at < len(data):
        (size,) = struct.unpack_from("<I", data, at + 4)
        blocks.append(data[at : at + size])
        at += size
    return blocks


def _mutated_capture(random: Random) -> bytes:
    """A capture with blocks removed, doubled, moved or damaged, or with a changed comment."""
    blocks = _blocks(random.choice(_captures()))
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(blocks))
        match random.randrange(5):
            case 0:
                blocks.insert(random.randrange(len(blocks) + 1), blocks[at])
            case 1 if len(blocks) > 1:
                blocks.pop(at)
            case 2:
                blocks[at] = changed_bytes(random, blocks[at])
            case _:
                blocks[at] = _with_changed_comment(random, blocks[at])
    data = b"".join(blocks)
    return data if random.random() < 0.9 else data[: random.randrange(len(data) + 1)]


def _with_changed_comment(random: Random, block: bytes) -> bytes:
    """A block whose comment, if it has one, is another JSON value."""
    begin, end = block.find(b"{"), block.rfind(b"}") + 1
    try:
        comment = json.loads(block[begin:end])
    except ValueError:  # there is none, or it was changed before
        return changed_bytes(random, block)
    text = changed_json(random, comment).encode("utf-8", "surrogatepass")
    before, padding = block[: begin - 4], -(end - begin) % 4
    rest = block[end + padding : -4]
    option = struct.pack("<HH", 1, len(text) & 0xFFFF) + text[:0xFFFF]
    body = before + option + bytes(-len(option) % 4) + rest
    size = struct.pack("<I", len(body) + 4)
    return body[:4] + size + body[8:] + size


@cache
def _topologies() -> list[str]:
    return [path.read_text() for path in topology_file.samples().values()]


def _mutated_topology(random: Random) -> bytes:
    text = changed_text(random, random.choice(_topologies()))
    return text.encode("utf-8", "surrogatepass")


def _topology_fault(file: Path) -> str | None:
    try:
        topology_file.network(str(file), 1)
    except ParisTraceError as error:
        return _refusal(str(error), str(file))
    return None


_TABLES: Final = (*tables.TABLES.values(), *tables.NAMES.values())
_JSON_TABLES: Final = (tables.PEERINGDB.encode(), tables.NAMES["pyasn"])


def _mutated_table(random: Random) -> bytes:
    if random.random() < 0.3:
        document = json.loads(random.choice(_JSON_TABLES))
        return changed_json(random, document).encode("utf-8", "surrogatepass")
    data = random.choice(_TABLES)
    match random.randrange(10):
        case 0:  # what is in the packed file is sound, if it can be unpacked
            return changed_bytes(random, gzip.compress(data, mtime=0))
        case 1:
            return gzip.compress(changed_bytes(random, data), mtime=0)
        case _:
            return changed_bytes(random, data)


def _table_fault(file: Path) -> str | None:
    """What is wrong with looking up networks in a table of any kind."""
    said: list[str] = []
    asked = [ip_address(text) for text in ("198.51.100.7", "192.0.2.9", "2001:db8::9")]
    texts = networks.find(asked, [str(file)], said.append)
    faults = (_refusal(line, str(file)) for line in said)
    unreadable = (text for text in texts.values() if not text.isprintable())
    return next(filter(None, (*faults, *unreadable)), None)


@cache
def _rounds() -> str:
    """What a watch writes, which no reader takes for a trace."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rounds.jsonl"
        commands.run("--sim", "two-way", "--mda", "--watch", "--count=2", "--jsonl", str(file))
        return file.read_text()


def _mutated_rounds(random: Random) -> bytes:
    return changed_text(random, _rounds()).encode("utf-8", "surrogatepass")


_OWN_OPTIONS: Final = (
    "numeric: true\nwait: 2\nascii: false\nresolver: []\n",
    "max-hops: 7\nudp: true\nasn-file: [a, b]\nrate: 50\nconfidence: 99\nmda: true\n",
    "'resolver': [192.0.2.1, \"2001:db8::1\"]\n? watch\n: 2\n",
)


def _mutated_own_options(random: Random) -> bytes:
    text = changed_text(random, random.choice(_OWN_OPTIONS))
    if random.random() < 0.01:
        text = text.replace(": ", ": " + random.choice("[{") * random.choice((900, 50_000)), 1)
    data = text.encode("utf-8", "surrogatepass")
    return data if random.random() < 0.9 else changed_bytes(random, data)


def _own_options_fault(file: Path) -> str | None:
    """What is wrong with reading the file of a user's own options."""
    folder = file.parent / "paris-trace"
    folder.mkdir()
    own = file.rename(folder / "config.yaml")
    with patch.dict(os.environ, XDG_CONFIG_HOME=str(file.parent)):
        os.environ.pop("SUDO_UID", None)
        return _own_fault(str(own))


def _mutated_variable(random: Random) -> bytes:
    words = shlex.join(changed_arguments(random, ("-n", "-m", "9", "--tos=4"), _options()))
    text = changed_text(random, words) if random.random() < 0.5 else words
    return text.replace("\0", "").encode("utf-8", "surrogatepass")


def _variable_fault(data: bytes) -> str | None:
    """What is wrong with reading the variable of a user's own options."""
    with patch.dict(os.environ, {own_options.VARIABLE: data.decode("utf-8", "surrogateescape")}):
        os.environ.pop("SUDO_UID", None)
        return _own_fault(own_options.VARIABLE)


def _own_fault(place: str) -> str | None:
    try:
        kept = own_options.with_own(["192.0.2.1"])
    except ParisTraceError as error:
        # As the command says it: without the middle of what is long.
        return _refusal(on_one_line(str(error), _LONGEST_LINE - 3), place)
    try:
        parse_trace(kept)
    except ParisTraceError as error:
        return f"what was kept is refused: {kept}: {error}"
    return None


# The command line


@cache
def _options() -> tuple[str, ...]:
    actions = trace_parser()._actions
    return tuple(name for action in actions for name in action.option_strings)


_LINES: Final = ((), ("--mda",), ("--classify",), ("--paths",), ("--compare", "udp,icmp"))


def _mutated_line(random: Random) -> bytes:
    """Arguments, each in a line."""
    words = changed_arguments(random, random.choice(_LINES), _options())
    return "\0".join(words).replace("\ud800", "\udcff").encode("utf-8", "surrogateescape")


def _line_fault(data: bytes) -> str | None:
    """What is wrong with what the command does; it only ever traces a simulated network."""
    words = data.decode("utf-8", "surrogateescape").split("\0") if data else []
    with tempfile.TemporaryDirectory() as folder, chdir(folder):
        ran = commands.run(*words, "--sim", "two-way")
    return _run_fault(ran.returncode, ran.stderr)


def _run_fault(exit_code: int, said: str) -> str | None:
    if exit_code == ExitCode.BUG or exit_code not in set(ExitCode):
        return f"exit code {exit_code}: {said}"
    for line in said.splitlines():
        if not line.startswith("paris-trace: ") or not line.isprintable():
            return f"not a readable line: {line!r}"
    return None


# What a shell does before and with a process: limits, and streams that are full or closed.
_LIMITS: Final = ("", "", "ulimit -n 6;", "ulimit -n 8;", "ulimit -v 40000;", "ulimit -v 25000;")
_STREAMS: Final = (
    "", "", ">/dev/full", "2>/dev/full", ">/dev/full 2>&1", ">&-", "2>&-", ">&- 2>&-", "<&-",
)  # fmt: skip


def _mutated_process(random: Random) -> bytes:
    """A limit, a redirection, and arguments."""
    shell = f"{random.choice(_LIMITS)}\0{random.choice(_STREAMS)}".encode()
    return shell + b"\0" + _mutated_line(random)


def _process_fault(data: bytes) -> str | None:
    """What is wrong with what the command does as a process."""
    limit, streams, *words = data.decode("utf-8", "surrogateescape").split("\0")
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            ["sh", "-c", f'exec {streams}; {limit} exec "$@"', "sh", *commands.COMMAND,
             *(word for word in words if word), "--sim", "two-way"],
            cwd=folder, env={**os.environ, "PYTHONPATH": str(commands.CHECKOUT)},
            capture_output=True, text=True, errors="surrogateescape", check=False,
            timeout=LONGEST_S,
        )  # fmt: skip
    return _run_fault(ran.returncode, ran.stderr)


READERS: Final = (
    Reader("replies", _mutated_reply, _reply_fault),
    Reader("quotes", _mutated_quote, _reply_fault),
    Reader("extensions", _mutated_structure, _structure_fault),
    Reader("trace", _mutated_trace, _in_a_file(_file_fault, "json")),
    Reader("comparison", _mutated_comparison, _in_a_file(_file_fault, "json")),
    Reader("difference", _mutated_difference, _in_a_file(_file_fault, "json")),
    Reader("capture", _mutated_capture, _in_a_file(_file_fault, "pcapng")),
    Reader("warts", _mutated_archive, _in_a_file(_file_fault, "warts")),
    Reader("scamper-json", _mutated_lines, _in_a_file(_file_fault, "json")),
    Reader("atlas", _mutated_results, _in_a_file(_file_fault, "json")),
    Reader("caracal", _mutated_rows, _in_a_file(_file_fault, "csv")),
    Reader("dublin", _mutated_dublin, _in_a_file(_file_fault, "json")),
    Reader("packets", _mutated_foreign_capture, _in_a_file(_file_fault, "pcap")),
    Reader("topology", _mutated_topology, _in_a_file(_topology_fault, "yaml")),
    Reader("table", _mutated_table, _in_a_file(_table_fault, "dat")),
    Reader("rounds", _mutated_rounds, _in_a_file(_file_fault, "jsonl")),
    Reader("own-options", _mutated_own_options, _in_a_file(_own_options_fault, "yaml")),
    Reader("variable", _mutated_variable, _variable_fault),
    Reader("command-line", _mutated_line, _line_fault),
)


def _found_fault(data: bytes) -> str | None:
    """What is wrong with reading every trace in another program's file, without drawing it."""
    kind = kind_of(data)
    try:
        for found in kind.read(data, "x") if kind else ():
            found.record()
    except ParisTraceError as error:
        return _refusal(str(error), "x: byte ")
    return None


# The changed files of each kind that the registry of readers has.
CHANGED: Final[dict[str, Callable[[Random], bytes]]] = {
    "warts": _mutated_archive,
    "fast-mda-traceroute JSON": _mutated_fast_mda,
    "scamper JSON": _mutated_scamper_json,
    "RIPE Atlas": _mutated_results,
    "caracal CSV": _mutated_rows,
    "dublin-traceroute JSON": _mutated_dublin,
    "pcap and pcapng": _mutated_foreign_capture,
    "lines of our JSON": _mutated_own_lines,
}


def _caracal() -> bytes:
    """The head and the rows of caracal's file, some of them again."""
    head, *rows = (_RESULTS / "caracal-replies.csv").read_text().splitlines()
    return "\n".join((head, *rows * 10)).encode()


def _sample(name: str) -> Callable[[], bytes]:
    return (CORPUS.parent / name).read_bytes


# A file of each kind.
SAMPLES: Final[dict[str, Callable[[], bytes]]] = {
    "warts": _sample("warts/tracelb-udp-sport-v6.warts"),
    "fast-mda-traceroute JSON": _sample("results/fast-mda-udp.json"),
    "scamper JSON": _sample("warts/tracelb-udp-sport-v6.json"),
    "RIPE Atlas": _sample("results/atlas.ndjson"),
    "caracal CSV": _caracal,
    "dublin-traceroute JSON": lambda: json.dumps({"flows": _dublin()}).encode(),
    "pcap and pcapng": _sample("captures/tracelb-udp-sport-v6.rawip.pcap"),
    "lines of our JSON": lambda: "\n".join(_own_lines()[:2]).encode(),
}
# The readers of files with traces, without all that is made of a trace.
FOUND: Final = tuple(
    Reader(f"{kind.name}, read", CHANGED[kind.name], _found_fault) for kind in KINDS
)

# Too slow for every test run: it starts a process for each input.
PROCESS: Final = Reader("process", _mutated_process, _process_fault)


def fault(reader: Reader, data: bytes) -> str | None:
    """What is wrong with what a reader does with an input; None if nothing is."""
    try:
        return reader.fault(data)
    except SystemExit:
        return None  # --help and --version end the command
    except Exception as error:
        import traceback

        at = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {at.filename}:{at.lineno}: {error}"
