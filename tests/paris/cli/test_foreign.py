"""Options of other tools: each is ours, accepted because it is so anyway, or refused in a line."""

from __future__ import annotations

import re
import subprocess

import pytest

from paris.cli.foreign import GRANTED, REFUSED, Foreign, refusal
from paris.cli.options import parse_trace
from paris.cli.parser import trace_parser
from paris.errors import ExitCode, SettingsError
from tests.support.commands import run

PARSER = trace_parser()
EVERY = [(option, row) for row in REFUSED for option in row.options]
# Of FreeBSD's traceroute(8), OpenBSD's and macOS's together.
BSD = "-4 -6 -a -A -d -D -e -E -f -F -g -i -I -l -m -M -n -P -p -q -r -S -s -t -v -w -x -z"
# As their own help lists them: the long options of those that have some.
OTHERS = {
    "mtr": "-F --filename -u --udp -T --tcp -I --interface -a --address -f --first-ttl -m "
    "--max-ttl -U --max-unknown -P --port -L --localport -s --psize -B --bitpattern -i --interval "
    "-G --gracetime -Q --tos -e --mpls -Z --timeout -M --mark -r --report -w --report-wide -c "
    "--report-cycles -j --json -x --xml -C --csv -l --raw -p --split -t --curses --displaymode -n "
    "--no-dns -b --show-ips -o --order -y --ipinfo -z --aslookup -v --version",
    "trippy": "-c --config-file -m --mode -u --unprivileged -p --protocol --udp --tcp --icmp -F "
    "--addr-family -P --target-port -S --source-port -A --source-address -I --interface -i "
    "--min-round-duration -T --max-round-duration -g --grace-duration --initial-sequence -R "
    "--multipath-strategy -U --max-inflight -f --first-ttl -t --max-ttl --packet-size "
    "--payload-pattern -Q --tos -e --icmp-extensions --read-timeout -r --dns-resolve-method -y "
    "--dns-resolve-all --dns-timeout --dns-ttl -z --dns-lookup-as-info -s --max-samples "
    "--max-flows -a --tui-address-mode --tui-as-mode --tui-custom-columns --tui-locale "
    "--tui-icmp-extension-mode --tui-geoip-mode -M --tui-max-addrs --tui-preserve-screen "
    "--tui-refresh-rate --tui-privacy-max-ttl --tui-timezone --tui-theme-colors "
    "--tui-key-bindings -C --report-cycles -G --geoip-mmdb-file --log-format --log-filter "
    "--log-span-events -v --verbose -V --version",
    "scamper": "-c -d -f -g -G -l -m -M -N -o -O -p -P -q -Q -r -s -S -t -T -U -w -W -z -Z",
    "dublin-traceroute": "-v --version -s --sport -d --dport -n --npaths -t --min-ttl -T --max-ttl "
    "-D --delay -b --broken-nat -i --use-srcport -N --no-dns -o --output-file",
    "fast-mda-traceroute": "--af --interface --probing-rate --protocol --format --confidence "
    "--max-round --wait --min-ttl --max-ttl --src-port --dst-port --instance-id --buffer-size "
    "--integrity-check --no-integrity-check --log-level --print-command --version",
    "nexttrace": "-4 -6 -T --tcp -U --udp -F --fast-trace -p --port -q --queries "
    "--parallel-requests -m --max-hops -d --data-provider --pow-provider -n --no-rdns -a "
    "--always-rdns -P --route-path -r --report -o --output -t --table --raw -j --json -c "
    "--classic -f --first -M --map -e --disable-mpls -v --version -s --source --source-port -D "
    "--dev -z --send-time -i --ttl-time --timeout --psize --dot-server -g --language --file -C "
    "--nocolor --no-color --tos --mtu",
}
# Those of Linux's traceroute that are ours, by the attribute that argparse keeps.
LINUX = {
    "-4": "ip_version", "-6": "ip_version", "-f": "first_hop", "--first": "first_hop",
    "-I": "protocol", "--icmp": "protocol", "-T": "protocol", "--tcp": "protocol",
    "-U": "protocol", "--udp": "protocol", "-P": "protocol", "--protocol": "protocol",
    "-i": "interface", "--interface": "interface", "-m": "max_hops", "--max-hops": "max_hops",
    "-N": "sim_queries", "--sim-queries": "sim_queries", "-n": "lookup_names", "-p": "port",
    "--port": "port", "-t": "tos", "--tos": "tos", "-l": "flow_label",
    "--flowlabel": "flow_label", "-w": "wait", "--wait": "wait", "-q": "queries",
    "--queries": "queries", "-s": "source", "--source": "source", "-z": "sendwait",
    "--sendwait": "sendwait", "--sport": "sport", "--fwmark": "mark", "-V": "version",
    "--version": "version", "--help": "help", "-A": "lookup_asn", "--as-path-lookups": "lookup_asn",
    "--mtu": "mtu",
}  # fmt: skip


