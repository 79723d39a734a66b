"""In how many of N runs `--stats` is right about losses and delays, over kernel routers.

    python -m benchmarks.troubles [RUNS [WORD...]]

Needs root. Works in network namespaces. Each network of `tests.lab.troubles` is traced RUNS times
(20 unless given) by raw and by ordinary sockets, in IPv4 and IPv6 side by side, and four networks
at a time: 3,000 rounds of one take 100 s, and 300 s where every one of four paths passes a limited
router. A run is right if all that is wrong there is said, with its place and its figure, and
nothing else. With WORDs, only networks whose names have one of them run. Prints a row of a Markdown
table for each, and what was wrong. Exits with 1 if anything was.
"""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Final

from tests.lab.command import traces
from tests.lab.troubles import CLEAN, TROUBLES, Trouble, faults, troubled

_VERSIONS: Final = (4, 6)
_WIRES: Final = {"raw": True, "ordinary": False}  # whether they need a privilege
_AT_A_TIME: Final = 4  # networks
_LONGEST_S: Final = 1800.0  # on a busy machine


def main() -> int:
    """Run and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    words = sys.argv[2:]
    wrong = False
    columns = [f"IPv{version}, {wire} sockets" for wire, version in product(_WIRES, _VERSIONS)]
    print(f"| trouble | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}", flush=True)
    with ProcessPoolExecutor(_AT_A_TIME) as pool:
        for trouble in (*TROUBLES, *CLEAN):
            if words and not any(word in trouble.name for word in words):
                continue
            right = dict.fromkeys(columns, 0)
            lines = []
            started = [
                pool.submit(_faults, trouble, wire, number)
                for wire, number in product(_WIRES, range(runs))
            ]
            for run in started:
                for column, own in run.result().items():
                    right[column] += not own
                    lines += [f"{column}: {'; '.join(own)}"] if own else []
            counts = (f"{own} of {runs}" for own in right.values())
            print("\n".join((f"| {trouble.name} | {' | '.join(counts)} |", *lines)), flush=True)
            wrong |= bool(lines)
    return int(wrong)


def _faults(trouble: Trouble, wire: str, number: int) -> dict[str, list[str]]:
    """What a run says wrongly, by column."""
    with troubled(trouble) as lab:
        ran = traces(
            lab, _VERSIONS, "--mda", "-c", "99.99", "--stats", "--rounds", str(trouble.rounds),
            "--seed", str(number), privileged=_WIRES[wire], longest_s=_LONGEST_S,
        )  # fmt: skip
        return {
            f"IPv{version}, {wire} sockets": faults(trouble, lab, version, own.document)
            if own.document
            else [f"exit code {own.exit_code}: {own.stderr}"]
            for version, own in ran.items()
        }


if __name__ == "__main__":
    sys.exit(main())
