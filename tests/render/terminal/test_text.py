from __future__ import annotations

from ipaddress import ip_address

import pytest

from mda.model import HeaderField, StopReason, Way
from mda.plan import Stamp, WireReport
from mda.statistics.stopping import Bound
from mda.trace import Trace
from mda.variants import variant
from paris.cli.exits import guarded
from paris.cli.trace import main
from tests.render.samples import GOLDEN, TRACES
from tests.support.traces import DESTINATION, assembled, hops, outcomes, shuffled
from tests.support.views import text_of


def line_of(address: str, shown: str) -> str:
    table = shown.split("\n\n")[1].splitlines()
    (line,) = (line for line in table if f" {address} " in f"{line} ")
    return line


@pytest.mark.parametrize("name", TRACES)
def test_the_text_of_each_sample_trace_is_the_golden_one(name: str) -> None:
    assert text_of(TRACES[name]) == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", TRACES)
def test_the_text_does_not_depend_on_the_order_of_outcomes(name: str) -> None:
    assert text_of(shuffled(TRACES[name], seed=1)) == text_of(TRACES[name])


@pytest.mark.parametrize("name", sorted(set(TRACES) - {"marks", "networks"}))
def test_text_without_names_fits_in_80_columns(name: str) -> None:
    assert max(map(len, text_of(TRACES[name]).splitlines())) <= 80


@pytest.mark.parametrize("name", TRACES)
def test_ascii_text_has_the_same_words(name: str) -> None:
    shown = text_of(TRACES[name], ascii=True)
    assert shown.isascii()
    words = shown.translate(str.maketrans("`,|-", "    ")).split()
    in_unicode = text_of(TRACES[name]).translate(str.maketrans("┌├└`,|-", "       ")).split()
    assert words == in_unicode


@pytest.mark.parametrize("name", TRACES)
def test_colour_adds_only_escape_codes_to_the_text(name: str) -> None:
    colored = text_of(TRACES[name], color=True)
    plain = colored
    for code in ("\x1b[1;32m", "\x1b[1;33m", "\x1b[2m", "\x1b[1;31m", "\x1b[0m"):
        plain = plain.replace(code, "")
    assert plain == text_of(TRACES[name])
    assert ("\x1b" in colored) == (len(TRACES[name].graph) > 1)


def test_control_characters_of_a_hostile_name_are_escaped() -> None:
    shown = text_of(TRACES["marks"])
    escaped = 'a"b\\N<b>&amp;\\x1b[31m\\n\\u202eevil]; x'
    harmless = {**TRACES["marks"].names, ip_address("198.51.100.11"): "x" * len(escaped)}
    assert shown.replace(escaped, "x" * len(escaped)) == text_of(
        TRACES["marks"].replace(names=harmless)
    )
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert escaped in shown


@pytest.mark.parametrize(
    ("payload", "said"),
    [("dns", "payload dns,"), ("hex:" + "c0ffee" * 99, "payload hex:c0ffeec0ffeec0ffeec0...,")],
    ids=["short", "long"],
)
def test_the_title_names_what_udp_probes_say_if_not_our_text(payload: str, said: str) -> None:
    plan = TRACES["two-way"].plan
    asked = plan.replace(probing=plan.probing._replace(payload=payload))
    shown = text_of(TRACES["two-way"].replace(plan=asked))
    assert said in " ".join(shown.split())
    assert "payload" not in text_of(TRACES["two-way"])
    assert max(map(len, shown.splitlines())) <= 80


def test_a_long_name_is_cut_at_its_beginning() -> None:
    name = ".".join(["label"] * 40) + ".end.example"
    shown = text_of(TRACES["two-way"].replace(names={ip_address("192.0.2.254"): name}))
    assert "label.end.example" in line_of("192.0.2.254", shown)
    assert max(map(len, shown.splitlines())) <= 52 + 60


def test_names_are_shown_beside_their_addresses() -> None:
    assert "gw.example.net" in text_of(TRACES["marks"])
    assert "gw.example.net" not in text_of(TRACES["marks"].replace(names={}))


