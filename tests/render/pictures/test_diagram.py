from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mda.answers.graph import flows_of_edge
from render.words.vertices import Kind
from tests.render.samples import TRACES
from tests.support.traces import DESTINATION, assembled, outcomes
from tests.support.views import diagram_of

if TYPE_CHECKING:
    from render.pictures.diagram import Diagram


def drawn(name: str) -> Diagram:
    return diagram_of(TRACES[name])


@pytest.mark.parametrize("name", TRACES)
def test_every_vertex_is_one_box_and_every_edge_one_line(name: str) -> None:
    picture, graph = drawn(name), TRACES[name].graph
    keys = [box.key for column in picture.columns for box in column.boxes]
    assert len(set(keys)) == len(keys) == graph.number_of_nodes()
    ends = {(line.near, line.far) for line in picture.lines}
    assert len(ends) == len(picture.lines) == graph.number_of_edges()
    assert {key for pair in ends for key in pair} <= set(keys)


def test_the_width_of_a_line_shows_its_share_of_the_flows() -> None:
    width = {(line.near, line.far): line.width for line in drawn("four-way").lines}
    trunk = width["1 192.0.2.254", "2 198.51.100.1"]
    branch = width["2 198.51.100.1", "3 198.51.100.11"]
    # A line is never thinner than 0.8 points; what it has above that is its share.
    assert (branch - 0.8) / (trunk - 0.8) == pytest.approx(1 / 4, abs=0.01)


def test_the_tip_of_a_line_lists_the_flows_that_prove_its_edge() -> None:
    trace = TRACES["two-way"]
    flows = {line.tip.split("seen: ")[1].split(" and ")[0] for line in drawn("two-way").lines}
    proofs = {flows_of_edge(trace.graph, *edge)[:12] for edge in trace.graph.edges}
    assert flows == {" ".join(map(str, proof)) for proof in proofs}


def test_the_group_of_a_diamond_has_the_boxes_between_its_ends() -> None:
    (group,) = drawn("four-way").groups
    assert group.label == "width 4, length 2"
    assert group.boxes == tuple(f"3 198.51.100.{n}" for n in range(11, 15))


def test_a_box_that_two_diamonds_share_is_in_the_group_of_the_nearer_one() -> None:
    """A router met at hops 4 and 6 ends the outer diamond, and begins an inner one."""
    near, far = ["198.51.100.11", "198.51.100.2"], ["198.51.100.12", "198.51.100.15"]
    middle = ["198.51.100.13", "198.51.100.14"]
    ways = [[*near, middle[0]], [*near, middle[1]], [*far, "198.51.100.16"]]
    path = ["192.0.2.254", "198.51.100.1"]
    paths = {flow: [*path, *ways[flow % 3], "198.51.100.2", DESTINATION] for flow in range(36)}
    trace = assembled(outcomes(paths))
    inside = [{str(vertex.address) for hop in diamond.hops for vertex in hop}
              for diamond in trace.diamonds]  # fmt: skip
    assert inside[0] > inside[1] == set(middle)
    outer, inner = diagram_of(trace).groups
    assert inner.boxes == tuple(f"5 {address}" for address in middle)
    assert not set(outer.boxes) & set(inner.boxes)


def test_every_box_has_its_kind() -> None:
    kinds = {box.key: box.kind for column in drawn("marks").columns for box in column.boxes}
    assert kinds["0 192.0.2.1"] is Kind.SOURCE
    assert kinds["1 192.0.2.254"] is Kind.ROUTER
    assert kinds["2 198.51.100.1"] is Kind.BALANCER
    assert kinds["3 198.51.100.12"] is Kind.REFUSING
    assert kinds["5 203.0.113.9"] is Kind.DESTINATION


def test_only_lines_to_or_from_a_star_are_dashed() -> None:
    dashed = {(line.near, line.far) for line in drawn("silent").lines if line.is_dashed}
    assert all("*" in near + far for near, far in dashed)
    assert len(dashed) == 5


def test_boxes_of_wide_hops_are_compact() -> None:
    by_width = {len(column.boxes): column.boxes for column in drawn("forty-eight-way").columns}
    assert all(box.is_compact for box in by_width[48])
    assert not any(box.is_compact for box in by_width[1])


def test_the_tip_of_a_vertex_states_the_chance_of_an_unseen_branch() -> None:
    tips = {box.key: box.tip for column in drawn("two-way").columns for box in column.boxes}
    assert (
        "one more even branch would have stayed unseen with probability 0.8 %"
        in (
            tips["3 198.51.100.11"]  # 2^-7
        )
    )
    assert "16 flows, 100 % of all" in tips["1 192.0.2.254"]


def test_a_column_names_the_networks_of_its_hop_and_the_legend_what_bands_are() -> None:
    picture = drawn("networks")
    assert [column.network.partition(" Ex")[0] for column in picture.columns[:3]] == [
        "", "private", "AS64500",
    ]  # fmt: skip
    assert picture.columns[4].network == picture.columns[5].network == "AS64502"
    assert "bands: the network that numbered the interfaces" in picture.legends
    assert not any("bands" in legend for legend in drawn("two-way").legends)
