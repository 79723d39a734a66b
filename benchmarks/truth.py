"""How many statements about random simulated networks are wrong, class by class.

    python -m benchmarks.truth [NETWORKS] [CLASS]

Prints a table in Markdown: for each class the networks, the wrong ones by rule with the interval of
their share (Clopper and Pearson, 99.9 %); and of the statements that state a chance of being wrong,
the wrong ones and the mean of that chance. Then every rule, and for each fault an example with the
topology file. CLASS selects classes by a part of their name. Exits with 1 if a fault is not in the
table of known ones (`tests/truth/known_faults.py`), if one of that table does not show, or if more
is wrong than was stated.
"""

from __future__ import annotations

import os
import sys
from concurrent.futures import ProcessPoolExecutor
from statistics import fmean

from tests.support.expect import interval
from tests.truth.classes import CLASSES
from tests.truth.judging import Fault, Tally, judge
from tests.truth.known_faults import KNOWN_FAULTS
from tests.truth.rules import RULES

_CONFIDENCE = 0.999
_BATCH = 25  # networks that a process does at a time
_HEAD = "| class | networks | wrong, by rule | wrong, with a stated chance |\n|---|---|---|---|"


def main() -> int:
    """Run and print."""
    networks = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    part = sys.argv[2] if len(sys.argv) > 2 else ""
    examples: dict[tuple[str, str], Fault] = {}
    complaints: list[str] = []
    total = 0
    print(_HEAD)
    with ProcessPoolExecutor(2, initializer=os.nice, initargs=(5,)) as pool:
        for name in (name for name in CLASSES if part in name):
            batches = [range(networks)[at : at + _BATCH] for at in range(0, networks, _BATCH)]
            tally = Tally()
            for done in pool.map(judge, [name] * len(batches), batches):
                tally.add(done)
            print(_row(name, tally), flush=True)
            complaints += _complaints(name, tally)
            examples |= {(name, fault.rule): fault for fault in reversed(tally.faults)}
            total += tally.networks
    print(f"\n{total} networks\n\n| rule | what breaks it |\n|---|---|")
    print("\n".join(f"| {rule.name} | {rule.about} |" for rule in RULES.values()))
    for fault in examples.values():
        print(f"\n```\n{fault.report()}\n```")
    print("\n".join(f"\n**{complaint}**" for complaint in complaints))
    return 1 if complaints else 0


def _row(name: str, tally: Tally) -> str:
    """A class's line of the table."""
    wrong = "; ".join(
        f"{rule} {share(count, tally.networks)}"
        for rule, count in sorted(tally.wrong_networks.items())
    )
    stated = "; ".join(
        f"{kind} {share(sum(is_wrong for _, is_wrong in known), len(known))} of {len(known)}, "
        f"stated {fmean(chance for chance, _ in known):.4f}"
        for kind, known in tally.stated.items()
        if known
    )
    return f"| {name} | {tally.networks} | {wrong or '0'} | {stated or '–'} |"


def share(count: int, networks: int) -> str:
    """A share with its interval."""
    low, high = interval(count, networks, _CONFIDENCE)
    return f"{count / networks:.4f} ({low:.4f} to {high:.4f})"


def _complaints(name: str, tally: Tally) -> list[str]:
    """What is not as the table of known faults says."""
    found = {*tally.wrong_networks, *filter(lambda kind: _is_excess(tally, kind), tally.stated)}
    listed = {rule for other, rule in KNOWN_FAULTS if other == name}
    return [
        *(f"{name}: {rule} is wrong, and is not a known fault" for rule in sorted(found - listed)),
        *(f"{name}: {rule} was never wrong: remove it from the known faults"
          for rule in sorted(listed - found)),
    ]  # fmt: skip


def _is_excess(tally: Tally, kind: str) -> bool:
    """Whether more statements of a kind are wrong than they state."""
    known = tally.stated[kind]
    if not known:
        return False
    wrong = sum(is_wrong for _, is_wrong in known)
    return interval(wrong, len(known), _CONFIDENCE)[0] > fmean(chance for chance, _ in known)


if __name__ == "__main__":
    sys.exit(main())
