"""How to take the path of a flow, for the outputs that say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from mda.plan import Plan
    from mda.studies.paths import Recipe


def recipes(plan: Plan) -> Callable[[int], Recipe]:
    """The function from a flow's number to the recipe for its path; it imports what it needs."""

    def of_flow(flow: int) -> Recipe:
        from paris.packets.recipes import recipe

        return recipe(plan, flow)

    return of_flow