def test_predecessors_are_named_only_where_they_are_not_obvious() -> None:
    assert "from" not in text_of(TRACES["four-way"])
    asymmetric = text_of(TRACES["asymmetric"])
    assert "(from 3.1)" in line_of("198.51.100.32", asymmetric)
    assert "(from 3.2)" in line_of("198.51.100.34", asymmetric)
    assert text_of(TRACES["meshed"]).count("(from all of 3)") == 8


def test_several_neighbouring_predecessors_are_shown_as_a_range() -> None:
    many = [f"198.51.100.{n}" for n in range(1, 8)]
    paths = hops("192.0.2.254", many, flows=70)
    for flow, path in paths.items():
        path.append("198.51.100.100" if path[1] == many[5] else "198.51.100.101")
        paths[flow] = path
    shown = text_of(assembled(outcomes(paths)))
    assert "(from 2.6)" in line_of("198.51.100.100", shown)
    assert "(from 2.1-5 2.7)" in line_of("198.51.100.101", shown)


def test_notes_stand_on_the_line_of_their_vertex() -> None:
    shown = text_of(TRACES["marks"])
    assert "(!X prohibited)" in line_of("198.51.100.12", shown)
    assert "MPLS 24016/299776; unknown object (class 5, type 1) in 8 answers" in shown
    assert "(eth3, ifindex 9)" in shown
    assert "rewritten on the way: traffic class; source port quoted" in shown
    assert "destination: port unreachable" in shown


def test_a_silent_hop_shows_its_tries_and_how_far_the_silence_goes() -> None:
    shown = text_of(TRACES["silent"])
    assert shown.count("(silent, 3 tries)") == 2
    assert shown.count("(silent to hop 7, 3 tries)") == 1
    assert "*              (no reply, 3 tries)" in text_of(TRACES["path"])  # of a single flow


def test_per_packet_balancers_are_reported() -> None:
    shown = text_of(TRACES["per-packet"])
    assert "(splits 2 ways, per packet)" in line_of("198.51.100.1", shown)
    assert shown.count("(link from hop 3 not proven)") == 2
    assert "198.51.100.1 (hop 2) balances per packet, or a router behind it its replies:" in shown


@pytest.mark.parametrize("stopped", sorted(set(StopReason) - {StopReason.COMPLETE}, key=str))
def test_a_stopped_trace_says_so_and_lists_unfinished_vertices(stopped: StopReason) -> None:
    shown = text_of(TRACES["interrupted"].replace(stopped=stopped))
    assert "unfinished" in shown.splitlines()[-1]
    assert "not fully explored: the source, 192.0.2.254 (hop 1), 198.51.100.1 (hop 2)" in shown


def test_the_chance_of_a_missed_branch_is_the_bound_of_the_graph() -> None:
    # It is the bound of the rule, whatever the flows of this trace happened to show.
    assert "missed: at most 5 % (assuming even splits)" in text_of(TRACES["two-way"])
    large = TRACES["two-way"].plan.replace(bound=Bound(0.01, min_share=0.2))
    said = text_of(Trace.of(TRACES["two-way"].replace(plan=large)))
    assert "no bound on what was missed, because some vertices are not fully explored" in said
    assert "with uneven splits" not in said
    enough = large.replace(bound=Bound(0.3, min_share=0.5))
    said = " ".join(text_of(Trace.of(TRACES["two-way"].replace(plan=enough))).split())
    assert "missed: at most 30 % (assuming branches with at least 50 % of a router's flows)" in said
    # With a share s of the flows, a branch stays unseen by 8 of them with (1 - s)^8 = 0.05.
    hidden = f"a branch with less than {100 * (1 - 0.05 ** (1 / 8)):.0f} % of a router's flows"
    assert hidden in " ".join(text_of(TRACES["two-way"]).split())


