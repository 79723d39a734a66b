"""The command `paris-survey`: traces many destinations at once, into one folder."""

from __future__ import annotations

import sys
from pathlib import Path
from random import SystemRandom
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from paris.cli.exits import complain, ended
from paris.errors import ExitCode, ResolveError, SettingsError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from mda.model import IPAddress, Outcome
    from mda.trace import Trace
    from paris.settings import Settings
    from paris.survey.folder import Folder
    from paris.survey.survey import Manner
    from paris.survey.targets import Targets

_PROGRAM: Final = "paris-survey"
_WINDOW: Final = 200
_PER_ROUTER_PPS: Final = 20.0
_SHARE_AFTER: Final = 100
_SHOWN_EVERY_S: Final = 0.5
_OTHERS: Final = ("compare", "watch", "count", "until", "ports", "link")  # for one destination


class _Asked(NamedTuple):
    """What is asked for: the measurement of each target, and how many at a time.

    No router is asked more than `per_router_pps` times per second, if that is given. `share_after`:
    see Manner.
    """

    given: argparse.Namespace
    settings: Settings
    window: int
    per_router_pps: float | None
    share_after: int

    def manner(self, seed: int) -> Manner:
        """How targets are traced."""
        from paris.survey.survey import Manner

        return Manner(seed, self.window, self.per_router_pps, self.share_after)


def entry() -> None:
    """The console script."""
    ended(_PROGRAM, main)


def main(arguments: Sequence[str]) -> int:
    """Survey what `arguments` name. Returns the exit code."""
    if arguments[:1] == ["report"]:
        from paris.cli.report import report

        return report(arguments[1:])
    from paris.cli import privileges
    from paris.survey.folder import Folder

    asked = _asked(arguments)
    stays = privileges.become_caller() if asked.settings.target.network is None else None
    folder = Folder(Path(asked.given.output))
    if asked.given.resume:
        if asked.given.targets:
            raise SettingsError("--resume goes on with the targets of the survey; name no other")
        about = folder.resume()
        moved = asked.given.scheduler
        again = [] if moved is None else ["--scheduler", moved]
        asked = _asked([*about["arguments"], "-o", asked.given.output, *again])
    else:
        if asked.given.scheduler is not None:
            from paris.cli.scheduled import check

            check(asked.given.scheduler)
        about = _about(asked, arguments)
        folder.create(about)
    if stays is not None and asked.settings.target.network is None:
        complain(_PROGRAM, stays)
    if asked.given.scheduler is not None:
        return _schedule(asked, about, folder)
    return _run(asked, about, folder)


def _schedule(asked: _Asked, about: dict[str, Any], folder: Folder) -> int:
    """Have workers trace all targets that are not finished."""
    from paris.cli.scheduled import scheduled

    folder.close()
    if folder.finished:
        raise SettingsError("this survey was begun without --scheduler: leave that out")
    given, path = asked.given, Path(asked.given.output).absolute()
    shown = _is_shown(given)
    return scheduled(
        given.scheduler, path, about, asked.settings, asked.manner(about["seed"]), is_shown=shown
    )


def _asked(arguments: Sequence[str]) -> _Asked:
    """The options. Raises SettingsError; `--help` and `--version` exit."""
    from paris.cli import requests
    from paris.cli.parser import survey_parser
    from paris.cli.services import settled

    given = survey_parser().parsed(arguments)
    for name in _OTHERS:
        if getattr(given, name):
            raise SettingsError(f"--{name} is for one destination: it has no meaning in a survey")
    if given.sendwait is not None and given.rate is not None:
        raise SettingsError("-z/--sendwait and --rate mean the same; give only one")
    window = _WINDOW if given.window is None else given.window
    if window < 1:
        raise SettingsError(f"--window must be 1 or more, not {window}")
    per_router_pps = _PER_ROUTER_PPS if given.per_router is None else given.per_router
    if not 0 <= per_router_pps < float("inf"):
        raise SettingsError(f"--per-router must be 0 (any rate) or more, not {per_router_pps:g}")
    if given.per_prefix is not None and not 1 <= given.per_prefix <= 128:
        raise SettingsError(f"--per-prefix must be from 1 to 128, not {given.per_prefix}")
    if given.contact is not None:
        if given.payload is not None:
            raise SettingsError("--contact and --payload both say what probes say; give only one")
        if given.protocol not in (None, "udp"):
            raise SettingsError("--contact is what UDP probes say; leave it out, or -I or -T")
        from paris.cli.arguments import payload

        given.payload = payload(f"hex:{given.contact.encode().hex()}")
    given.host = None if given.sim is not None else "192.0.2.1"  # each target takes this place
    share_after = _SHARE_AFTER if given.share_after is None else given.share_after
    if share_after < 0:
        raise SettingsError(f"--share-after must be 0 (never) or more, not {share_after}")
    settings = requests.settings(settled(given))
    return _Asked(given, settings, window, per_router_pps or None, share_after)