def refused(*words: str) -> str:
    with pytest.raises(SettingsError) as error:
        parse_trace(words)
    return str(error.value)


@pytest.mark.parametrize(
    ("option", "row"),
    EVERY,
    ids=lambda value: value if isinstance(value, str) else f"of {value.tools}",
)
def test_an_option_of_another_tool_is_refused_with_what_to_do_instead(
    option: str, row: Foreign
) -> None:
    said = re.compile(
        rf"{option} \(([^)]+, )?{re.escape(row.tools)}(, [^)]+)?\): {re.escape(row.says)}"
    )
    for words in ((option, "192.0.2.9"), (option, "5", "192.0.2.9"), ("192.0.2.9", option)):
        assert said.search(refused(*words))


@pytest.mark.parametrize("row", [*GRANTED, *REFUSED], ids=lambda row: f"{row.tools} {row.options}")
def test_what_a_row_recommends_exists(row: Foreign) -> None:
    assert row.says.isprintable()
    for option in re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", row.says):
        assert option in PARSER.options, option


def test_no_row_shadows_an_option_of_ours() -> None:
    assert {option for option, _ in EVERY} & PARSER.options == set()


@pytest.mark.parametrize("row", GRANTED, ids=lambda row: row.options[0])
def test_what_is_so_anyway_is_accepted_and_changes_nothing(row: Foreign) -> None:
    bare = parse_trace(("192.0.2.9",))
    for option in row.options:
        assert parse_trace((option, "192.0.2.9")) == bare


@pytest.mark.parametrize(
    ("words", "option"),
    [
        ("-nr 192.0.2.9", "-r"),
        ("-Ir 192.0.2.9", "-r"),
        ("-d192.0.2.9", "-d"),
        ("--no-such -x 192.0.2.9", "-x"),
    ],
)
def test_joined_letters_and_values_are_understood(words: str, option: str) -> None:
    assert refused(*words.split()).startswith(f"{option} (")


@pytest.mark.parametrize("words", ["-- -r", "-fr 192.0.2.9", "-ograph.svg -q x 192.0.2.9"])
def test_what_is_not_an_option_is_not_taken_for_one(words: str) -> None:
    assert refusal(words.split(), PARSER.options, PARSER.valued) is None


@pytest.mark.lab
def test_every_option_of_traceroute_is_ours_accepted_or_refused_in_a_line() -> None:
    """As `traceroute --help` lists them here."""
    ran = subprocess.run(["traceroute", "--help"], capture_output=True, text=True, check=True)
    columns = re.findall(r"^  (-.{27})", ran.stdout + ran.stderr, re.MULTILINE)
    listed = set(re.findall(r"(?<![\w-])--?[\w-]+", "\n".join(columns)))
    assert {"-d", "--debug", "-UL", "--sim-queries", "--fwmark", "--back"} <= listed
    granted = {option for row in GRANTED for option in row.options}
    of_others = {option for option, row in EVERY if "traceroute" in row.tools.split(", ")}
    assert listed - of_others - granted == set(LINUX)


def test_options_of_traceroute_that_are_ours_mean_the_same() -> None:
    for option, dest in LINUX.items():
        assert PARSER._option_string_actions[option].dest == dest


@pytest.mark.parametrize("option", BSD.split())
def test_every_option_of_bsd_is_ours_accepted_or_refused_in_a_line(option: str) -> None:
    said = refusal([option], PARSER.options, PARSER.valued)
    assert (said is None) == (option in PARSER.options)


@pytest.mark.parametrize("tool", OTHERS)
def test_every_option_of_another_tool_is_ours_or_refused_in_a_line(tool: str) -> None:
    refused_of_it = {
        option for row in REFUSED if tool in row.tools.split(", ") for option in row.options
    }
    assert set(OTHERS[tool].split()) - PARSER.options - refused_of_it == set()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("-P gre 192.0.2.9", "'gre' is not udp, icmp or tcp, the protocols of probes"),
        ("-w 5,3,10 192.0.2.9", "give one duration, not '5,3,10'"),
        ("192.0.2.9 60", "a port is written as HOST:60, and probes have one length"),
        ("-N 0 192.0.2.9", "-N/--sim-queries must be from 1 to 1000000, not 0"),
    ],
)
def test_values_that_only_traceroute_takes_are_refused_in_a_line(words: str, message: str) -> None:
    ran = run(*words.split())
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr.count("\n") == 1
    assert message in ran.stderr


def test_advice_that_several_tools_share_is_given_once() -> None:
    said = refusal(["--report"], ours=(), valued=())
    assert said == ("--report (mtr, nexttrace): there is one report, at the end: leave it out")
