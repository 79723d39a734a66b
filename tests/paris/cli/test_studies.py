"""The studies of the command line, on simulated networks."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from paris.engine import setup
from paris.errors import ExitCode
from tests.support.commands import run

if TYPE_CHECKING:
    from pathlib import Path


def test_classify_names_the_kind_of_each_balancer() -> None:
    ran = run("--sim", "two-way", "--classify")
    assert ran.returncode == 0
    text = " ".join(ran.stdout.split())
    assert "1 balancer 198.51.100.1 (hop 2): per flow, 2 ways (error probability" in text
    assert "ignored: traffic class" in text
    unseen = run("--sim", "per-destination", "--mda")
    assert "no diamond" in unseen.stdout
    found = run("--sim", "per-destination", "--classify")
    assert "198.51.100.1 (hop 2): per destination, 3 ways" in found.stdout
    assert max(map(len, found.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("network", "options"),
    [
        ("way-back", ()),
        ("way-back", ("-T",)),
        ("ipv6-way-back", ("--flow-field", "flow-label")),
        ("two-way", ()),
        ("per-destination", ()),
        ("per-packet", ()),
    ],
)
def test_classify_says_where_one_router_that_balances_its_replies_would_look_the_same(
    network: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    outputs = [tmp_path / f"out.{suffix}" for suffix in ("json", "svg")]
    ran = run(
        "--sim", network, "--classify", *options, *(f"--output={output}" for output in outputs)
    )
    text = " ".join(ran.stdout.split())
    assert text.count(", unless one router behind it balances its replies") == 1
    (balancer,) = json.loads(outputs[0].read_text())["balancers"]
    assert balancer["may_be_one_router"] == [balancer["successors"]]
    assert balancer["differ_by"] == []
    if network != "per-destination":  # its branches are not in the picture
        assert "a router behind it that balances its replies would look the same" in (
            outputs[1].read_text()
        )


NETWORK = """
source: '{source}'
destination: '{end}'
routers:
  R1: {{interfaces: ['{net}1']}}
{routers}
paths:
  - source -> R1 -> {path} -> destination
