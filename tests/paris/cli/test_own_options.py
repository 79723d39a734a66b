"""Options from a file and from the environment: which count, and which are refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from paris.cli.options import parse_trace
from paris.cli.own_options import VARIABLE, with_own
from paris.cli.parser import trace_parser
from paris.errors import ExitCode
from tests.support.commands import process, run

if TYPE_CHECKING:
    from pathlib import Path

HOST = "192.0.2.9"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's file is; there is none yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.delenv("SUDO_UID", raising=False)
    (tmp_path / "paris-trace").mkdir()
    return tmp_path / "paris-trace" / "config.yaml"


def made(*arguments: str) -> list[str]:
    """What is put before the arguments."""
    found = with_own(arguments)
    assert found[len(found) - len(arguments) :] == list(arguments)
    return found[: len(found) - len(arguments)]


def test_options_of_the_file_and_of_the_variable_count(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert made(HOST) == []
    file.write_text("numeric: true\nwait: 2\nascii: false\nresolver: []\n")
    assert made(HOST) == ["--numeric", "--wait=2"]
    monkeypatch.setenv(VARIABLE, "-m 9 --tos=4")
    assert made(HOST) == ["-m", "9", "--tos=4", "--numeric", "--wait=2"]


@pytest.mark.parametrize("words", ["--watch", "-n --watch", "--watch -n -m 9\n--watch"])
@pytest.mark.parametrize("host", [HOST, "9"], ids=["an address", "a name like a number"])
def test_an_option_whose_value_is_left_out_does_not_take_the_host(
    words: str, host: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, words)
    assert "--watch=1" in made(host)
    settings = parse_trace(with_own([host])).settings
    assert settings is not None
    assert (settings.target.host, settings.repeat.every_s) == (host, 1.0)
    monkeypatch.delenv(VARIABLE)
    file.write_text("watch: true\n")
    assert made(host) == ["--watch=1"]


def test_the_command_line_counts_before_the_variable_and_that_before_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("max-hops: 7\nwait: 7\ntos: 7\nudp: true\nasn-file: [a, b]\n")
    monkeypatch.setenv(VARIABLE, "-nA -m8")
    assert made("-n", "-I", HOST) == [
        "-A",
        "-m8",
        "--wait=7",
        "--tos=7",
        "--asn-file=a",
        "--asn-file=b",
    ]
    monkeypatch.setenv(VARIABLE, "-m 8 -w 8 -6 --asn-file c")
    assert made("-m", "9", HOST) == ["-w", "8", "-6", "--asn-file", "c", "--tos=7", "--udp"]
    assert made("-I", "-4", "--asn-file", "d", HOST) == ["-m", "8", "-w", "8", "--tos=7"]


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [
        (HOST, ["--numeric"]),
        (f"--mda {HOST}", ["--confidence=99", "--numeric"]),
        (f"--mda-lite {HOST}", ["--confidence=99", "--numeric"]),
        (f"--classify {HOST}", ["--confidence=99", "--flows=500", "--numeric"]),
        (f"--resolver 192.0.2.1 {HOST}", []),
        ("--replay x.json", ["--numeric"]),
    ],
)
def test_what_does_not_go_with_the_command_line_is_left_out(
    arguments: str, kept: list[str], file: Path
) -> None:
    file.write_text("confidence: 99\nflows: 500\nnumeric: true\n")
    assert made(*arguments.split()) == kept


def test_a_saved_measurement_is_read_as_it_was_made(file: Path) -> None:
    file.write_text("mda: true\nclassify: true\nascii: true\n")
    assert made("--replay", "x.json") == ["--ascii"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("mda: [", ":1: not YAML: "),
        ("- mda", ":1: expected `key: value` pairs here"),
        ("mda: true\nbudget: 9", ":2: unknown key 'budget'; known: "),
        ("watch: often", ":1: argument --watch: not a duration: 'often'"),
        ("numerik: true", ":1: unknown key 'numerik'; did you mean numeric? known: "),
        ("output: x.svg", ":1: unknown key 'output'; "),
        ("mda: 5", ":1: --mda is true or false"),
        ("wait: [1, 2]", ":1: --wait takes one value"),
        ("mda: true\n\nwait: soon", ":3: argument -w/--wait: not a duration: 'soon'"),
        ("confidence: 200", ":1: -c/--confidence must lie above 0 and below 100"),
        ("\x00", ": not YAML: "),
    ],
    ids=["cut short", "a list", "unknown", "no interval", "misspelt", "an output", "a number",
         "two values", "no duration", "out of range", "control character"],
)  # fmt: skip
def test_a_wrong_file_is_refused_in_a_line_that_names_it(
    content: str, said: str, file: Path
) -> None:
    file.write_text(content)
    ran = run(HOST)
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr.startswith(f"paris-trace: {file}{said}")
    assert ran.stderr.count("\n") == 1


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "in its place"])
def test_a_pipe_is_refused_rather_than_waited_for(file: Path, is_named: bool) -> None:
    os.mkfifo(file, 0o600)
    made = run("--sim", "plain", *(("--config", str(file)) if is_named else ()))
    assert made.returncode == ExitCode.USAGE
    assert made.stderr == f"paris-trace: cannot read {file}: it is a pipe or a device, not a file\n"


def test_an_empty_file_sets_nothing(file: Path) -> None:
    file.write_text("# nothing yet\n")
    assert made(HOST) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-o x.svg", "-o is not an option to set for good"),
        ("host.example", "host.example is not an option to set for good"),
        ("-z soon", "argument -z/--sendwait: not a duration: 'soon'; try 0.5, 2s or 500ms"),
        ("'", "No closing quotation"),
        ("-m", "argument -m/--max-hops: expected one argument"),
    ],
)
def test_a_wrong_variable_is_refused_in_a_line_that_names_it(
    words: str, said: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, words)
    ran = run(HOST)
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr == f"paris-trace: {VARIABLE}: {said}\n"


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_file_that_others_can_write_to_is_not_used(
    mode: int, file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file.write_text("numeric: true\n")
    file.chmod(mode)
    assert made(HOST) == []
    said = f"paris-trace: {file} is not used: other users can write to it\n"
    assert capfd.readouterr().err == said


@pytest.mark.lab
def test_a_file_of_another_user_is_not_used(file: Path) -> None:
    file.write_text("numeric: true\n")
    os.chown(file, 65534, -1)
    assert made(HOST) == []


def test_what_sudo_hands_on_is_not_used(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the variables nor the home of the user who calls it steer root."""
    file.write_text("numeric: true\n")
    monkeypatch.setenv("HOME", str(file.parents[1]))
    monkeypatch.setenv(VARIABLE, "-n")
    monkeypatch.setenv("SUDO_UID", "1000")
    assert made(HOST) == []


