"""Any two options work together, or are refused in one line: none is ignored."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Final

import pytest

from mda.errors import ParisTraceError
from paris.cli import options
from paris.cli.foreign import GRANTED as FOREIGN_GRANTED
from paris.cli.options import parse_render, parse_trace
from paris.cli.parser import render_parser, trace_parser
from paris.errors import ExitCode
from paris.outputs.asked import plan_outputs
from paris.outputs.registry import Subject
from tests.support.commands import run

# What is traced or read.
SUBJECTS: Final = {
    "host": ("192.0.2.9",),
    "simulated": ("--sim", "lossy"),
    "replayed": ("--replay", "some.json"),
}
# Each option as a user gives it, with a value unlike its default, and whatever it requires.
OPTIONS: Final = {
    "--mda": "--mda", "--mda-lite": "--mda-lite", "-c": "-c 99", "--per-vertex": "--per-vertex",
    "--min-share": "--min-share 10", "--flow-field": "--flow-field dport",
    "--gap-limit": "--gap-limit 5", "--seed": "--seed 7", "-4": "-4", "-6": "-6", "-U": "-U",
    "-I": "-I", "-T": "-T", "-p": "-p 99", "--ports": "--ports 22,80",
    "--payload": "--payload dns", "--sport": "--sport 3000", "-f": "-f 2", "-m": "-m 4",
    "-q": "-q 2", "-s": "-s 192.0.2.1", "-i": "-i eth0", "--mark": "--mark 3",
    "--wire": "--wire bulk", "--link": "--link", "-t": "-t 4", "-l": "-l 5",
    "-w": "-w 0.01", "-z": "-z 0.1", "--rate": "--rate 10", "--max-probes": "--max-probes 9",
    "--deadline": "--deadline 2ms", "-N": "-N 2", "-P": "-P icmp", "-F": "-F", "-e": "-e",
    "-S": "-S", "--exit-zero": "--exit-zero", "-v": "-v", "-n": "-n",
    "-A": "-A", "--asn-file": "--asn-file x.dat", "--resolver": "--resolver 127.0.0.1",
    "--no-progress": "--no-progress", "--quiet": "--quiet", "--redact": "--redact",
    "--dry-run": "--dry-run",
    "--classify": "--classify", "--paths": "--paths", "--follow": "--follow 1",
    "--stats": "--stats", "--metrics": "--metrics", "--classic": "--classic", "--mtu": "--mtu",
    "--compare": "--compare udp,icmp",
    "--auto": "--auto", "--diagnose": "--diagnose", "--no-diagnose": "--no-diagnose",
    "--flows": "--flows 200", "--rounds": "--rounds 9", "--prefix-len": "--prefix-len 28",
    "-o": "-o x.graphml", "--format": "--format json", "-j": "-j", "--color": "--color always",
    "--ascii": "--ascii", "--plain": "--plain", "--fold": "--fold 1", "--no-fold": "--no-fold",
    "--size": "--size slide",
    "--watch": "--watch 2 --count 2",
    "--count": "--watch 2 --count 3",
    "--until": "--watch 2 --until 23:59:59.9", "--jsonl": "--watch 2 --count 3 --jsonl x.jsonl",
}  # fmt: skip
# What these ask for is so in any case.
GRANTED: Final = {"-U": "UDP is the default", "-4": "the network is IPv4",
                  "-n": "no names are looked up", "--no-progress": "no terminal is there",
                  "--no-diagnose": "no terminal is there", "--auto": "UDP gets through",
                  "--exit-zero": "the destination is reached", "--ascii": "no line is drawn",
                  **{row.options[0]: row.says for row in FOREIGN_GRANTED}}  # fmt: skip
# What the first asks for the second asks for too.
IMPLIED: Final = {
    ("-A", "--asn-file"),
    ("--no-progress", "--quiet"),
    ("--watch", "--count"),
    ("--watch", "--jsonl"),
    ("--count", "--jsonl"),
}


@cache
def parsed(*options: str, subject: str) -> object:
    """What the command makes of these options: a value, or the line that refuses them."""
    words = [word for option in options for word in OPTIONS[option].split()]
    try:
        asked = parse_trace((*SUBJECTS[subject], *words))
        is_comparison = asked.settings is not None and bool(asked.settings.study.compare)
        written = Subject.COMPARISON if is_comparison else Subject.TRACE
        plan_outputs(asked.output, is_replay=asked.settings is None, subject=written)
    except ParisTraceError as error:
        return str(error)
    return asked


def test_every_option_of_the_command_is_in_the_table() -> None:
    others = {"-h", "-V", "--sim", "--replay", "--config", "--no-config", "--print-config"}
    named = {action.option_strings[0] for action in trace_parser()._actions
             if action.option_strings}  # fmt: skip
    assert named - others == set(OPTIONS)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_two_options_both_count_or_are_refused_in_a_line(
    subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # To build the parser takes longer than to parse with it, which leaves it as it was.
    monkeypatch.setattr(options, "trace_parser", cache(trace_parser))
    bare = parsed(subject=subject)
    for first, second in combinations(OPTIONS, 2):
        both = parsed(first, second, subject=subject)
        if isinstance(both, str):
            assert both.isprintable()
            continue
        for kept, other in ((first, second), (second, first)):
            alone = parsed(other, subject=subject)
            is_default = parsed(kept, subject=subject) == bare
            is_so = (is_default and kept in GRANTED) or (kept, other) in IMPLIED
            assert both != alone or is_so, (kept, other)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_an_option_counts_or_is_refused_in_a_line(
    subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for option in OPTIONS:
        is_idle = parsed(option, subject=subject) == parsed(subject=subject)
        assert not is_idle or option in ("-U", "-F", "-e", "-S", "--no-diagnose"), option


def shown(*words: str) -> tuple[int, str, str]:
    ran = run(*words)
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize(
    "base", ["--sim lossy", "--sim lossy --mda", "--sim two-way --compare udp,tcp/80"]
)
def test_an_option_changes_what_a_run_shows_or_is_refused(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text and the JSON together say whatever an option can change."""
    monkeypatch.chdir(tmp_path)
    usual = [shown(*base.split()), shown(*base.split(), "-j")]
    for option, words in OPTIONS.items():
        if option in base or option in GRANTED or ("--compare" in base and option == "--mda"):
            continue  # a comparison finds every path
        given = [shown(*base.split(), *words.split()), shown(*base.split(), "-j", *words.split())]
        refused = [code == ExitCode.USAGE for code, _, _ in given]
        assert all(len(err.splitlines()) == 1 for code, _, err in given if code == ExitCode.USAGE)
        is_written = option == "-o" and (tmp_path / "x.graphml").exists()
        assert all(refused) or given != usual or is_written, option


