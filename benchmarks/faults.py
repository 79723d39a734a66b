"""What a machine does to a trace: signals, full disks, limits, a network that goes, other traces.

    python -m benchmarks.faults [PART ...]

Parts are signals, stages, bounds, files, disks, limits, networks, clocks and together. Needs root,
scamper and traceroute. The table counts what was tried, and what failed: something that was
measured is not readable, a file is not whole, a good file is gone, or the command says anything
but its own lines. Each fault is printed.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mda.plan import Reading
from paris import replay
from paris.cli.exits import guarded
from paris.cli.trace import main as trace_main
from paris.errors import ExitCode, FormatError
from tests.lab import netlab
from tests.lab.command import Found, command_line, start_at
from tests.lab.netlab import TARGET, Lab
from tests.support.forks import fork

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS: Final = 1000
_OF_STAGES: Final = 100  # signals to watches, and as many to searches for the longest packets
_TRACES: Final = 500
_TIMED: Final = 100  # signals, and as many deadlines
_HEARD_S: Final = {"interrupted": 0.5, "time-budget": 0.2}
_LABS: Final = 6  # at a time
_UNREAD: Final = 64  # replies that may wait to be read when the command is killed
_LINES: Final = "rounds.jsonl"
_GOOD: Final = '{"what": "was there before"}\n'
_KINDS: Final = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_CODES: Final = {int(code) for code in ExitCode}


@dataclass
class Tally:
    """How often something was tried, and what failed."""

    tried: int = 0
    faults: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, fault: str | None) -> None:
        """Count an attempt, and its fault if it has one."""
        with self._lock:
            self.tried += 1
            if fault is not None:
                self.faults.append(fault)
                print(f"  {fault}", flush=True)


def main() -> None:
    """Try everything, or the parts that are named, and print the table."""
    tallies: dict[str, Tally] = {}
    for name in sys.argv[1:] or _PARTS:
        tallies.update(_PARTS[name]())
    print("| what happens | tried | failed |\n|---|---|---|")
    for what, tally in tallies.items():
        print(f"| {what} | {tally.tried} | {len(tally.faults)} |")


def _signals() -> dict[str, Tally]:
    """Send signals at random moments, some of them several times, in several labs at once."""
    return _signalled_often(_SIGNALS, "at a random moment")


def _stages() -> dict[str, Tally]:
    """The same while paths are watched, and while the longest packets are searched for."""
    return {
        **_signalled_often(_OF_STAGES, "during `--watch`", "--watch", "0.05", "--jsonl", _LINES),
        **_signalled_often(_OF_STAGES, "during `--mtu`", "--mtu"),
    }


def _signalled_often(times: int, when: str, *options: str) -> dict[str, Tally]:
    """Send so many signals to traces with these options, in several labs at once."""
    tallies = {how: Tally() for how in _KINDS}

    def work(number: int) -> None:
        draw = random.Random(number)
        with netlab.lab(netlab.diamond(4)) as lab:
            for _ in range(number, times, _LABS):
                how = draw.choice(_KINDS)
                try:
                    fault = _signalled(lab, how, draw, options)
                except Exception as error:
                    fault = f"{type(error).__name__}: {error}"
                tallies[how].note(fault)

    with ThreadPoolExecutor(_LABS) as pool:
        list(pool.map(work, range(_LABS)))
    return {f"`kill -{how.value}` {when}": tally for how, tally in tallies.items()}


def _signalled(
    lab: Lab, how: signal.Signals, draw: random.Random, options: tuple[str, ...]
) -> str | None:
    """Send a signal to a trace at a random moment; returns what is wrong then."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        names = draw.choice([[], ["r.json", "r.svg"], ["r.pcapng"], ["r.json", "r.pcapng"]])
        for name in names:
            (folder / name).write_text(_GOOD)
        outputs = [part for name in names for part in ("-o", str(folder / name))]
        command = command_line(
            str(TARGET[4]), "--mda", "-n", "--rate", "400", "--seed", "1", *outputs,
            *(str(folder / word) if word == _LINES else word for word in options),
        )  # fmt: skip
        before = _replies(lab)
        with subprocess.Popen(
            lab.at_source(*command), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "XDG_STATE_HOME": str(folder / "state")},
        ) as process:  # fmt: skip
            time.sleep(draw.uniform(0.0, 3.0))
            is_over = process.poll() is not None
            for _ in range(draw.choice([1, 1, 1, 2, 3])):
                process.send_signal(how)
                time.sleep(draw.choice([0, 0.01]))
            out, err = process.communicate(timeout=120)
        received = _replies(lab) - before
        if "reached in 5 hops" in out and not names:
            received = 0  # all that is asked for has been shown
        elif (folder / _LINES).exists():
            received -= _replies_in(folder / _LINES)
        fault = _what_is_wrong(folder, names, process.returncode, err, received)
        moment = "after its end" if is_over else f"after {received} replies"
        return fault and f"signal {how.value} {moment}, outputs {names}: {fault}"