def _about(asked: _Asked, arguments: Sequence[str]) -> dict[str, Any]:
    """What the folder keeps to resume the survey: its options, and its targets as read now."""
    from paris.lookup import addresses
    from paris.outputs.files import is_file
    from paris.survey.targets import block, prefix, words

    given = asked.given
    if not given.targets:
        raise SettingsError("name a TARGET: a name, an address, a prefix, or a file of these")

    def resolve(name: str) -> IPAddress:
        if given.sim is not None:
            raise SettingsError(f"{name!r}: on a simulated network, targets are addresses")
        try:
            return addresses.destination(name, given.ip_version).address
        except ResolveError as error:
            raise ResolveError(f"{error}; leave it out, or correct it") from None

    blocks = [block(word, given.per_prefix, resolve) for word in words(given.targets, is_file)]
    excluded = [] if given.exclude is None else words([given.exclude], lambda _: True)
    seed = SystemRandom().getrandbits(32) if given.seed is None else given.seed
    return {
        "arguments": _without_output(arguments, given),
        "seed": seed,
        "blocks": [list(own) for own in blocks],
        "excluded": [str(prefix(word)) for word in excluded],
    }


def _without_output(arguments: Sequence[str], given: argparse.Namespace) -> list[str]:
    """The options alone: neither the folder nor the targets, which are kept as they are read."""
    from paris.cli.parser import survey_parser

    parser, kept = survey_parser(), []
    for action in parser._actions:
        value = getattr(given, action.dest, None)
        own = parser.get_default(action.dest)
        if not action.option_strings or action.dest in ("output", "resume") or value == own:
            continue
        kept.append(action)
    words = parser.joined(arguments)
    flags = {flag for action in kept for flag in action.option_strings}
    found, take = [], 0
    valued = {flag for action in kept if action.nargs != 0 for flag in action.option_strings}
    for word in words:
        if take:
            found.append(word)
            take -= 1
        elif word.partition("=")[0] in flags:
            found.append(word)
            take = int(word in valued)
    return found


def _run(asked: _Asked, about: dict[str, Any], folder: Folder) -> int:
    """Trace all targets that are not finished."""
    from ipaddress import ip_network

    from paris.cli import privileges, signals
    from paris.survey.survey import SurveyHooks, survey
    from paris.survey.targets import Block, Targets

    targets = Targets(
        [Block(*own) for own in about["blocks"]], map(ip_network, about["excluded"]), about["seed"]
    )
    progress = _Progress(targets.count, len(folder.finished), is_shown=_is_shown(asked.given))

    def finished(address: IPAddress, trace: Trace) -> None:
        folder.add(address, trace)
        progress.finished += 1
        progress.show()

    def failed(address: IPAddress, reason: str) -> None:
        folder.add_failure(address, reason)
        progress.failed += 1

    def before_parsing() -> None:
        if asked.settings.target.network is None:
            privileges.give_up()

    with signals.taken_over(None) as stop:
        try:
            hooks = SurveyHooks(finished, failed, progress.observe, before_parsing, stop)
            manner = asked.manner(about["seed"])
            is_whole = survey(asked.settings, _left(targets, folder), manner, hooks)
        finally:
            stop.end()
            folder.close()
            progress.clear()
    complain(_PROGRAM, progress.account(asked.given.output))
    if not is_whole:
        complain(_PROGRAM, f"interrupted: paris-survey --resume -o {asked.given.output} goes on")
        return ExitCode.INTERRUPTED
    return ExitCode.NOT_REACHED if progress.failed else ExitCode.REACHED


def _left(targets: Targets, folder: Folder) -> Iterator[IPAddress]:
    """The targets that are neither finished nor under way; none comes twice."""
    begun: set[IPAddress] = set()
    for address in targets:
        if address in folder.finished:
            begun.discard(address)
        elif address not in begun:
            begun.add(address)
            if len(begun) > 2 * _WINDOW:
                begun -= folder.finished
            yield address


def _is_shown(given: argparse.Namespace) -> bool:
    return not given.no_progress and sys.stderr is not None and sys.stderr.isatty()


class _Progress:
    """One line on the terminal: what is done, how fast, and when it ends."""

    def __init__(self, count: int, before: int, *, is_shown: bool) -> None:
        self.finished = self.failed = 0
        self._count = count
        self._before = before
        self._probes = 0
        self._began_s = monotonic()
        self._shown_at_s = float("-inf")
        self._is_shown = is_shown

    def observe(self, _: Outcome) -> None:
        """Count the outcome of a probe."""
        self._probes += 1
        self.show()

    def show(self) -> None:
        """Write the line anew, not more often than it can be read."""
        now_s = monotonic()
        if not self._is_shown or now_s < self._shown_at_s + _SHOWN_EVERY_S:
            return
        self._shown_at_s = now_s
        done, elapsed_s = self.finished + self.failed, now_s - self._began_s
        left = max(0, self._count - self._before - done)
        ends = f", {_duration(left * elapsed_s / done)} left" if done else ""
        sys.stderr.write(
            f"\r\x1b[K{self._before + done} of {self._count} destinations, "
            f"{self._probes / max(elapsed_s, 1e-3):.0f} probes/s{ends}"
        )
        sys.stderr.flush()

    def clear(self) -> None:
        """Empty the line."""
        if self._is_shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def account(self, folder: str) -> str:
        """What was done, in a sentence."""
        failed = f", {self.failed} without a trace" if self.failed else ""
        earlier = f", {self._before} finished before" if self._before else ""
        return f"{self.finished} destinations traced into {folder}{failed}{earlier}"


def _duration(seconds: float) -> str:
    """A duration as hours, minutes and seconds.

    >>> _duration(3723.4)
    '1:02:03'
    """
    minutes, left = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{left:02}"
