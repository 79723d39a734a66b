"""What a study is: a row that names its option, what it probes and what it finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeVar

from mda.loading import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mda.findings.known import Known
    from mda.procedure import History, Procedure
    from mda.studies.task import Task

Found_co = TypeVar("Found_co", covariant=True)


class Findings(Protocol):
    """What the text output asks of a study for which `render.words` has no words."""

    def lines(self) -> Sequence[str]:
        """A heading, then lines of any length."""


class Parameter(NamedTuple):
    """A whole number that a study takes, as the option `--NAME`.

    `about` follows "with --STUDY: " in the help. Without a `default` the parameter is absent where
    it is not given.
    """

    name: str
    metavar: str
    about: str
    lowest: int
    highest: int
    default: int | None = None


class Study(NamedTuple, Generic[Found_co]):
    """A question beyond the graph: one row of `mda.studies.registry.STUDIES`.

    `name` makes its option, `--NAME`, which takes an argument if `argument` names one; `about` is
    its line of help. `asks` and `finds` name functions as "module:function", which are imported
    when first used. `asks` takes a Task and a History, and returns the Procedure that follows the
    multipath one. `finds` takes a Known, and returns the findings: a frozen dataclass or a tuple of
    them. A study without `asks` sends no probe. With `always`, the findings are computed even if
    the study is not requested. `refuses` are the protocols that it cannot use. With
    `varies_addresses` its probes may leave the path of the flow; with `varies_length` they have
    several lengths. One that `follows_any` trace needs not every path.
    """

    name: str
    about: str
    argument: str = ""
    parameters: tuple[Parameter, ...] = ()
    asks: str = ""
    finds: str = ""
    always: bool = False
    refuses: frozenset[str] = frozenset()
    varies_addresses: bool = False
    varies_length: bool = False
    follows_any: bool = False

    def procedure(self, task: Task, history: History) -> Procedure:
        """The procedure that probes for this study, and continues from `history`."""
        asks: Callable[[Task, History], Procedure] = load(self.asks)
        return asks(task, history)

    def findings(self, known: Known) -> Found_co | None:
        """The study's findings; None if it found nothing."""
        finds: Callable[[Known], Found_co | None] = load(self.finds)
        return finds(known)