"""


def classified(folder: Path, version: int, routers: str, path: str) -> str:
    """The text of a trace of a network; NET in `routers` begins an address."""
    source, end, net = {
        4: ("192.0.2.1", "203.0.113.9", "198.51.100."),
        6: ("2001:db8::1", "2001:db8:f::9", "2001:db8:a::"),
    }[version]
    text = NETWORK.format(source=source, end=end, net=net, routers=routers, path=path)
    file = folder / "net.yaml"
    file.write_text(text.replace("NET", net))
    return " ".join(run("--sim", str(file), "--classify").stdout.split())


@pytest.mark.parametrize("version", [4, 6])
def test_classify_says_what_tells_branches_from_one_router(version: int, tmp_path: Path) -> None:
    routers = "  A: {interfaces: ['NET2']}\n  B: {interfaces: ['NET3'], initial_ttl: 64}"
    said = classified(tmp_path, version, routers, "[A, B]")
    assert "unless" not in said
    assert "its branches differ: replies leave with other TTLs" in said


@pytest.mark.parametrize("version", [4, 6])
def test_a_router_that_hashes_replies_and_packets_alike_is_not_said_to_be_two(
    version: int, tmp_path: Path
) -> None:
    routers = """
  A: {interfaces: ['NET2', 'NET3'], way_back: flow, balance: {seed: 7}}
  B: {interfaces: ['NET4']}
  C: {interfaces: ['NET5']}"""
    said = classified(tmp_path, version, routers, "A -> [B, C]")
    assert ", unless one router behind it balances replies and packets alike" in said
    assert "its branches differ: flows go on to other interfaces" in said


def test_classify_names_the_first_four_bytes_of_icmp() -> None:
    ran = run("--sim", "two-way", "--classify", "-I")
    assert "first four bytes of ICMP" in ran.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--prefix-len", "24"), "--prefix-len requires --classify"),
        (("--flows", "100"), "--flows requires --classify"),
        (
            ("--classify", "--prefix-len", "33"),
            "--prefix-len must be from 1 to 32 for 203.0.113.9, not 33",
        ),
        (("--classify", "--prefix-len", "0"), "--prefix-len must be from 1 to 128, not 0"),
        (("--classify", "--flows", "99999"), "--flows must be from 0 to 50000, not 99999"),
    ],
)
def test_options_of_studies_that_make_no_sense_are_refused(
    options: tuple[str, ...], message: str
) -> None:
    ran = run("--sim", "two-way", *options)
    assert (ran.returncode, ran.stderr) == (2, f"paris-trace: {message}\n")


def test_paths_are_listed_with_the_commands_that_take_them() -> None:
    ran = run("--sim", "one-slow", "--paths", "--seed", "4")
    assert ran.returncode == 0
    assert "8 paths from end to end" in ran.stdout
    assert "path 5 is slower than the others by 15.0 ms (p < 0.00001)" in ran.stdout
    assert ran.stdout.count("is slower") == 1
    assert "faster" not in ran.stdout
    commands = re.findall(r"^ +paris-trace (.*)$", ran.stdout, re.MULTILINE)
    assert len(commands) == 8
    for number, command in enumerate(commands, start=1):
        alone = run(*command.split(), "--seed", "4")
        assert f"198.51.100.1{number}" in alone.stdout


def test_follow_traces_one_path() -> None:
    ran = run("--sim", "one-slow", "--follow", "5", "--rounds", "3")
    assert ran.returncode == 0
    assert "path 5 followed: udp" in ran.stdout
    assert "every reply came from this path" in ran.stdout
    assert re.search(r"\n +3  198\.51\.100\.15 +23\.0 +23\.0 +23\.0  0 of", ran.stdout)


@pytest.mark.parametrize(
    ("network", "path", "message"),
    [
        ("two-way", "3", "--follow 3: there are 2 paths; give a number that --paths lists"),
        ("two-way", "198.51.100.1",
         "--follow 198.51.100.1: 2 paths go through it; give a number that --paths lists"),
        ("per-packet", "1", "--follow 1: no path can be selected by ports"),
    ],
)  # fmt: skip
def test_a_path_that_cannot_be_followed_is_reported(network: str, path: str, message: str) -> None:
    ran = run("--sim", network, "--follow", path)
    assert (ran.returncode, ran.stderr) == (2, f"paris-trace: {message}\n")
    assert "reached in" in ran.stdout  # nothing measured is lost


def test_rounds_end_where_memory_would_be_full_unless_the_user_sets_a_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(setup, "DEFAULT_MEASURED_PROBES", 500)
    endless = ("--sim", "plain", "--follow", "1", "--rounds", "10000")
    result = run(*endless)
    assert "500 probes, 1" in result.stdout
    assert "stopped at its probe limit: the path was measured 78 times" in result.stdout
    assert result.stderr == "paris-trace: stopped at --max-probes 500: the trace is unfinished\n"
    assert "\n600 probes, 1" in run(*endless, "--max-probes", "600").stdout
    watched = run("--sim", "plain", "--follow", "1", "--watch", "--count", "200", "--no-progress")
    assert (watched.returncode, watched.stderr) == (ExitCode.REACHED, "")
    assert "203.0.113.9: 200 rounds, 1 path" in watched.stdout


def test_classic_shows_the_false_links_of_a_classic_traceroute(tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.dot"
    ran = run("--sim", "nested", "--classic", "-o", str(drawn))
    assert ran.returncode == 0
    assert "9 links inferred, 2 of them false; 6 real links missed" in ran.stdout
    assert "no link 198.51.100.11 (hop 3) to 198.51.100.31 (hop 4)" in ran.stdout
    assert drawn.read_text().count("style=dotted") == 2
    refused = run("--sim", "nested", "--classic", "-I")
    assert refused.stderr == "paris-trace: --classic cannot be used with -I\n"


def test_studies_can_be_combined_and_replayed(tmp_path: Path) -> None:
    measured = tmp_path / "all.json"
    every = ("--classify", "--classic", "--paths", "--follow", "1", "--rounds", "2")
    ran = run("--sim", "series", *every, "-o", str(measured))
    assert ran.returncode == 0
    again = run("--replay", str(measured))
    assert again.stdout == ran.stdout
    plain = tmp_path / "plain.json"
    run("--sim", "series", "--mda", "-o", str(plain))
    later = run("--replay", str(plain), "--paths")
    assert "6 paths from end to end" in later.stdout  # from what was measured then


@pytest.mark.parametrize(
    ("options", "fault"),
    [(("-c", "0"), "-c/--confidence must lie above 0 and below 100, not 0"),
     (("-c", "100"), "-c/--confidence must lie above 0 and below 100, not 100"),
     (("--mda", "--min-share", "70"), "--min-share must be from 0.1 to 50 percent, not 70")],
)  # fmt: skip
def test_replay_refuses_a_bound_out_of_range(
    options: tuple[str, ...], fault: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "x.json")
    assert run("--sim", "two-way", "--mda", "-o", file).returncode == 0
    ran = run("--replay", file, *options)
    assert (ran.returncode, ran.stderr) == (2, f"paris-trace: {fault}\n")


def test_a_saved_trace_with_an_unknown_flow_field_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    assert run("--sim", "two-way", "--mda", "-o", str(file)).returncode == 0
    file.write_text(file.read_text().replace('"flow_field": "sport"', '"flow_field": "x"'))
    ran = run("--replay", str(file))
    assert ran.returncode == 2
    assert ran.stderr.startswith(f"paris-trace: {file}: plan.flow_field: must be one of")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("study", ["--classify", "--paths", "--classic", "--follow=1"])
def test_studies_of_a_trace_without_replies_do_not_crash(study: str) -> None:
    ran = run("--sim", "two-way", study, "--deadline", "0.0001")
    assert ran.returncode in (1, 2)
    assert "bug" not in ran.stderr
    assert "not reached" in ran.stdout


def test_the_json_option_writes_to_standard_output() -> None:
    ran = run("--sim", "two-way", "--classify", "-j")
    assert json.loads(ran.stdout)["balancers"][0]["kind"] == "per flow"
    assert run("--sim", "two-way", "-j", "--format", "svg").returncode == 2
    assert run("--sim", "two-way", "-j", "-o", "-").returncode == 2


def test_metrics_of_diamonds_are_in_the_text() -> None:
    ran = run("--sim", "meshed", "--metrics")
    assert "64 paths, 8 without a common link, entropy 6.00 bits" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 80


def test_a_comparison_that_was_cut_short_says_so_and_replay_names_what_reads_it(
    tmp_path: Path,
) -> None:
    saved = tmp_path / "x.json"
    ran = run("--sim", "nested", "--compare", "udp,icmp", "--max-probes", "40", "-o", str(saved))
    assert "udp: stopped at its probe limit: unfinished" in " ".join(ran.stdout.split())
    ran = run("--replay", str(saved))
    assert ran.returncode == ExitCode.USAGE
    assert ran.stderr == f"paris-trace: {saved}: a comparison, which paris-render reads\n"


def test_several_protocols_are_compared_in_every_output(tmp_path: Path) -> None:
    files = [tmp_path / f"all.{suffix}" for suffix in ("json", "dot", "txt")]
    outputs = [word for file in files for word in ("-o", str(file))]
    ran = run("--sim", "nested", "--compare", "udp,tcp/443,icmp", *outputs)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "203.0.113.9 simulated, nested by udp, tcp/443, icmp" in ran.stdout
    assert "all see the same interfaces" in ran.stdout
    document = json.loads(files[0].read_text())
    assert [view["name"] for view in document["views"]] == ["udp", "tcp/443", "icmp"]
    assert all(len(edge["seen_by"]) == 3 for edge in document["graph"]["edges"])
    for suffix in ("json", "dot", "txt"):
        again = tmp_path / f"again.{suffix}"
        assert run(str(files[0]), "-o", str(again), program="paris-render").returncode == 0
        assert again.read_bytes() == (tmp_path / f"all.{suffix}").read_bytes()


def test_a_protocol_that_sees_less_is_named() -> None:
    # What two protocols see of a balancer of labels or addresses is one branch each.
    ran = run("--sim", "prohibited-branch", "--compare", "udp,tcp/80")
    assert "udp: " in ran.stdout
    assert "tcp/80: " in ran.stdout


def test_refusals_of_each_protocol_are_in_text_picture_and_exit_code(
    tmp_path: Path,
) -> None:
    picture = tmp_path / "all.dot"
    ran = run("--sim", "plain", "--compare", "tcp/80,tcp/443", "-o", str(picture))
    assert ran.returncode == ExitCode.PORT_CLOSED
    for name in ("tcp/80", "tcp/443"):
        assert re.search(rf"^{name} +6 .* port closed$", ran.stdout, re.MULTILINE)
        assert f"{name}: port closed" in picture.read_text()
    some = run("--sim", "plain", "--compare", "udp,tcp/443")
    assert some.returncode == ExitCode.REACHED
    assert "udp: reached in 6 hops:" in some.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--compare", "udp"), "--compare needs two protocols at least, each given once"),
        (("--compare", "udp,udp"), "--compare needs two protocols at least, each given once"),
        (("--compare", "udp,sctp"), "argument --compare: not a protocol: 'sctp'; "
         "use udp, tcp or icmp, such as udp,tcp/443,icmp"),
        (("--compare", "udp,icmp/7"), "argument --compare: not a protocol: 'icmp/7'; "
         "use udp, tcp or icmp, such as udp,tcp/443,icmp"),
        (("--compare", "udp,tcp/nothing"), "argument --compare: not a port number or "
         "service name: 'nothing'"),
        (("--compare", "udp,icmp", "--classify"), "--compare and --ports cannot be combined with "
         "studies"),
        (("--compare", "udp,icmp", "-T"), "--compare names protocols and ports; leave out -U, "
         "-T, -I and -p"),
        (("--compare", "udp,icmp", "-o", "x.pcapng"), "a comparison is written as json, txt, dot, "
         "mmd, svg, html, png, pdf, not as pcapng"),
    ],
)  # fmt: skip
def test_options_of_comparisons_that_make_no_sense_are_refused(
    options: tuple[str, ...], message: str
) -> None:
    ran = run("--sim", "two-way", *options)
    assert (ran.returncode, ran.stderr) == (2, f"paris-trace: {message}\n")


@pytest.mark.parametrize(
    "text", ['{"format": "paris-trace-comparison"}', '{"format": "paris-trace-comparison", '
             '"version": 1, "views": [{}]}', '{"format": "paris-trace-comparison", "version": 1, '
             '"views": [{"name": "a", "trace": {}}, 3]}'],
)  # fmt: skip
def test_paris_render_refuses_a_broken_comparison_in_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text)
    ran = run(str(file), program="paris-render")
    assert ran.returncode == 2
    complaint = ran.stderr
    assert complaint.count("\n") == 1
    assert "bug" not in complaint


def said(*options: str, probes: int) -> str:
    """The text, and then standard error, of a trace of the sample two-way with so many probes."""
    ran = run("--sim", "two-way", *options, "--max-probes", str(probes), "--seed", "1")
    return " ".join((ran.stdout + ran.stderr).split())


def test_a_classic_traceroute_that_was_cut_short_says_so_and_claims_nothing_of_the_rest() -> None:
    assert "no classic traceroute: stopped at its probe limit before it" in said(
        "--classic", probes=30
    )
    part = said("--classic", probes=73)
    assert "stopped at its probe limit before hop 3; up to there: 2 links inferred, 0 of" in part
    assert "0 real links missed" in part
    whole = said("--classic", probes=200)
    assert "8 links inferred, 0 of them false; 0 real links missed" in whole
    assert "limit" not in whole


def test_paths_that_were_cut_short_say_how_often_each_was_measured_and_do_not_call_them_alike() -> (
    None
):
    part = said("--paths", probes=20)
    assert "stopped at its probe limit: each path was measured 0 times" in part
    assert "no path differs" not in part
    assert "stopped at its probe limit: the path was measured 3 times" in said(
        "--follow", "1", probes=84
    )
    nothing = said("--follow", "1", probes=3)
    assert "no path can be selected" not in nothing
    assert "there are 0 paths" not in nothing
    assert "was measured" not in said("--paths", probes=500)


def test_a_path_that_goes_silent_is_not_compared_with_those_that_arrive(tmp_path: Path) -> None:
    network = tmp_path / "net.yaml"
    network.write_text(
        "source: 192.0.2.1\n"
        "destination: {address: 203.0.113.9, delay_ms: 2}\n"
        "routers:\n"
        "  lb: {interfaces: [198.51.100.1]}\n"
        "  a: {interfaces: [198.51.100.2]}\n"
        "  b: {interfaces: [198.51.100.3]}\n"
        "  dead: {interfaces: [198.51.100.4], drops: true}\n"
        "  joint: {interfaces: [198.51.100.5]}\n"
        "paths:\n  - source -> lb -> [a, b, dead] -> joint -> destination\n"
    )
    text = run("--sim", str(network), "--paths").stdout
    assert "3 paths, 1 silent at the end, by" in text
    assert "no reply behind 198.51.100.4 (hop 2), whose figures these are" in text
    assert "no path differs from others with the same end in round-trip time or loss" in text
    assert "slower" not in text
    assert "faster" not in text


def test_what_a_cut_short_comparison_left_unexplored_counts_for_every_protocol() -> None:
    ended = said("--compare", "udp,tcp/443,icmp", probes=200)
    assert "the trace is unfinished (1 vertex not fully explored)" in ended


def test_a_trace_whose_graph_was_finished_before_it_was_cut_short_names_no_vertices() -> None:
    ended = said("--paths", probes=80)
    assert ended.endswith("stopped at --max-probes 80: the trace is unfinished")


NARROW = """
source: 192.0.2.1
destination: 203.0.113.9
routers:
  A: {interfaces: [198.51.100.1]}
  B: {interfaces: [198.51.100.2]}
  C: {interfaces: [198.51.100.3], mtu: 1400, black_hole: true}
  D: {interfaces: [198.51.100.4, 198.51.100.5]}