def test_shares_follow_the_splits_and_not_the_number_of_flows_sent() -> None:
    wide = hops("192.0.2.254", "198.51.100.1", ["198.51.100.21", "198.51.100.22"], flows=40)
    narrow = ["192.0.2.254", "198.51.100.2", "198.51.100.31"]
    paths = {2 * flow: path for flow, path in wide.items()}
    paths |= {2 * n + 1: narrow if n < 6 else narrow[:2] for n in range(40)}
    shown = text_of(assembled(outcomes(paths)))
    # 40 flows were asked behind the first branch and 6 behind the other, which has half of all.
    assert [line_of(f"198.51.100.{n}", shown).split()[3] for n in (21, 22, 31)] == [
        "25",
        "25",
        "50",
    ]


def test_the_bound_holds_up_to_the_last_hop_that_replied() -> None:
    said = text_of(TRACES["silent"])
    assert "not reached" in said
    assert "chance that a branch was missed up to hop 5: at most 5 %" in said


def test_thin_branches_are_not_mentioned_where_no_bound_holds() -> None:
    assert "with uneven splits" in text_of(TRACES["two-way"])
    assert "with uneven splits" not in text_of(TRACES["per-packet"])


@pytest.mark.parametrize("name", ["nothing", "all-silent"])
def test_a_trace_without_replies_has_no_bound(name: str) -> None:
    assert "nothing replied, so nothing can be said of what was missed" in text_of(TRACES[name])
    assert "chance" not in text_of(TRACES[name])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["route-change", "--mda", "-c", "99.99"], "198.51.100.1 4.00 17 (route changed here)"),
        (["route-change", "--mda", "-c", "99.99"],
         "the route changed during the trace, behind 198.51.100.1 (hop 2):"),
        (["loop", "--mda"],
         "forwarding loop between 198.51.100.1, 198.51.100.2 (hops 2 to 6)"),
        (["loop"], "forwarding loop between 198.51.100.1, 198.51.100.2 (hops 2 to 6)"),
        (["sixteen-way", "--mda-lite"],
         "95 % confidence for the whole graph where hops are even (MDA-Lite)"),
        (["sixteen-way", "--mda", "--max-probes", "60"], "links assumed, not measured"),
        (["meshed", "--mda-lite"],
         "the links before hop 4 are meshed or uneven: switched from MDA-Lite to the full MDA"),
    ],
)  # fmt: skip
def test_special_findings_are_reported_in_words(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    guarded("paris-trace", main, ["--sim", *options])
    assert said in " ".join(capsys.readouterr().out.split())


def test_several_ways_out_of_this_machine_are_listed() -> None:
    found = assembled(outcomes(hops(["10.0.1.1", "10.0.2.1"], DESTINATION, flows=4)))
    ways = {
        flow: Way(ip_address(f"10.0.{link}.2"), f"eth{link}", ip_address(f"10.0.{link}.1"))
        for flow, link in ((0, 1), (1, 2), (2, 1))
    }
    ways[3] = Way(ip_address("10.0.3.2"), "tun0", None)
    ways[variant(3, HeaderField.SOURCE, 1)] = Way(ip_address("10.0.4.2"), "eth4", None)
    text = " ".join(text_of(found.replace(ways=ways)).split())
    assert (
        "flows left this machine by 3 ways: eth1 via 10.0.1.1 from 10.0.1.2 (2 flows), "
        "eth2 via 10.0.2.1 from 10.0.2.2 (1 flow), tun0 from 10.0.3.2 (1 flow)"
    ) in text


def test_fields_that_the_wire_cannot_see_are_listed() -> None:
    some = outcomes({0: ["192.0.2.254", DESTINATION]})
    wire = WireReport(
        wire="unprivileged", sent=Stamp.KERNEL, received=Stamp.KERNEL,
        hidden=("changed", "quoted_ttl", "reply_ip_id"),
    )  # fmt: skip
    said = "unprivileged sockets: rewritten headers, quoted TTLs, IP"
    assert said in text_of(assembled(some, wire=wire))
    assert "sockets: " not in text_of(assembled(some))
