"""In how many of N runs `--stats` is right about losses and delays, over kernel routers.

    python -m benchmarks.troubles [RUNS [WORD...]]

Needs root. Works in network namespaces. Each network of `tests.lab.troubles` is traced RUNS times
(20 unless given) in IPv4 and IPv6, side by side. A run is right if all that is wrong there is said,
with its place and its figure, and nothing else. With WORDs, only networks whose names have one of
them run. Prints a row of a Markdown table for each, and what was wrong. Exits with 1 if anything
was.
"""

from __future__ import annotations

import sys

from tests.lab.command import traces
from tests.lab.troubles import CLEAN, TROUBLES, Trouble, faults, troubled

_VERSIONS = (4, 6)
_LONGEST_S = 3600.0  # 3,000 rounds take minutes, on a busy machine longer


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    words = sys.argv[2:]
    wrong = False
    for trouble in (*TROUBLES, *CLEAN):
        if words and not any(word in trouble.name for word in words):
            continue
        found = _faults(trouble, runs)
        right = [sum(not own for own in found[version]) for version in _VERSIONS]
        print(f"| {trouble.name} | {' | '.join(f'{own} of {runs}' for own in right)} |", flush=True)
        for version in _VERSIONS:
            for number, own in enumerate(found[version]):
                if own:
                    wrong = True
                    print(f"IPv{version}, run {number}: {'; '.join(own)}", flush=True)
    return int(wrong)


def _faults(trouble: Trouble, runs: int) -> dict[int, list[list[str]]]:
    """What each run says wrongly, by IP version."""
    found: dict[int, list[list[str]]] = {version: [] for version in _VERSIONS}
    for number in range(runs):
        with troubled(trouble) as lab:
            ran = traces(
                lab, _VERSIONS, "--mda", "-c", "99.99", "--stats", "--rounds", str(trouble.rounds),
                "--seed", str(number), longest_s=_LONGEST_S,
            )  # fmt: skip
            for version, own in ran.items():
                ended = [] if own.document else [f"exit code {own.exit_code}: {own.stderr}"]
                found[version].append(ended or faults(trouble, lab, version, own.document))
    return found


if __name__ == "__main__":
    sys.exit(main())