def _replies_in(lines: Path) -> int:
    """The replies of the rounds in a file of whole lines."""
    text = lines.read_text()
    if not text.endswith("\n") and text:
        raise FormatError(f"the last line is cut off: {text[-80:]}")
    rounds = [own for own in map(json.loads, text.splitlines()) if own["type"] == "round"]
    return sum("rtt_s" in hop for own in rounds for path in own["paths"] for hop in path["hops"])


def _what_is_wrong(
    folder: Path, names: list[str], exit_code: int, err: str, received: int
) -> str | None:
    """What is wrong after a signal: a file, the exit code, or that replies are lost."""
    if received and ("Traceback" in err or exit_code not in _CODES | {-signal.SIGKILL}):
        return f"exit status {exit_code}: {err}"
    answered = []
    for path in (*(folder / name for name in names), *folder.rglob("paris-trace-*.pcapng")):
        if path.suffix != ".svg" and path.read_bytes() != _GOOD.encode():
            try:
                answered.append(len(replay.trace(str(path), Reading()).answered))
            except FormatError as error:
                if received:
                    return str(error)
        if path.suffix == ".svg" and not path.read_text().endswith((_GOOD, "</svg>\n")):
            return f"{path.name} is not whole"
    if list(folder.glob(".paris-trace-*")) and exit_code != -signal.SIGKILL:
        return "a half-written file is left"
    is_shown = not names and exit_code == ExitCode.INTERRUPTED
    if received > _UNREAD + max(answered, default=0) and not is_shown:
        return f"{received} replies, and {answered} can be read: {err}"
    return None