def test_every_option_but_those_of_one_run_can_be_in_the_file(file: Path) -> None:
    """No value here is right, so an option that may be there is refused for its value."""
    names = [name for name in trace_parser().options if name.startswith("--")]
    refused = set()
    for name in names:
        file.write_text(f"{name.removeprefix('--')}: {{}}")
        said = run(HOST).stderr
        if "unknown key" in said:
            refused.add(name)
        else:
            assert "expected a single value here" in said, name
    assert refused == {
        "--output", "--format", "--json", "--jsonl", "--replay", "--sim", "--help", "--version",
        "--seed", "--config", "--no-config", "--print-config", "--dry-run",
    }  # fmt: skip


def test_the_command_line_names_another_file_or_leaves_out_both(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text("tos: 8\n")
    file.write_text("tos: 4\n")
    monkeypatch.setenv(VARIABLE, "-m 9")
    assert made("--config", str(other), HOST) == ["-m", "9", "--tos=8"]
    assert made(f"--config={other}", HOST) == ["-m", "9", "--tos=8"]
    assert made("--no-config", HOST) == []
    assert made("--no-config", "--replay", "x.json") == []
    assert made("--config", str(file), "--replay", "x.json") == []
    assert made("--", "--no-config") == ["-m", "9", "--tos=4"]
    ran = run("--config", str(tmp_path / "none"), HOST)
    assert (ran.returncode, ran.stdout) == (ExitCode.USAGE, "")
    assert ran.stderr == f"paris-trace: cannot read {tmp_path}/none: No such file or directory\n"
    ran = run("--config", str(other), "--no-config", HOST)
    assert "--no-config: not allowed with argument --config" in ran.stderr


def test_under_sudo_a_named_file_is_one_that_its_caller_can_read(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("tos: 4\n")
    monkeypatch.setenv("SUDO_UID", str(os.getuid() + 1))
    assert made("--config", str(file), HOST) == ["--tos=4"]
    file.chmod(0o600)
    assert run("--config", str(file), HOST).stderr == (
        f"paris-trace: {file} is not used: it is not for all users to read\n"
    )


def test_the_options_that_count_are_shown_with_where_they_are_from(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("confidence: 99\ntos: 4\nwatch: 5\nmax-hops: 7\n")
    monkeypatch.setenv(VARIABLE, "-m 9 --ascii")
    ran = run("--print-config", "-o", "x.json", "-m", "8")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "-o x.json        command line\n"
        "-m 8             command line\n"
        f"--ascii          {VARIABLE}\n"
        f"--tos=4          {file}:2\n"
        f"--watch=5        {file}:3\n"
        f"-m 9             {VARIABLE}, left out here\n"
        f"--confidence=99  {file}:1, left out here\n"
        f"--max-hops=7     {file}:4, left out here\n"
    )
    assert run("--print-config", "--frob").returncode == ExitCode.USAGE


def test_the_command_reads_the_file_and_the_variable(file: Path) -> None:
    file.write_text("mda: true\n")
    ran = process("--sim", "two-way", env={**os.environ, VARIABLE: "--ascii"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "chance that a branch was missed" in ran.stdout
    assert ran.stdout.isascii()