paths:
  - source -> A -> [B, C] -> D -> destination
"""


def test_mtu_shows_a_black_hole_in_text_paths_json_and_pictures(tmp_path: Path) -> None:
    network = tmp_path / "net.yaml"
    network.write_text(NARROW)
    outputs = {suffix: tmp_path / f"out.{suffix}" for suffix in ("json", "svg", "pcapng")}
    asked = (*(f"-o{output}" for output in outputs.values()), "--mtu", "--paths", "--classify")
    ran = run("--sim", str(network), *asked)
    assert (ran.returncode, ran.stderr) == (0, "")
    text = " ".join(ran.stdout.split())
    assert "path MTU 1400 to 1500 bytes; packets of 1500 leave this machine packets over" in text
    assert "over 1400 bytes vanish behind 198.51.100.3 (hop 2), before 198.51.100.5 (hop 3)" in text
    assert {"; MTU 1400\n", "; MTU 1500\n"} <= set(re.findall("; MTU 1[45]00\n", ran.stdout))
    assert "ignored: traffic class" in text  # no verdict is about lengths
    (link,) = json.loads(outputs["json"].read_text())["mtu"]["links"]
    assert (link["from"], link["to"], link["mtu"]) == ("198.51.100.3@2", "198.51.100.5@3", 1400)
    assert "MTU 1400</text>" in outputs["svg"].read_text()
    assert ">no longer packets, in bytes, get over this link" in outputs["svg"].read_text()
    assert "; at most 1400 bytes, a black hole" in outputs["svg"].read_text()
    again = run("--replay", str(outputs["pcapng"]), "--mtu", "--paths", "--classify")
    assert again.stdout == ran.stdout
    assert run(str(outputs["json"]), program="paris-render").stdout == ran.stdout


def test_mtu_needs_neither_every_path_nor_tcp() -> None:
    single = run("--sim", "two-way", "--mtu")
    assert "the path takes packets of 1500 bytes, the longest that leave this" in single.stdout
    assert "one flow" in single.stdout
    quic = run("--sim", "two-way", "--mtu", "-U", "-p", "443")  # which is too long for some links
    assert "the path takes packets of 1500 bytes" in quic.stdout
    asked = run("--sim", "two-way", "--mtu", "--payload", "quic")
    assert asked.stderr == "paris-trace: --mtu takes payloads of 62 bytes at most: --payload text\n"
    refused = run("--sim", "two-way", "--mtu", "-T")
    assert refused.stderr == "paris-trace: --mtu cannot be used with -T\n"