def test_an_option_at_its_default_is_refused_where_it_has_no_use() -> None:
    for words in ("--gap-limit 3", "-c 95"):
        assert run("--sim", "two-way", *words.split()).returncode == ExitCode.USAGE
    for words in ("-q 3", "-f 1", "-m 30", "-t 0", "-U", "--gap-limit 3"):
        ran = run("--replay", "none.json", *words.split())
        assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
        assert ran.stderr.endswith("is for a measurement; --replay reads what was measured\n")


def test_a_format_alone_is_that_of_standard_output() -> None:
    assert (
        run("--sim", "two-way", "--format", "json").stdout == run("--sim", "two-way", "-j").stdout
    )


RENDER: Final = {"--metrics": "--metrics", "--diff": "--diff", "-o": "-o x.json",
                 "--merge": "--merge", "--by": "--by as",
                 "--format": "--format json",
                 "-j": "-j", "--color": "--color always", "--ascii": "--ascii",
                 "--plain": "--plain", "--fold": "--fold 1", "--no-fold": "--no-fold",
                 "--size": "--size slide", "--redact": "--redact",
                 "--list": "--list", "--select": "--select 2"}  # fmt: skip


def test_two_options_of_paris_render_both_count_or_are_refused_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("trace.json").write_text(run("--sim", "two-way", "--mda", "-j").stdout)
    named = {action.option_strings[0] for action in render_parser()._actions
             if action.option_strings}  # fmt: skip
    assert named - {"-h", "-V"} == set(RENDER)

    def made(*options: str) -> object:
        words = [word for option in options for word in RENDER[option].split()]
        try:
            files = ["trace.json", "trace.json"] if "--diff" in options else ["trace.json"]
            asked = parse_render([*files, *words])
            if not asked.tabulates:
                subject = Subject.DIFFERENCE if asked.compares else Subject.TRACE
                subject = Subject.MERGED if asked.merges else subject
                plan_outputs(asked.output, is_replay=True, subject=subject)
        except ParisTraceError as error:
            return str(error)
        return asked

    for first, second in combinations(RENDER, 2):
        both = made(first, second)
        assert isinstance(both, str) or both not in (made(first), made(second)), (first, second)
