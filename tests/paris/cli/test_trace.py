"""The command as a user runs it: outputs, exit codes, and one line for every failure."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import paris
from paris.cli.exits import complain, guarded
from paris.errors import ExitCode, SettingsError
from paris.outputs.registry import FORMATS
from tests.support.commands import CHECKOUT, COMMAND, process, run
from tests.support.terminal import on_terminal
from tests.support.waiting import LONGEST_S

QUICK = ("--sim", "two-way", "--mda")
SKIPPED = "no hop before the destination was traced"
REFUSED = "probes end at an address that is not the destination's"


def test_the_text_shows_a_simulated_diamond() -> None:
    ran = run(*QUICK)
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("203.0.113.9")
    assert "two-way" in lines[0]
    assert "┌ 198.51.100.2" in ran.stdout
    assert "reached in 6 hops: 8 vertices, 8 edges, 2 paths, 1 diamond (width 2, length 2)" in lines
    assert any(line.startswith("chance that a branch was missed: at most ") for line in lines)


def test_without_mda_one_path_is_traced() -> None:
    ran = run("--sim", "two-way")
    exit_code, out, err = ran.returncode, ran.stdout, ran.stderr
    assert (exit_code, err) == (ExitCode.REACHED, "")
    assert [line.split()[0] for line in out.splitlines() if " ms" in line] == list("123456")
    assert "try --mda" in out


@pytest.mark.parametrize("source", ["json", "svg"])
def test_paris_render_makes_every_output_again_from_the_json_and_from_a_picture(
    source: str, tmp_path: Path
) -> None:
    suffixes = tuple(row.suffix for row in FORMATS if row.trace)
    files = [str(tmp_path / f"r.{suffix}") for suffix in suffixes]
    ran = run(*QUICK, *(p for f in files for p in ("-o", f)))
    assert ran.returncode == ExitCode.REACHED
    assert all(" has no place for: " in line for line in ran.stderr.splitlines())
    assert ran.stdout == (tmp_path / "r.txt").read_text()
    begins = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF", "dot": b"digraph", "json": b"{"}
    for suffix, start in begins.items():
        assert (tmp_path / f"r.{suffix}").read_bytes().startswith(start)
    again = [str(tmp_path / f"again.{suffix}") for suffix in suffixes]
    arguments = [str(tmp_path / f"r.{source}"), *(part for file in again for part in ("-o", file))]
    assert run(*arguments, program="paris-render").returncode == ExitCode.REACHED
    for suffix in sorted({*suffixes} - {"pdf"}):  # a PDF bears its date
        assert (tmp_path / f"again.{suffix}").read_bytes() == (
            tmp_path / f"r.{suffix}"
        ).read_bytes(), suffix


def test_equal_seeds_give_equal_json_and_other_seeds_other_json() -> None:
    first, again, other = (
        run(*QUICK, "--seed", seed, "-o", "-", "--format", "json").stdout for seed in "112"
    )
    assert first == again
    assert first != other


def test_standard_output_takes_any_format() -> None:
    ran = run(*QUICK, "-o", "-", "--format", "json")
    assert json.loads(ran.stdout)["run"]["stopped"] == "complete"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        (("-T",), ExitCode.USAGE, "name a HOST to trace, or a simulated network with --sim"),
        (("a.example:99999",), ExitCode.USAGE, "ports are from 1 to 65535, not 99999"),
        (("a.example:",), ExitCode.USAGE, "no port follows the colon"),
        (("a.example", "-p", "nosuchservice"), ExitCode.USAGE, "service name: 'nosuchservice'"),
        (("-I", "a.example:443"), ExitCode.USAGE, "a.example:443 has no meaning with -I"),
        (("a.example", "--ports", "1-70000"), ExitCode.USAGE, "from 1 to 65535, not 70000"),
        (("a.example", "--sim", "two-way"), ExitCode.USAGE, "not both"),
        (("--sim", "two-wya"), ExitCode.USAGE, "two-way"),
        (("--sim", "/nowhere/x.yaml"), ExitCode.USAGE, "/nowhere/x.yaml"),
        (("--sim", "plain", "-m", "0"), ExitCode.USAGE, "from 1 to 255, not 0"),
        (("--sim", "plain", "-f", "9", "-m", "3"), ExitCode.USAGE, "beyond"),
        (("--sim", "plain", "-q", "x"), ExitCode.USAGE, "invalid int value: 'x'"),
        (("--sim", "plain", "--mda", "-c", "100"), ExitCode.USAGE, "below 100, not 100"),
        (
            ("--sim", "plain", "--mda", "--max-probes", "5"),
            ExitCode.USAGE,
            "that takes 6, a plain path of 12 hops 72; allow more, or lower -c",
        ),
        (("--sim", "plain", "--mda", "--mda-lite"), ExitCode.USAGE, "not allowed with"),
        (("--sim", "plain", "--mda", "--min-share=-3"), ExitCode.USAGE, "from 0.1 to 50"),
        (("--sim", "plain", "-c", "nan"), ExitCode.USAGE, "-c/--confidence"),
        (("--sim", "plain", "-w", "soon"), ExitCode.USAGE, "not a duration"),
        (("--sim", "plain", "-w", "0"), ExitCode.USAGE, "above 0, not 0"),
        (("--sim", "plain", "-p", "70000"), ExitCode.USAGE, "from 1 to 65535"),
        (("--sim", "plain", "-p", "no-such-service"), ExitCode.USAGE, "service name"),
        (("--sim", "plain", "--rate=-3"), ExitCode.USAGE, "above 0"),
        (("--sim", "plain", "-z=-1"), ExitCode.USAGE, "from 0 to 1e9 seconds, not '-1'"),
        (("--sim", "plain", "-z", "1e300"), ExitCode.USAGE, "from 0 to 1e9 seconds"),
        (("--sim", "plain", "-w", "-1"), ExitCode.USAGE, "-w/--wait must be"),
        (("--sim", "plain", "--seed", "-1"), ExitCode.USAGE, "--seed must be from 0 to"),
        (("--sim", "plain", "--rate", "1e-299"), ExitCode.USAGE, "from 1e-09 to 1e+09"),
        (("--sim", "plain", "--rate", "-inf"), ExitCode.USAGE, "above 0, not -inf"),
        (("--sim", "plain", "--deadline", "nan"), ExitCode.USAGE, "above 0, not nan"),
        (("--sim", "plain", "-q", "9" * 5000), ExitCode.USAGE, "invalid int value: '999"),
        (("--sim", "plain", "-o", "x" * 300 + ".json"), ExitCode.OUTPUT, "File name too long"),
        (("--sim", "\udcff"), ExitCode.USAGE, r"--sim '\udcff' is not text in UTF-8"),
        (("127.0.0.1", "-i", "\udcff"), ExitCode.USAGE, r"-i/--interface '\udcff' is not text"),
        (("127.0.0.1", "-i", ""), ExitCode.USAGE, "-i/--interface must be a name, not ''"),
        (("\udcff",), ExitCode.NO_NAME, r"cannot resolve '\udcff': not a valid name"),
        (("--replay", "/dev/zero"), ExitCode.USAGE, "it is a pipe or a device, not a file"),
        (("127.0.0.1", "-s", "127.255.255.255"), ExitCode.USAGE, "broadcast address of a link"),
        (("--sim", "plain", "-z", "1", "--rate", "3"), ExitCode.USAGE, "give only one"),
        (("--sim", "plain", "--per-vertex"), ExitCode.USAGE, "requires --mda"),
        (("--sim", "plain", "--min-share", "5"), ExitCode.USAGE, "requires --mda"),
        (("--sim", "plain", "--mda", "--min-share=-5"), ExitCode.USAGE, "from 0.1 to 50"),
        (("--sim", "plain", "--colour", "x"), ExitCode.USAGE, "did you mean --color?"),
        (("--sim", "plain", "-I", "--flow-field", "sport"), ExitCode.USAGE, "use icmp-checksum"),
        (("--sim", "plain", "--flow-field", "flow-label"), ExitCode.USAGE, "no flow label"),
        (("--sim", "plain", "-o", "x.jpeg"), ExitCode.USAGE, "names no format"),
        (("--sim", "plain", "-o", "-", "-o", "-"), ExitCode.USAGE, "twice"),
        (("--sim", "plain", "-o", "/nowhere/x.svg"), ExitCode.OUTPUT, "there is no folder"),
        (("--sim", "plain", "-o", "/", "--format", "svg"), ExitCode.OUTPUT, "it is a folder"),
        (("--sim", "plain", "-6"), ExitCode.USAGE, "the simulated network is IPv4"),
        (("--sim", "plain", "-s", "192.0.2.1"), ExitCode.USAGE, "for a real network"),
        (("--sim", "plain", "-i", "lo"), ExitCode.USAGE, "for a real network"),
        (("--sim", "plain", "-I", "-p", "80"), ExitCode.USAGE, "ICMP has no ports"),
        (("--sim", "plain", "--payload", "hex:zz"), ExitCode.USAGE, "two hexadecimal digits each"),
        (("--sim", "plain", "--payload", "dhcp"), ExitCode.USAGE, "no payload 'dhcp'; use text"),
        (("--sim", "plain", "-T", "--payload", "dns"), ExitCode.USAGE, "leave out -T"),
        (("--replay", ""), ExitCode.USAGE, "--replay needs the name of a file"),
        (("--replay", "x.json", "-T"), ExitCode.USAGE, "is for a measurement"),
        (("--replay", "x.json", "-q", "3"), ExitCode.USAGE, "is for a measurement"),
        (("--replay", "x.json", "--classify", "--flows", "9"), ExitCode.USAGE, "--flows is for"),
        (
            ("127.0.0.1", "--wire", "unprivileged", "--compare", "udp,icmp"),
            ExitCode.USAGE,
            "icmp and udp are asked for, and --wire unprivileged sends only one",
        ),
        (("no-such-host.invalid",), ExitCode.NO_NAME, "cannot resolve 'no-such-host.invalid'"),
        (("a..b",), ExitCode.NO_NAME, "cannot resolve 'a..b'"),
        (("192.0.2.9", "-6"), ExitCode.NO_NAME, "as IPv6"),
        (("192.0.2.9", "-s", "203.0.113.77"), ExitCode.USAGE, "an address of this machine"),
        (("127.0.0.1", "-s", "::1"), ExitCode.USAGE, "IP version"),
        (("127.0.0.1", "-i", "no-such-if"), ExitCode.USAGE, "-i no-such-if"),
    ],
)
def test_bad_input_is_refused_in_one_line_with_its_exit_code(
    arguments: tuple[str, ...], exit_code: ExitCode, message: str
) -> None:
    ran = run(*arguments)
    got, out, err = ran.returncode, ran.stdout, ran.stderr
    assert (got, out) == (exit_code, "")
    assert err.startswith("paris-trace: ")
    assert err.count("\n") == 1
    assert message in err


def test_without_arguments_the_command_shows_how_it_is_used() -> None:
    ran = run()
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    first, *rest = ran.stderr.splitlines()
    assert first == "usage: paris-trace [options] HOST[:PORT] | --sim NETWORK"
    assert any("paris-trace --help" in line for line in rest)
    assert len(rest) < 10
    assert max(map(len, rest)) <= 80


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [
        ("--sim silent-destination", ExitCode.NOT_REACHED),
        ("--sim plain -T", ExitCode.PORT_CLOSED),
        ("--sim prohibited-branch --mda", ExitCode.FILTERED),
        ("--sim plain --ports 22,80", ExitCode.PORT_CLOSED),
    ],
)
def test_exit_zero_excuses_what_the_network_does(options: str, exit_code: ExitCode) -> None:
    plain, excused = run(*options.split()), run(*options.split(), "--exit-zero")
    assert (plain.returncode, excused.returncode) == (exit_code, ExitCode.REACHED)
    assert (plain.stdout, plain.stderr) == (excused.stdout, excused.stderr)


def test_exit_zero_excuses_what_a_saved_trace_shows(tmp_path: Path) -> None:
    saved = str(tmp_path / "closed.json")
    assert run("--sim", "plain", "-T", "-o", saved).returncode == ExitCode.PORT_CLOSED
    assert run("--replay", saved).returncode == ExitCode.PORT_CLOSED
    assert run("--replay", saved, "--exit-zero").returncode == ExitCode.REACHED


@pytest.mark.parametrize(
    ("options", "exit_code"),
    [
        ("--sim plain -m 0", ExitCode.USAGE),
        ("no-such-host.invalid", ExitCode.NO_NAME),
        ("--sim plain -o /nowhere/x.svg", ExitCode.OUTPUT),
    ],
)
def test_exit_zero_excuses_no_failure(options: str, exit_code: ExitCode) -> None:
    assert run(*options.split(), "--exit-zero").returncode == exit_code


def test_a_path_of_thousands_of_digits_is_not_there() -> None:
    ran = run("--sim", "two-way", "--follow", "9" * 5000)
    assert (ran.returncode, ran.stderr.count("\n")) == (ExitCode.USAGE, 1)
    assert ran.stderr.endswith("there are 2 paths; give a number that --paths lists\n")


def test_metrics_of_paris_render_are_written_as_csv_only(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    run(*QUICK, "-o", str(file))
    for options in (("-o", str(tmp_path / "d.svg")), ("--format", "json"), ("-j",)):
        ran = run(str(file), "--metrics", *options, program="paris-render")
        assert ran.returncode == ExitCode.USAGE
        assert "CSV" in ran.stderr


def test_a_truncated_capture_is_reported_and_read_up_to_its_end(tmp_path: Path) -> None:
    file = tmp_path / "r.pcapng"
    run(*QUICK, "-o", str(file))
    file.write_bytes(file.read_bytes()[:3000])
    ran = run("--replay", str(file))
    assert ran.returncode == ExitCode.INTERRUPTED
    assert ran.stderr.count("\n") == 1
    assert "the end of the file is missing" in ran.stderr


def test_an_output_in_a_folder_that_cannot_be_entered_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_dir", refused)
    ran = run("--sim", str(CHECKOUT / "samples/topologies/plain.yaml"), "-o", "/locked/x/r.svg")
    assert ran.returncode == ExitCode.OUTPUT
    assert "cannot write /locked/x/r.svg: Permission denied" in ran.stderr


def test_a_wire_that_does_not_exist_is_refused_in_python() -> None:
    with pytest.raises(SettingsError, match=r"wire must be 'raw' or .*, not 'nosuch'"):
        paris.trace("127.0.0.1", wire="nosuch")


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_that_cannot_be_written_are_an_error(option: str) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([*COMMAND, option], cwd=CHECKOUT, stdout=full, check=False,
                             stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert ran.returncode == ExitCode.OUTPUT
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("options", [(), ("--mda",), ("--mda-lite",)])
@pytest.mark.parametrize("prefix", ["192.0.2.", "2001:db8::"])
def test_a_destination_behind_a_router_that_forwards_expired_packets_is_one_hop_further(
    prefix: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    network = tmp_path / "net.yaml"
    network.write_text(
        f"source: '{prefix}1'\ndestination: '{prefix}9'\nrouters:\n"
        f"  R1: {{interfaces: ['{prefix}2']}}\n  A1..A2: {{interfaces: '{prefix}3+'}}\n"
        f"  R2: {{interfaces: ['{prefix}5'], passes_expired: true}}\n"
        "paths:\n  - source -> R1 -> [A1, A2] -> R2 -> destination\n"
    )
    ran = run("--sim", str(network), *options)
    assert (ran.returncode, ran.stderr) == (ExitCode.REACHED, "")
    assert "reached in 4 hops:" in ran.stdout
    assert f"{prefix}9 replies at hops 3 and 4 of one path: the router before it" in ran.stdout


@pytest.mark.parametrize(("protocol", "is_named"), [("-U", False), ("-T", True), ("-I", True)])
def test_the_promise_names_the_hop_that_may_hide_before_a_destination_that_quotes_no_ttl(
    protocol: str, *, is_named: bool
) -> None:
    said = " ".join(run(*QUICK, protocol).stdout.split())
    assert "(assuming even splits" in said
    assert ("splits and no hidden hop before the destination)" in said) == is_named


def test_the_error_for_a_broken_topology_names_the_file_and_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text("source: 192.0.2.1\ndestination: 203.0.113.9\npaths: [oops\n")
    ran = run("--sim", str(broken))
    exit_code, err = ran.returncode, ran.stderr
    assert exit_code == ExitCode.USAGE
    assert err.startswith(f"paris-trace: {broken}:")
    assert err.count("\n") == 1


def test_paris_render_refuses_a_file_that_is_not_a_trace(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text("{}")
    for file, message in (
        (other, "not a paris-trace file"),
        (tmp_path / "none.json", "cannot read"),
    ):
        ran = run(str(file), program="paris-render")
        assert ran.returncode == ExitCode.USAGE
        err = ran.stderr
        assert err.startswith("paris-render: ")
        assert message in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (("--max-probes", "40"), "stopped at --max-probes 40"),
        (("--deadline", "10ms"), "stopped at --deadline 0.01 s"),
    ],
)
def test_every_output_is_written_when_a_limit_ends_the_trace(
    limit: tuple[str, str], reason: str, tmp_path: Path
) -> None:
    files = [tmp_path / "r.json", tmp_path / "r.svg"]
    ran = run(*QUICK, *limit, "-o", str(files[0]), "-o", str(files[1]))
    exit_code, out, err = ran.returncode, ran.stdout, ran.stderr
    assert exit_code in (ExitCode.REACHED, ExitCode.NOT_REACHED)
    assert reason in err
    assert "unfinished" in err
    assert "unfinished" in out
    document = json.loads(files[0].read_text())
    assert document["run"]["stopped"] in ("probe-budget", "time-budget")
    assert document["run"]["probes_sent"] == len(document["outcomes"])
    if limit[0] == "--max-probes":
        assert document["run"]["probes_sent"] == 40
    assert b"unfinished" in files[1].read_bytes()


def test_the_exit_code_shows_whether_the_destination_was_reached() -> None:
    for arguments, exit_code in (
        (("--sim", "silent-destination", "--mda"), ExitCode.NOT_REACHED),
        (("--sim", "plain", "-T"), ExitCode.PORT_CLOSED),
        (("--sim", "prohibited-branch", "--mda"), ExitCode.FILTERED),
        (("--sim", "plain", "-m", "3"), ExitCode.NOT_REACHED),
    ):
        assert run(*arguments).returncode == exit_code


def test_a_pipe_that_closes_early_is_an_error_of_one_line() -> None:
    with subprocess.Popen(
        [*COMMAND, *QUICK], cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as command:
        assert command.stdout is not None
        assert command.stderr is not None
        command.stdout.close()
        err = command.stderr.read().decode()
        exit_code = command.wait(timeout=LONGEST_S)
    assert exit_code == ExitCode.OUTPUT
    assert err == "paris-trace: standard output was closed before everything was written\n"


@pytest.mark.parametrize(
    ("closing", "exit_code", "err"),
    [(">&-", ExitCode.OUTPUT, "paris-trace: standard output is closed\n"), ("2>&-", 0, "")],
)
def test_a_closed_standard_output_is_an_error_and_a_closed_standard_error_is_not(
    closing: str, exit_code: int, err: str
) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"exec {shlex.join([*COMMAND, *QUICK])} {closing}"], cwd=CHECKOUT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (exit_code, err)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        ("--sim no-such-network 2>/dev/full", ExitCode.USAGE),
        ("--sim two-way -v 2>/dev/full >/dev/null", ExitCode.REACHED),
        ("--sim two-way >/dev/full 2>/dev/full", ExitCode.OUTPUT),
        ("--sim two-way >&- 2>&-", ExitCode.OUTPUT),
    ],
)
def test_the_exit_code_stays_where_nothing_can_be_said(arguments: str, exit_code: int) -> None:
    ran = subprocess.run(
        ["sh", "-c", f"exec {shlex.join(COMMAND)} {arguments}"], cwd=CHECKOUT,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (exit_code, "", "")


@pytest.mark.parametrize(
    "error", [MemoryError(), OSError(errno.EMFILE, "Too many open files"), ImportError("no map")]
)
def test_a_limit_of_the_system_is_one_line_and_not_a_bug(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_: object) -> int:
        raise error

    assert guarded("p", fail, []) == ExitCode.LOCAL_NETWORK
    said = capsys.readouterr().err
    assert said.startswith("p: ")
    assert said.count("\n") == 1
    assert "bug" not in said


def test_a_fault_of_any_length_is_one_readable_line(capsys: pytest.CaptureFixture[str]) -> None:
    complain("p", "\x1b[2J\n" + "long " * 10_000)
    said = capsys.readouterr().err
    assert said.startswith(r"p: \x1b[2J\nlong")
    assert len(said) < 1000


def test_a_full_disk_is_an_error_of_one_line_and_other_outputs_are_still_written(
    tmp_path: Path,
) -> None:
    kept = tmp_path / "kept.json"
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*COMMAND, *QUICK, "-o", str(kept)], cwd=CHECKOUT, stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert ran.returncode == ExitCode.OUTPUT
    assert ran.stderr == "paris-trace: cannot write standard output: No space left on device\n"
    assert json.loads(kept.read_text())["run"]["stopped"] == "complete"


def test_a_picture_that_cannot_be_drawn_costs_no_other_output(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dying = "import os; os.kill(os.getpid(), 11)"
    for name in ("pygraphviz", "cairosvg"):
        (tmp_path / f"{name}.py").write_text(dying)
    (tmp_path / "dot").write_text(f"#!{sys.executable}\n{dying}\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    files = [tmp_path / f"out.{suffix}" for suffix in ("png", "json", "graphml", "dot")]
    ran = run(*QUICK, *(word for file in files for word in ("-o", str(file))))
    assert ran.returncode == ExitCode.OUTPUT
    assert ran.stderr == (
        "paris-trace: cannot draw png: Graphviz's library died of signal 11 (Segmentation fault); "
        "dot died of signal 11 (Segmentation fault)\n"
    )
    assert [file.exists() for file in files] == [False, True, True, True]
    assert "reached in" in ran.stdout


def test_the_error_without_privilege_names_a_remedy() -> None:
    if os.geteuid() != 0:
        ran = process("127.0.0.1", "--wire", "raw")
    else:
        drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                "--bounding-set=-all", "--inh-caps=-all"]  # fmt: skip
        ran = subprocess.run(
            [*drop, *COMMAND, "127.0.0.1", "--wire", "raw"], cwd=CHECKOUT,
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
    assert ran.returncode == ExitCode.NO_PRIVILEGE
    assert "CAP_NET_RAW" in ran.stderr
    assert ran.stderr.count("\n") == 1


@pytest.mark.lab
@pytest.mark.parametrize("target", ["127.0.0.1", "::1"])
@pytest.mark.parametrize(
    "options", [(), ("--wire", "unprivileged"), ("--wire", "unprivileged", "-T")]
)
def test_the_machine_itself_is_one_hop_away(target: str, options: tuple[str, ...]) -> None:
    ran = process(target, "-n", "--mda", *options)
    assert ran.returncode == (ExitCode.PORT_CLOSED if "-T" in options else ExitCode.REACHED)
    refused = f", port closed at {target}" if "-T" in options else ""
    assert f"reached in 1 hop{refused}: 2 vertices, 1 edge" in ran.stdout


@pytest.mark.lab
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_sigterm_and_sighup_write_every_output(how: signal.Signals, tmp_path: Path) -> None:
    from tests.lab import netlab
    from tests.lab.command import command_line

    files = [tmp_path / "r.json", tmp_path / "r.svg"]
    with netlab.lab(netlab.plain(3), silent=["r2"]) as lab:
        arguments = ("203.0.113.9", "-n", "-w", "30", "-o", str(files[0]), "-o", str(files[1]))
        with on_terminal(lab.at_source(*command_line(*arguments, "--rate", "1"))) as command:
            command.wait_for_answers(1)
            command.process.send_signal(how)
            exit_code, out, err = command.finish()
    assert exit_code == ExitCode.INTERRUPTED
    assert err.startswith("paris-trace: interrupted: the trace is unfinished")
    assert err.count("\n") == 1
    assert "unfinished" in out
    document = json.loads(files[0].read_text())
    assert document["run"]["stopped"] == "interrupted"
    assert 0 < len(document["outcomes"]) == document["run"]["probes_sent"]
    assert files[1].read_bytes().startswith(b"<?xml")


@pytest.mark.lab
def test_the_error_without_a_route_names_the_local_network() -> None:
    from tests.lab import netlab
    from tests.lab.command import run_at

    with netlab.lab(netlab.plain(1)) as lab:
        lab.run("ip", "route", "flush", "table", "main")
        ran = run_at(lab.namespace("src"), "203.0.113.9", "-n")
    assert ran.returncode == ExitCode.LOCAL_NETWORK
    assert ran.stderr == "paris-trace: no route to 203.0.113.9: Network is unreachable\n"


def test_verbose_reports_what_became_of_every_packet() -> None:
    ran = run("--sim", "lossy", "--mda", "-v")
    exit_code, out, err = ran.returncode, ran.stdout, ran.stderr
    assert exit_code == ExitCode.REACHED
    lines = err.splitlines()
    assert all(line.startswith("paris-trace: ") for line in lines)
    assert lines[0].endswith("timestamps: sent by virtual, received by virtual; nothing hidden")
    counted = re.match(
        r"paris-trace: (\d+) sent, (\d+) answered, (\d+) lost, (\d+) open at the end", lines[1]
    )
    assert counted
    sent, *fates = map(int, counted.groups())
    assert sent == sum(fates)
    assert fates[1] > 0
    assert f"{sent} probes" in out
    assert "0 replies (receive queue full)" in lines[2]
    assert lines[3] == "paris-trace: ignored datagrams: none"


def test_a_terminal_that_cannot_rewrite_a_line_gets_none() -> None:
    line = [*COMMAND, "--sim", "forty-eight-way", "--mda"]
    with on_terminal(line, cwd=CHECKOUT, kind="dumb") as command:
        exit_code, out, _ = command.finish()
        assert (exit_code, command.shown) == (ExitCode.REACHED, b"")
    assert "reached in" in out


def test_progress_uses_one_line_of_the_terminal_and_clears_it() -> None:
    with on_terminal([*COMMAND, "--sim", "forty-eight-way", "--mda"], cwd=CHECKOUT) as command:
        assert command.finish()[0] == ExitCode.REACHED
        shown = command.shown
    lines = shown.decode().split("\r")
    assert re.search(r"hop \d+  \d+ replies, \d+ losses, \d+ interfaces", lines[1])
    assert lines[-1] == "\x1b[K"
    assert b"\n" not in shown


def test_help_and_version_are_printed() -> None:
    for arguments, words in (
        (("--help",), ("examples:", "exit status:", "--mda")),
        (("--version",), ("paris-trace 0.",)),
    ):
        ran = process(*arguments)
        assert ran.returncode == 0
        assert all(word in ran.stdout for word in words)
        assert max(map(len, ran.stdout.splitlines())) <= 100


def imported(*options: str) -> set[str]:
    """The modules that a process of the command loads."""
    ran = process(*options, env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"})
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


def test_help_imports_nothing_heavy() -> None:
    modules = imported("--help")
    assert "paris.cli.options" in modules
    assert not modules & {"networkx", "impacket", "numpy", "yaml", "graphviz", "pygraphviz"}


def test_a_trace_imports_nothing_that_its_text_does_not_need() -> None:
    modules = imported(*QUICK, "--mda")
    assert "render.terminal.text" in modules
    assert not modules & {"dataclasses", "networkx", "json", "mda.service.verdict"}


def test_a_journal_imports_no_dataclasses(tmp_path: Path) -> None:
    modules = imported(*QUICK, "-o", str(tmp_path / "packets.pcapng"))
    assert "paris.formats.capture" in modules
    assert "dataclasses" not in modules


def test_output_is_coloured_only_on_a_terminal_or_by_option() -> None:
    assert "\x1b[" not in run(*QUICK).stdout
    assert "\x1b[" in run(*QUICK, "--color", "always").stdout
    assert "\x1b[" not in run(*QUICK, "--color", "never").stdout


def test_ascii_output_has_only_ascii_characters() -> None:
    assert run(*QUICK, "--ascii").stdout.isascii()
    ran = process(*QUICK, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ran.stdout.isascii()


@pytest.mark.parametrize(
    ("environment", "is_ascii"),
    [
        ({"LC_ALL": "C"}, True),
        ({"LANG": "POSIX", "LC_ALL": ""}, True),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, False),
        ({"LC_ALL": "C.UTF-8", "LANG": "C"}, False),
        ({"TERM": "dumb"}, True),
    ],
    ids=["locale C", "language POSIX", "no locale", "UTF-8", "dumb terminal"],
)
def test_branches_are_drawn_in_ascii_where_locale_or_terminal_take_no_more(
    environment: dict[str, str], is_ascii: bool
) -> None:
    ran = process(*QUICK, env={**os.environ, **environment})
    assert ran.returncode == ExitCode.REACHED
    assert ("|- " in ran.stdout or ",- " in ran.stdout) == ran.stdout.isascii() == is_ascii


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-f", "6"), "reached in 6 hops: 2 vertices"),
        (("-f", "9"), "reached in 6 hops, before the first hop traced: 1 vertex"),
        (("-f", "9", "--mda"), "reached in 6 hops, before the first hop traced: 1 vertex"),
        (("-f", "5", "-I"), "reached in 6 hops: 3 vertices"),
        (("-f", "9", "-I"), "reached in at most 9 hops: 2 vertices"),
        (("-f", "9", "-T", "--mda"), "reached in at most 9 hops, port closed"),
    ],
)
def test_a_destination_before_the_first_hop_is_as_far_as_its_replies_show(
    options: tuple[str, ...], said: str
) -> None:
    ran = run("--sim", "plain", *options)
    assert said in ran.stdout
    assert ran.returncode == (ExitCode.PORT_CLOSED if "-T" in options else ExitCode.REACHED)
    assert ("so nothing can be said of them" in ran.stdout) == (
        "before" in said and "--mda" in options
    )


@pytest.mark.parametrize(
    ("network", "options", "obstacles"),
    [
        ("plain", ("-f", "7"), [SKIPPED]),
        ("plain", ("-f", "9"), [SKIPPED]),
        ("unequal-length", ("-f", "6"), []),  # one of two distances is before it
        ("prohibited-branch", ("-f", "4", "--sport", "20000"), [REFUSED]),  # of some flows
        ("prohibited-branch", ("-f", "5", "--sport", "20000"), [REFUSED]),
        ("prohibited-branch", ("-f", "9"), [SKIPPED, REFUSED]),
    ],
)
def test_what_replies_before_the_first_hop_is_an_obstacle_for_what_it_is(
    network: str, options: tuple[str, ...], obstacles: list[str]
) -> None:
    found = json.loads(run("--sim", network, "--mda", *options, "-j").stdout)
    assert found["certainty"]["obstacles"] == obstacles


def test_a_destination_behind_more_silent_hops_than_are_asked_may_be_nearer(tmp_path: Path) -> None:
    mute = " -> ".join(f"mute{number}" for number in range(1, 15))
    file = tmp_path / "silent.yaml"
    file.write_text(
        f"""