def _bounds() -> dict[str, Tally]:
    """How long after a signal, or after its deadline, a measurement ends."""
    tallies = {how: Tally() for how in _HEARD_S}
    late_s: dict[str, list[float]] = {how: [] for how in _HEARD_S}
    draw = random.Random(1)
    ways = (
        ("--classify",),
        ("--paths", "--rounds", "200"),
        ("--min-share", "1"),
        ("-c", "99.9999"),
    )
    # In memory: a busy disk holds up who creates a file there, and so the measurement.
    with (
        netlab.lab(netlab.diamond(8)) as lab,
        tempfile.TemporaryDirectory(dir="/dev/shm") as made,
    ):
        while any(tally.tried < _TIMED for tally in tallies.values()):
            saved = Path(made, "r.json")
            options = (str(TARGET[4]), "--mda", "-n", "-o", str(saved), *draw.choice(ways))
            how = min(tallies, key=lambda how: tallies[how].tried)
            after_s = draw.uniform(0.1, 1.5)
            deadline = ("--deadline", str(after_s)) if how == "time-budget" else ()
            with subprocess.Popen(
                lab.at_source(*command_line(*options, *deadline)),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                due_unix_s = 0.0
                if not deadline:
                    time.sleep(0.3 + after_s)
                    due_unix_s = time.clock_gettime(time.CLOCK_REALTIME)
                    process.send_signal(draw.choice(_KINDS[1:]))
            if not saved.exists():
                continue  # the signal came before the measurement
            run = json.loads(saved.read_text())["run"]
            saved.unlink()
            if run["stopped"] != how:
                continue  # it had ended by itself
            if deadline:
                due_unix_s = run["started_at_unix_s"] + after_s
            seen_s = run["started_at_unix_s"] + run["duration_s"] - due_unix_s
            late_s[how].append(seen_s)
            fault = f"{how} after {seen_s:.3f} s: {options}"
            tallies[how].note(fault if seen_s > _HEARD_S[how] else None)
    said = {
        "interrupted": "a signal ends the measurement within 0.5 s",
        "time-budget": "the deadline ends it within 0.2 s",
    }
    return {
        f"{said[how]} (at most {max(late_s[how]):.3f} s were seen)": tally
        for how, tally in tallies.items()
    }


def _replies(lab: Lab) -> int:
    """How many ICMP messages the source has received."""
    shown = lab.run("cat", "/proc/net/snmp").stdout
    return int([line.split() for line in shown.splitlines() if line.startswith("Icmp: ")][1][1])


def _file_sizes() -> Tally:
    """Write outputs while no file may grow beyond each of many sizes."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as made:
        file, other = Path(made, "r.json"), Path(made, "r.pcapng")
        arguments = ("--sim", "two-way", "--mda", "--seed", "1", "-o", str(file), "-o", str(other))
        _limited(resource.RLIMIT_FSIZE, resource.RLIM_INFINITY, *arguments)
        whole = file.read_bytes(), other.read_bytes()
        sizes = [*range(300), *range(300, len(whole[0]) + 100, 97)]
        for size in sizes:
            file.write_text(_GOOD)
            other.write_text(_GOOD)
            exit_code, err = _limited(resource.RLIMIT_FSIZE, size, *arguments)
            allowed = [(_GOOD.encode(), own) for own in whole]
            is_whole = file.read_bytes() in allowed[0] and other.read_bytes() in allowed[1]
            is_said = (exit_code == 0) == (size >= max(map(len, whole)))
            is_clean = len(list(Path(made).iterdir())) == len(allowed)
            is_fine = is_whole and is_said and is_clean
            tally.note(None if is_fine else f"file size {size}: {exit_code} {err}")
    return tally


def _limited(what: int, most: int, *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of the command in a fork that has a limit."""
    reading, writing = os.pipe()  # no limit of files holds for it

    def work() -> int:
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        resource.setrlimit(what, (most, most))
        return guarded("paris-trace", trace_main, arguments)

    child = fork(work)
    os.close(writing)
    with os.fdopen(reading) as said:
        shown = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown


def _disks() -> Tally:
    """Trace with outputs on small disks: good files stay, and what was measured can be read."""
    tally = Tally()
    with tempfile.TemporaryDirectory() as made, netlab.lab(netlab.diamond(4)) as lab:
        disk, state = Path(made, "disk"), Path(made, "state")
        disk.mkdir()
        files = [disk / "r.json", disk / "r.svg", disk / "r.pcapng"]
        outputs = [part for file in files for part in ("-o", str(file))]
        command = command_line(str(TARGET[4]), "--mda", "-n", "--seed", "1", *outputs)
        for pages in range(4, 64):
            script = (
                f"mount -t tmpfs -o size={pages * 4}k tmpfs {disk}; "
                f"for f in {' '.join(map(str, files))}; do echo '</svg> }}' > $f; done; "
                f'"$@" > /dev/null; echo $?; tail -c 2 {files[0]}; tail -c 7 {files[1]}; '
                f"ls -A {disk} | wc -l"
            )
            environment = ("env", f"XDG_STATE_HOME={state}")
            ran = lab.run(*environment, "sh", "-c", script, "sh", *command)
            exit_code, *parts, count = ran.stdout.split("\n")[:-1]
            is_whole = parts[0] == "}" and parts[1] in ("</svg>", "svg> }")
            kept = list(state.rglob("*.pcapng"))
            is_kept = exit_code == "0" or bool(kept) or "r.pcapng" not in ran.stderr
            is_said = exit_code in ("0", "8") and "Traceback" not in ran.stderr
            is_fine = is_said and is_kept and is_whole and int(count) == len(files)
            tally.note(None if is_fine else f"{pages} pages: {exit_code} {parts} {ran.stderr}")
            for file in kept:
                file.unlink()
    return tally


def _limits(what: int, values: range) -> Tally:
    """Start the command under a limit: it ends with one line at most, and a documented code."""
    tally = Tally()
    for most in values:

        def limit(most: int = most) -> None:
            resource.setrlimit(what, (most, most))

        ran = subprocess.run(
            command_line("--sim", "two-way", "--mda", "-o", "/dev/null", "--format", "json"),
            capture_output=True, text=True, preexec_fn=limit, check=False,
        )  # fmt: skip
        began = "paris-trace: " in ran.stderr or ran.stdout
        if not began:
            continue  # the interpreter itself does not start
        is_fine = ran.returncode in _CODES - {ExitCode.BUG} and "Traceback" not in ran.stderr
        tally.note(None if is_fine else f"limit {most}: {ran.returncode} {ran.stderr[-300:]}")
    return tally


def _networks_that_go() -> Tally:
    """Take away a part of the network at a random moment of a trace."""
    tally, draw = Tally(), random.Random(1)
    ways = ("link set v0n down", "link del v0n", "route flush table main", "addr flush dev v0n")
    for way in [*ways] * 8:
        with netlab.lab(netlab.diamond(4)) as lab, tempfile.TemporaryDirectory() as made:
            saved = Path(made, "r.json")
            command = command_line(
                str(TARGET[4]), "--mda", "-n", "--rate", "200", "-w", "1", "-o", str(saved)
            )
            with subprocess.Popen(
                lab.at_source(*command), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True,
            ) as process:  # fmt: skip
                time.sleep(draw.uniform(0.2, 1.5))
                lab.run("ip", *way.split())
                _, err = process.communicate(timeout=120)
            is_fine = process.returncode in _CODES - {ExitCode.BUG} and "Traceback" not in err
            if saved.exists():
                replay.trace(str(saved), Reading())
            tally.note(None if is_fine else f"{way}: {process.returncode} {err}")
    return tally


def _clocks() -> Tally:
    """Trace under clocks that began at other times."""
    tally = Tally()
    with netlab.lab(netlab.diamond(4)) as lab:
        for offset_s in (-30, 10**6, 10**9 - 1):
            clock = ("unshare", "-T", "--fork", "--monotonic", str(offset_s))
            command = command_line(str(TARGET[4]), "--mda", "-n", "-j", "-c", "99.9", "--seed", "1")
            ran = lab.run(*clock, *command)
            found = Found(json.loads(ran.stdout or "{}"), ran.returncode, ran.stderr)
            is_fine = ran.returncode == 0 and not ran.stderr and found.truth == lab.truth(4)
            tally.note(None if is_fine else f"clock {offset_s}: {ran.returncode} {ran.stderr}")
    return tally


def _together() -> Tally:
    """Run 2, 5, 10, 20 and 50 traces at once, until so many have ended."""
    tally = Tally()
    with netlab.lab(netlab.diamond(4)) as lab:
        others = (
            ("traceroute", "-n", "-q", "10", str(TARGET[4])),
            ("scamper", "-c", "tracelb -P udp-sport -w 1", "-i", str(TARGET[4])),
        )
        while tally.tried < _TRACES:
            for number in (2, 5, 10, 20, 50):
                beside = [
                    subprocess.Popen(lab.at_source(*other), stdout=subprocess.DEVNULL)
                    for other in others
                ]
                options = (str(TARGET[4]), "--mda", "-c", "99.99", "-n", "-j", "--rate", "100")
                started = [start_at(lab.namespace("src"), *options) for _ in range(number)]
                for running in started:
                    ran = running.finish()
                    document = json.loads(ran.stdout) if ran.stdout else None
                    found = Found(document, ran.returncode, ran.stderr)
                    # A full receive queue is said, and what it dropped is sent again.
                    is_fine = document is not None and found.truth == lab.truth(4)
                    fault = f"{number} at once: {ran.returncode} {ran.stderr}"
                    tally.note(None if is_fine else fault)
                for process in beside:
                    process.wait()
    return tally


_PARTS: Final[dict[str, Callable[[], dict[str, Tally]]]] = {
    "signals": _signals,
    "stages": _stages,
    "bounds": _bounds,
    "files": lambda: {"a file may have so many bytes and no more": _file_sizes()},
    "disks": lambda: {"a disk of so many pages": _disks()},
    "limits": lambda: {
        "so many open files and no more": _limits(resource.RLIMIT_NOFILE, range(3, 33)),
        "so much memory and no more": _limits(
            resource.RLIMIT_AS, range(24 << 20, 224 << 20, 4 << 20)
        ),
    },
    "networks": lambda: {"the interface, its address or the routes go": _networks_that_go()},
    "clocks": lambda: {"another clock (time namespace)": _clocks()},
    "together": lambda: {
        "2 to 50 traces of a host at once, beside traceroute and scamper": _together()
    },
}

if __name__ == "__main__":
    main()
