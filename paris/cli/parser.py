"""Defines the options of all commands for argparse; `options` interprets them.

An option that is not given is None, False or empty: what it is then, the settings say.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mda.studies.registry import STUDIES, parameters, users
from paris.cli.arguments import lanes
from paris.cli.foreign import GRANTED, Foreign
from paris.cli.parsing import Parser, add_outputs, add_version, help_formatter
from paris.cli.probe_options import add_probes, add_time
from paris.defaults import DEFAULT_CONFIDENCE
from paris.lookup.registry import LOOKUPS, Lookup
from paris.outputs.registry import archives, suffixes
from paris.sim.registry import forms

if TYPE_CHECKING:
    from mda.studies.base import Parameter

# The values of mda.model.FLOW_FIELDS, whose import would delay --help by several milliseconds.
_FLOW_FIELDS = ("sport", "dport", "icmp-checksum", "flow-label")
# What the command says when it is run without any argument.
BARE = """\
usage: paris-trace [options] HOST[:PORT] | --sim NETWORK

  paris-trace example.net         one flow, every hop
  paris-trace example.net --mda   every load-balanced path
  paris-trace example.net:443     the way to a service, and whether it is open
  paris-trace --sim two-way       a simulated network
  paris-trace --help              all options
"""
_EXAMPLES = """\
examples:
  paris-trace example.net                       one flow, every hop
  sudo paris-trace example.net --mda -o out.svg every load-balanced path, drawn
  paris-trace --sim two-way --mda               the same on a simulated network, no root
  paris-trace example.net:443 --mda             by TCP to port 443
  paris-trace example.net --mda -c 99 -o r.json keep everything; paris-render draws it again

exit status: 0 reached, 1 not reached, 2 usage error or unreadable file, 3 no such name,
4 missing privilege, 5 local network or system error, 6 port closed, 7 filtered, or open on some
paths only, 8 output not written, 70 a bug, 130 interrupted