source: 192.0.2.1
destination: {{address: 203.0.113.9, delay_ms: 1}}
routers:
  mute1..mute14: {{interfaces: 198.51.100.1+, delay_ms: 1, silent: true}}
paths:
  - source -> {mute} -> destination
"""
    )
    for protocol, said in (("-I", "reached in at most 30 hops"), ("-U", "reached in 15 hops")):
        assert said in run("--sim", str(file), "--mda", protocol).stdout


def test_of_two_distances_one_may_be_before_the_first_hop() -> None:
    assert "reached in 5 to 7 hops" in run("--sim", "unequal-length", "--mda", "-f", "5").stdout
    assert "reached in 5 to 7 hops" in run("--sim", "unequal-length", "--mda", "-f", "6").stdout


@pytest.mark.parametrize("base", ["--mda --classic", "--compare udp,icmp"])
def test_a_plain_picture_has_its_graph_and_nothing_beside_it(base: str) -> None:
    words = ("--sim", "two-way", *base.split(), "--format", "dot")
    usual, plain = (run(*words, *more).stdout for more in ((), ("--plain",)))
    beside = [line for line in usual.splitlines() if line not in plain.splitlines()]
    assert plain == "\n".join(plain.splitlines()) + "\n"
    assert "simulated, two-way" in " ".join(beside)
    assert "simulated, two-way" not in plain
    assert "thick" not in plain
    assert not [line for line in beside if "->" in line.split("label=")[0]]  # all lines are there


def test_a_wide_hop_is_one_stack_in_a_picture_unless_every_branch_is_asked_for() -> None:
    words = ("--sim", "sixteen-way", "--mda", "-c", "99", "--format", "svg")
    folded, whole, few = (
        run(*words, *more).stdout for more in ((), ("--no-fold",), ("--fold=16",))
    )
    assert "16 interfaces</text>" in folded
    assert "16 interfaces</text>" not in whole
    assert whole == few
    assert folded.count('class="vertex"') + 15 == whole.count('class="vertex"')


@pytest.mark.parametrize(
    "words", ["--fold 3", "--no-fold -j", "--compare udp,icmp --format dot --fold 3"]
)
def test_folding_is_for_pictures_that_are_laid_out(words: str) -> None:
    ran = run("--sim", "two-way", *words.split())
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr.endswith(
        "--fold and --no-fold are for pictures (mmd, svg, png, pdf, html), and no output is one\n"
    )


def test_a_slide_has_large_text_and_no_sentences() -> None:
    words = ("--sim", "two-way", "--mda", "--format", "svg")
    screen, slide = (run(*words, "--size", size).stdout for size in ("screen", "slide"))
    assert screen == run(*words).stdout
    least = [min(float(own) for own in re.findall(r'font-size="([\d.]+)"', drawn))
             for drawn in (screen, slide)]  # fmt: skip
    assert least[1] > 1.3 * least[0]
    drawn = [re.sub(r"<metadata.*?</metadata>|<desc>.*?</desc>", "", own, flags=re.DOTALL)
             for own in (screen, slide)]  # fmt: skip
    assert ["chance that a branch" in own for own in drawn] == [True, False]


def test_paper_is_a_column_wide_and_has_no_sentences() -> None:
    drawn = run("--sim", "forty-eight-way", "--mda", "--format", "svg", "--size", "paper").stdout
    shown = re.sub(r"<metadata.*?</metadata>|<desc>.*?</desc>", "", drawn, flags=re.DOTALL)
    assert float(re.findall(r'width="([\d.]+)pt"', shown)[0]) == pytest.approx(241, abs=0.5)
    assert "chance that a branch" not in shown
    assert "48 interfaces" in shown


def test_a_size_is_for_pictures_that_are_laid_out() -> None:
    ran = run(*QUICK, "--size", "slide", "--format", "dot")
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr.endswith("--size is for pictures (svg, png, pdf), and no output is one\n")


def test_plain_is_for_pictures() -> None:
    ran = run(*QUICK, "--plain")
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr.endswith(
        "--plain is for pictures (dot, mmd, svg, png, pdf), and no output is one\n"
    )


@pytest.mark.parametrize(
    ("words", "settings", "exit_code", "said"),
    [
        ("--sim {locked}/x.yaml", {}, ExitCode.USAGE,
         "cannot read {locked}/x.yaml: Permission denied\n"),
        ("--sim two-way --config {locked}/x.yaml", {"SUDO_UID": "1"}, ExitCode.USAGE,
         "cannot read {locked}/x.yaml: Permission denied\n"),
        ("--sim two-way -A", {"HOME": "{locked}", "XDG_DATA_HOME": "{locked}"}, 0,
         "-A: there is no table of networks here: put one into {locked}/paris-trace, "),
    ],
    ids=["a network", "options", "tables of networks"],
)  # fmt: skip
def test_what_lies_where_the_user_may_not_look_is_no_bug(
    words: str, settings: dict[str, str], exit_code: int, said: str, tmp_path: Path
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    env = os.environ | {name: value.format(locked=locked) for name, value in settings.items()}
    as_others = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    ran = subprocess.run(
        [*(as_others if os.geteuid() == 0 else ()), *COMMAND, *words.format(locked=locked).split()],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=LONGEST_S, check=False, env=env,
    )  # fmt: skip
    assert ran.returncode == exit_code
    assert ran.stderr.startswith(f"paris-trace: {said.format(locked=locked)}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("-A",), "-A shows what --redact hides"),
        (("--resolver", "127.0.0.1"), "--resolver shows what --redact hides"),
        (("--watch", "1", "--count", "2"), "paris-render --redact"),
        (("-o", "x.pcapng"), ".pcapng"),
    ],
)
def test_what_redaction_cannot_hide_is_refused(options: tuple[str, ...], word: str) -> None:
    ran = run(*QUICK, "--redact", *options)
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert word in ran.stderr


def test_a_quiet_run_says_only_what_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    ran = run(*QUICK, "--quiet", "-o", str(file))
    assert (ran.returncode, ran.stdout, ran.stderr) == (ExitCode.REACHED, "", "")
    assert file.read_text() == run(*QUICK, "--quiet", "-j").stdout != ""
    assert run(*QUICK, "--quiet", "-o", "-").stdout == run(*QUICK).stdout
    watched = run(*QUICK, "--quiet", "--watch", "1", "--count", "30")
    assert (watched.returncode, watched.stdout, watched.stderr) == (ExitCode.REACHED, "", "")
    ran = run("--sim", "nowhere", "--quiet")
    assert (ran.returncode, len(ran.stderr.splitlines())) == (ExitCode.USAGE, 1)
    assert run(*QUICK, "--quiet", "-v").returncode == ExitCode.USAGE