Ctrl-C, SIGTERM or SIGHUP ends the measurement and writes all outputs; again: without names and
pictures; once more: at once, and a line says where the measurement is for --replay
"""


def trace_parser() -> Parser:
    """The options of `paris-trace`."""
    parser = Parser(
        prog="paris-trace",
        usage="paris-trace [options] HOST[:PORT] | --sim NETWORK",
        description="Find every load-balanced path to HOST (--mda), or follow one flow to it.",
        epilog=_EXAMPLES,
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "host",
        nargs="?",
        metavar="HOST[:PORT]",
        help="a name, or an IPv4 or IPv6 address; with a service, example.net:https or "
        "[2001:db8::1]:443, by the service's protocol",
    )
    add_version(parser)
    _add_paths(parser.add_argument_group("paths"))
    _add_studies(parser)
    add_probes(parser.add_argument_group("probes"))
    add_time(parser.add_argument_group("time"))
    add_outputs(parser)
    _add_messages(parser.add_argument_group("messages"))
    _add_own(parser.add_argument_group("options that you always want"))
    for row in GRANTED:
        parser.add_argument(
            *row.options, dest=granted_destination(row), action="store_true", help=argparse.SUPPRESS
        )
    return parser


def survey_parser() -> Parser:
    """The options of `paris-survey`."""
    parser = Parser(
        prog="paris-survey",
        usage="paris-survey [options] TARGET... -o DIR | --resume -o DIR",
        description="Trace many destinations at once, at one rate, into one folder.",
        formatter_class=help_formatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="TARGET",
        help="a name, an address, a prefix, or a file with one of these a line; - is standard "
        "input",
    )
    add_version(parser)
    _add_survey(parser.add_argument_group("survey"))
    paths = parser.add_argument_group("paths")
    _add_completeness(paths)
    _add_flows(paths)
    _add_studies(parser)
    add_probes(parser.add_argument_group("probes"))
    add_time(parser.add_argument_group("time"))
    parser.add_argument("--no-progress", action="store_true", help="no progress line")
    return parser


def _add_survey(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-o", "--output", metavar="DIR", required=True, help="the folder to write, a new one")
    add("--resume", action="store_true", help="go on with the survey in DIR, as it was begun")
    add(
        "--per-prefix",
        type=int,
        metavar="BITS",
        help="of each prefix, one address for every prefix of this length, drawn at random",
    )
    add("--exclude", metavar="FILE", help="addresses and prefixes that are not probed, one a line")
    add("--window", type=int, metavar="N", help="destinations that are traced at one time (200)")
    add(
        "--per-router",
        type=float,
        metavar="RATE",
        help="probes per second that any one router is asked at most (20); 0 for any number",
    )
    add(
        "--share-after",
        type=int,
        metavar="N",
        help="when N traces have met the same first routers, later ones begin at the last of these "
        "(100); 0 begins all at the first hop",
    )
    add(
        "--contact",
        metavar="TEXT",
        help="what UDP probes say instead of our own text: who probes, and where to complain",
    )
    add(
        "--scheduler",
        metavar="tcp://HOST:PORT",
        help="let the workers of this Dask scheduler trace the targets, each at the whole --rate; "
        "DIR must be on storage that all of them share",
    )


def _add_paths(group: argparse._ArgumentGroup) -> None:
    _add_completeness(group)
    _add_flows(group)
    group.add_argument(
        "--replay",
        metavar="FILE",
        help="read a .pcapng, .json, .svg or .html of an earlier run, or - for standard input "
        "(--mda and -c default to that run's)",
    )


def _add_flows(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add(
        "--flow-field",
        choices=_FLOW_FIELDS,
        help="header field that numbers the flows (sport; icmp-checksum with -I)",
    )
    add(
        "--gap-limit",
        type=int,
        metavar="N",
        help="give up after N silent hops in a row (3)",
    )
    add("--sim", metavar="NETWORK", help=f"trace a simulated network: {forms()}")
    add("--seed", type=int, metavar="N", help="random seed, for repeatable runs")


def _add_completeness(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    algorithms = group.add_mutually_exclusive_group()
    algorithms.add_argument("--mda", action="store_true", help="find every load-balanced path")
    algorithms.add_argument(
        "--mda-lite",
        action="store_true",
        help="fewer probes: treat each hop as one balancer unless it turns out meshed or uneven",
    )
    add(
        "-c",
        "--confidence",
        type=float,
        metavar="PERCENT",
        help=f"confidence that the graph is complete, in percent ({DEFAULT_CONFIDENCE:g})",
    )
    add(
        "--per-vertex",
        action="store_true",
        help="apply -c to each vertex alone, as other tools do",
    )
    add(
        "--min-share",
        type=float,
        metavar="PERCENT",
        help="find every branch with this share of a router's flows, even if splits are uneven",
    )


def _add_messages(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    add("-v", "--verbose", action="store_true", help="report what became of every packet")
    for row in LOOKUPS:
        add(*row.options, dest=lookup_destination(row), action="store_true", help=row.help)
        if row.values is not None:
            own = row.values
            dest = values_destination(row)
            add(own.option, dest=dest, action="append", metavar=own.metavar, help=own.help)
    add(
        "--exit-zero",
        action="store_true",
        help="exit status 0 if the outputs are written, whatever they say of the network",
    )
    add("--no-progress", action="store_true", help="no progress line and no table on a terminal")
    add(
        "--quiet",
        action="store_true",
        help="nothing on standard output but what -o - asks for, and no progress",
    )
    add(
        "--jsonl",
        metavar="FILE",
        help="with --watch: append a line of JSON for each round to FILE; - is standard output",
    )


def _add_own(group: argparse._ArgumentGroup) -> None:
    files = group.add_mutually_exclusive_group()
    files.add_argument(
        "--config",
        metavar="FILE",
        help="read them from FILE (~/.config/paris-trace/config.yaml)",
    )
    files.add_argument(
        "--no-config",
        action="store_true",
        help="read neither that file nor the variable PARIS_TRACE_OPTIONS",
    )
    group.add_argument(
        "--print-config",
        action="store_true",
        help="show each option that counts, and where it is from; measure nothing",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="say how a trace would be made, and how many probes and seconds it would take; send "
        "none",
    )


def granted_destination(row: Foreign) -> str:
    """The attribute in which argparse keeps whether a granted option was given."""
    return f"granted{row.options[0]}"


def lookup_destination(row: Lookup) -> str:
    """The attribute in which argparse keeps whether the option of a lookup was given."""
    return f"lookup_{row.name}"


def values_destination(row: Lookup) -> str:
    """The attribute in which argparse keeps the values that a lookup was given, None for none."""
    return f"values_{row.name}"


def _add_studies(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("studies (each finds every path first, as --mda does)")
    pending = parameters()
    for study in STUDIES:
        if study.argument:
            group.add_argument(f"--{study.name}", metavar=study.argument, help=study.about)
        else:
            group.add_argument(f"--{study.name}", action="store_true", help=study.about)
        for parameter in study.parameters:
            if pending.pop(parameter.name, None):
                _add_parameter(group, parameter)
    group.add_argument(
        "--compare",
        type=lanes,
        default=(),
        metavar="LIST",
        help="trace by several protocols at once, into one graph: udp,tcp/443,icmp",
    )
    _add_diagnosis(group)


def _add_diagnosis(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--auto",
        action="store_true",
        help="try UDP, ICMP, TCP to port 443 and to 80, until the destination answers",
    )
    diagnosis = group.add_mutually_exclusive_group()
    diagnosis.add_argument(
        "--diagnose",
        action="store_true",
        help="of a service: send up to 40 probes by other protocols, to tell the causes apart "
        "(on a terminal by itself, where the service does not answer)",
    )
    diagnosis.add_argument("--no-diagnose", action="store_true", help="never send such probes")


def _add_parameter(group: argparse._ArgumentGroup, parameter: Parameter) -> None:
    default = "" if not parameter.default else f" ({parameter.default})"
    group.add_argument(
        f"--{parameter.name}",
        type=int,
        metavar=parameter.metavar,
        help=f"with --{' or --'.join(users(parameter.name))}: {parameter.about}{default}",
    )


def destination(name: str) -> str:
    """The attribute in which argparse keeps the value of the option `--NAME`."""
    return name.replace("-", "_")


def convert_parser() -> Parser:
    """The options of `paris-convert`."""
    parser = Parser(
        prog="paris-convert",
        description="Write the traces of many files into a new file or folder, in another format.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="+",
        help="what paris-render reads, also with many traces; - is standard input",
    )
    formats = archives()
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        required=True,
        help="write FILE, as its suffix says, unless there is one: "
        f"{' '.join(f'.{name}' for name in formats)}; - is standard output; with a --format of "
        "which a file holds one trace, FILE is a new folder with a file for each",
    )
    parser.add_argument(
        "--format",
        choices=suffixes(measures=False),
        metavar="SUFFIX",
        help="format of -o -, of a file with another suffix, and of the files in a folder: one of "
        f"{' '.join(suffixes(measures=False))}",
    )
    add_version(parser)
    return parser


def render_parser() -> Parser:
    """The options of `paris-render`."""
    parser = Parser(
        prog="paris-render",
        description="Make any output of paris-trace again from its JSON, packets, .svg or .html.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "file",
        metavar="FILE",
        nargs="+",
        help="what paris-trace -o FILE wrote: .json, .pcapng, .svg or .html; or warts or JSON of "
        "scamper; - for standard input",
    )
    parser.add_argument(
        "--diff",
        action="store_true",
        help="what changed from the first FILE to the second one; exit code 1 if anything did",
    )
    parser.add_argument(
        "--merge",
        action="store_true",
        help="the traces of all FILEs in one graph: who saw each vertex, from where and to where",
    )
    parser.add_argument(
        "--by",
        choices=("interface", "router", "as"),
        help="vertices of --merge: interfaces (default), or one for all addresses that a router "
        "says are its own, or for each AS that -A found",
    )
    parser.add_argument(
        "--metrics",
        action="store_true",
        help="instead: a table (CSV) of the diamonds of all FILEs, to -o FILE or standard output",
    )
    parser.add_argument(
        "--list",
        action="store_true",
        help="instead: number, kind, source, destination and start of each trace in a FILE of many",
    )
    parser.add_argument(
        "--select",
        metavar="N|DST",
        help="take trace N of a FILE of many, as --list numbers them, or the one to DST",
    )
    add_outputs(parser, measures=False)
    add_version(parser)
    return parser
