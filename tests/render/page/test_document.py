"""Pages in a real browser: one of it for all tests, by mouse and keyboard as readers use them."""

from __future__ import annotations

import json
import os
import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

import pytest

import paris
from mda.comparison import compare
from mda.difference import difference
from mda.merging import merge
from mda.studies.paths import Recipe
from paris.formats.embedded import json_of
from paris.formats.look import Look
from paris.outputs import pages
from render.page import document, trace_tables
from render.page.document import Explored
from render.pictures.diagram import diagram
from render.words.routes import route_words
from render.words.stages import StageWords, stage_words
from tests.render.samples import HOSTILE, TRACES
from tests.support.browser import Browser, browser, is_there
from tests.support.traces import DESTINATION, assembled, outcomes
from tests.support.views import words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# The tests share a browser, so one worker runs them all.
pytestmark = pytest.mark.xdist_group("browser")
LOOK: Final = Look("html")
TRACE: Final = paris.trace(network="two-way", multipath=True, seed=1)
LIT: Final = "[...document.querySelectorAll('#pictures .picture:not([hidden]) .lit')]"
# The vertices and links, as numbers, of the elements that an expression lists.
OF: Final = "({}).map(own => own.dataset.of)"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not is_there() and os.environ.get("CI") != "true":
        pytest.skip("pages need chromium")  # in CI they fail without
    with browser(tmp_path_factory.mktemp("browser")) as running:
        yield running


@pytest.fixture
def page(shared: Browser) -> Iterator[Browser]:
    """A browser that shows the page of two branches; nothing goes wrong in it."""
    shared.prefer("light")
    shared.resize(1200, 900)
    shared.open(pages.trace(TRACE, LOOK))
    yield shared
    assert shared.faults == []


def box(number: int) -> str:
    return f"shown.boxOf.get({number})"


def facts(page: Browser) -> str:
    text: str = page.value("document.getElementById('facts').innerText")
    return text


def text_of(page: Browser, name: str) -> str:
    text: str = page.value(f"document.getElementById('{name}').textContent")
    return text


def seen(page: Browser, kind: str) -> list[str]:
    """The numbers of the boxes or lines of the picture that are visible."""
    found: list[str] = page.value(
        OF.format(
            f"[...shown.svg.querySelectorAll('g.{kind}')]"
            ".filter(own => getComputedStyle(own).visibility === 'visible')"
        )
    )
    return found


def test_a_page_asks_for_nothing_but_itself_and_its_policy_lets_only_its_script_run(
    page: Browser,
) -> None:
    (own,) = page.loaded
    assert own.startswith("file://")
    assert page.value("document.getElementById('tools').hidden") is False
    page.value("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"bad = 1\">')")
    page.value(
        "document.body.append(Object.assign(document.createElement('script'),"
        " {textContent: 'bad = 1'}))"
    )
    refused = page.value("fetch('http://127.0.0.1:9/').then(() => 'let in', () => 'refused')")
    assert (page.value("typeof bad"), refused) == ("undefined", "refused")
    assert page.loaded == [own]
    assert all("Content Security Policy" in fault for fault in page.faults)
    assert len(page.faults) >= 3
    page.faults.clear()


def test_the_policy_names_the_hashes_of_the_script_and_the_style() -> None:
    text = pages.trace(TRACE, LOOK).decode()
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, flags=re.DOTALL)
        digest = b64encode(sha256(content.encode()).digest()).decode()
        assert f"{tag}-src &#x27;sha256-{digest}&#x27;" in policy
    assert policy.startswith("default-src &#x27;none&#x27;; ")
    assert "unsafe" not in policy


def test_the_json_in_a_page_is_that_of_the_trace() -> None:
    held = json_of(pages.trace(TRACE, LOOK), "x.html")
    assert json.loads(held)["plan"]["network"] == "two-way"


def test_whoever_points_at_a_box_or_a_line_reads_all_that_is_known_of_it(page: Browser) -> None:
    for thing in page.value(OF.format("shown.boxes")):
        page.point(*page.middle(box(int(thing))))
        said = facts(page)
        tip = page.value(f"tipOf({box(int(thing))})").split("\n")
        assert all(line in said for line in tip), said
    page.point(*page.middle("shown.linesOf.get('2 3')[0]"))
    assert "of the flows of 198.51.100.1 go to 198.51.100.2" in facts(page)
    page.point(5, 5)
    assert facts(page).startswith("Point at a box or a line")


def test_a_path_lights_up_by_a_click_in_its_row_and_says_how_to_send_its_flows(
    page: Browser,
) -> None:
    first, second = TRACE.paths()
    for number, path, branch in ((0, first, "3"), (1, second, "4")):
        page.click(f"document.querySelector('button[data-path=\"{number}\"]')")
        lit = set(page.value(OF.format(LIT)))
        assert lit == {"0", "1", "2", branch, "5", "6", "7", "0 1", "1 2", f"2 {branch}",
                       f"{branch} 5", "5 6", "6 7"}  # fmt: skip
        said = facts(page)
        assert f"path {path['path']}" in said
        flow = path["flows"][0]
        assert f"paris-trace --sim two-way --sport {12201 + flow} -p 33434" in said
    page.click("[...document.querySelectorAll('.flows button')].at(-1)")
    assert f"--sport {12201 + second['flows'][-1]}" in facts(page)


def test_a_command_is_copied(page: Browser) -> None:
    page.click("document.querySelector('button[data-path=\"0\"]')")
    page.click("[...document.querySelectorAll('#facts button')].find(own =>"
               " own.textContent === 'Copy')")  # fmt: skip
    page.value("new Promise(done => setTimeout(done))")
    told = text_of(page, "status")
    command = page.value("document.querySelector('#facts code').textContent")
    assert command.startswith("paris-trace --sim two-way --sport ")
    if told.startswith("selected"):
        assert page.value("getSelection().toString()").strip() == command
    else:
        assert told == f"copied: {command}"


def test_a_click_on_a_branch_lights_up_its_paths_and_one_beside_it_clears(page: Browser) -> None:
    page.click(box(4))
    assert "2 4" in page.value(OF.format(LIT))
    assert "2 3" not in page.value(OF.format(LIT))
    assert "on paths" in facts(page)
    page.click(box(2))
    assert len(page.value(OF.format(LIT))) == 16
    page.click("shown.linesOf.get('2 3')[0]")
    assert "2 4" not in page.value(OF.format(LIT))
    x, y = page.value("(({left, bottom}) => [left + 9, bottom - 9])"
                      "(scroller.getBoundingClientRect())")  # fmt: skip
    page.point(x, y, "mousePressed", button="left", clickCount=1)
    page.point(x, y, "mouseReleased", button="left", clickCount=1)
    assert page.value(f"({LIT}).length") == 0


def test_everything_in_the_picture_works_by_keyboard(page: Browser) -> None:
    page.value("scroller.focus()")
    page.press("Tab")
    assert page.value("document.activeElement.dataset.of") == "0"
    met = []
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowRight", "ArrowLeft"):
        page.press(key)
        met.append(page.value("document.activeElement.dataset.of"))
    assert (met[:2], met[3], met[4]) == (["1", "2"], "4", "5")
    page.press("ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft", "ArrowLeft")
    assert page.value("document.activeElement.dataset.of") == "0"
    assert "source" in facts(page)
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "Enter")
    assert page.value(f"({LIT}).length") == 13
    page.press("Escape")
    assert page.value(f"({LIT}).length") == 0
    before = page.value("scale")
    page.press("+")
    assert page.value("scale") > before
    page.press("0")
    assert page.value("scale") == before
    page.press("/")
    assert page.value("document.activeElement.id") == "search"


def test_a_search_finds_addresses_notes_and_ports_and_enter_goes_on(page: Browser) -> None:
    page.value("document.getElementById('search').focus()")
    page.write("splits")
    assert text_of(page, "found") == "1 of 8 boxes, 0 flows: Enter goes on"
    assert page.value(OF.format("[...document.querySelectorAll('.found')]")) == ["2"]
    page.press("Enter")
    assert facts(page).startswith("198.51.100.1\n")
    page.press("Escape")
    assert page.value("document.querySelectorAll('.found').length") == 0
    flow = TRACE.paths()[1]["flows"][0]
    page.write(f"{12201 + flow} ->")
    page.press("Enter")
    assert text_of(page, "found") == "0 of 8 boxes, 1 flows: Enter goes on"
    assert facts(page).startswith("path 2\n")


def test_a_stack_unfolds_and_folds(page: Browser) -> None:
    page.open(pages.trace(TRACES["forty-eight-way"], LOOK))
    count = "shown.boxes.filter(own => own.checkVisibility()).length"
    assert page.value(count) == 6
    page.click(box(3))
    assert facts(page).startswith("48 interfaces")
    assert "198.51.100.58" in facts(page)
    page.click("[...document.querySelectorAll('#facts button')].find(own =>"
               " own.textContent.startsWith('Show each'))")  # fmt: skip
    assert page.value(count) == 53
    assert page.value(f"({LIT}).length") >= 48
    page.value("scroller.focus()")
    page.press("f")
    assert page.value(count) == 6
    page.click("document.getElementById('fold')")
    assert page.value(count) == 53


@pytest.mark.parametrize("name", ["two-way", "forty-eight-way", "per-packet"])
def test_the_replay_shows_what_was_known_at_each_stage(name: str, page: Browser) -> None:
    page.open(pages.trace(TRACES[name], LOOK))
    if name == "forty-eight-way":
        page.click("document.getElementById('fold')")
    stages = stage_words(TRACES[name])
    last = len(stages) - 1
    for place in (0, 1, last // 3, last, last // 2, 2, last):
        page.value(f"slider.value = {place}; slider.dispatchEvent(new Event('input')); undefined")
        assert text_of(page, "known") == stages[place].sentence
        assert len(seen(page, "vertex")) == len(stages[place].vertices)
        assert len(seen(page, "edge")) == len(stages[place].edges)


def test_the_replay_plays_from_the_start_or_where_it_is_and_to_its_end(page: Browser) -> None:
    page.click("document.getElementById('play')")
    assert text_of(page, "known").startswith("after 0 of ")
    page.click("document.getElementById('play')")
    assert (text_of(page, "play"), page.value("playing")) == ("Play", 0)
    page.value("goTo(data.stages.length - 3)")
    page.click("document.getElementById('play')")
    assert text_of(page, "play") == "Pause"
    page.value("new Promise(done => { const look = () => playing ? setTimeout(look, 20) : done();"
               " look() })")  # fmt: skip
    assert text_of(page, "known").startswith("after 65 of 65 probes: 8 of 8 vertices")
    assert text_of(page, "play") == "Play"


def test_tables_sort_by_number_and_by_address(page: Browser) -> None:
    page.open(pages.trace(TRACES["forty-eight-way"], LOOK))

    def column(name: str) -> list[str]:
        head = (
            f"[...document.querySelectorAll('th button')].find(own => own.innerText === '{name}')"
        )
        page.click(head)
        page.value("scrollTo(0, 0)")
        found: list[str] = page.value(
            f"(head => [...head.closest('table').tBodies[0].rows].map(row =>"
            f" row.cells[head.parentNode.cellIndex].textContent))({head})"
        )
        return found

    addresses = column("interface")
    assert addresses.index("198.51.100.11") < addresses.index("198.51.100.58")
    assert addresses[-1] == "203.0.113.9"
    assert column("interface") == addresses[::-1]
    assert column("hop")[:13:12] == ["1", "3.11"]
    times = [own for own in column("rtt ms") if own]
    assert times == sorted(times, key=float)
    sorts = page.value("[...document.querySelectorAll('th[aria-sort]')].map(own => own.innerText)")
    assert len(sorts) == 1


def test_the_picture_moves_and_grows_around_the_mouse(page: Browser) -> None:
    page.open(pages.trace(TRACES["forty-eight-way"], LOOK))
    page.click("document.getElementById('fold')")
    for _ in range(4):
        page.click("document.getElementById('in')")
    places = "[scroller.scrollLeft, scroller.scrollTop]"
    page.value("scroller.scrollTo(200, 200)")
    x, y = page.middle("scroller")
    page.point(x, y, "mousePressed", button="left", clickCount=1)
    for moved in (10, 40, 80):
        page.point(x - moved, y - moved / 2, button="left", buttons=1)
    page.point(x - 80, y - 40, "mouseReleased", button="left", clickCount=1)
    assert page.value(places) == [280, 240]
    assert page.value("chosen") is None
    under = f"document.elementFromPoint({x}, {y}).closest('g')?.dataset.of"
    was = page.value(under)
    scale = page.value("scale")
    page.point(x, y, "mouseWheel", deltaX=0, deltaY=-60, modifiers=2)
    assert page.value(f"new Promise(done => requestAnimationFrame(() => done({under})))") == was
    assert page.value("scale") > scale


# The contrast of every text with what is behind it, by WCAG 2.1; the least one of them.
CONTRASTS: Final = """
(() => {
  const channel = (own) => (own /= 255) <= 0.04045 ? own / 12.92 : ((own + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const color = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (own) => {
    for (; own; own = own.parentElement) {
      const [r, g, b, a = 1] = color(getComputedStyle(own).backgroundColor);
      if (a > 0) return [r, g, b];
    }
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const own = walker.currentNode.parentElement;
    if (own.closest("svg, script, style") || !own.checkVisibility()) continue;
    if (!walker.currentNode.data.trim()) continue;
    const [a, b] = [color(getComputedStyle(own).color), behind(own)].map(luminance);
    found.push((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return [found.length, Math.min(...found)];
})()
"""


@pytest.mark.parametrize("wish", ["light", "dark"])
def test_every_text_beside_the_picture_is_readable(wish: str, page: Browser) -> None:
    for chooses in (False, True):
        page.prefer({"light": "dark", "dark": "light"}[wish] if chooses else wish)
        if chooses:
            page.value(f"document.getElementById('colours').value = '{wish}';"
                       "document.getElementById('colours').dispatchEvent(new Event('change'));"
                       " undefined")  # fmt: skip
        count, least = page.value(CONTRASTS)
        assert count > 50
        assert least >= 4.5
        page_color = page.value("getComputedStyle(document.body).backgroundColor")
        paper = page.value("getComputedStyle(shown.svg.querySelector('path')).fill")
        assert (
            page_color == paper == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 28)"}[wish]
        )


def test_every_control_has_a_name_and_every_id_is_there_once(page: Browser) -> None:
    unnamed = page.value(
        "[...document.querySelectorAll('button, input, select')].filter(own =>"
        " !(own.ariaLabel || own.textContent.trim() || own.labels?.length)).length"
    )
    assert unnamed == 0
    ids = page.value("[...document.querySelectorAll('[id]')].map(own => own.id)")
    assert len(ids) == len(set(ids))


def test_names_of_others_are_text_and_nothing_else(page: Browser) -> None:
    controls = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0), 0x200B, 0xFEFF)))
    marks = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    names = {
        DESTINATION: "</script><script>bad = 1</script>",
        "192.0.2.254": f"<img src=x onerror='bad = 1'>{controls}",
        "198.51.100.1": f'"><!--script-->&#x22;{marks}',
        "198.51.100.2": ".".join(["<b>" * 21] * 4)[:255],
    }
    trace = TRACES["marks"]
    known = dict.fromkeys(trace.names, HOSTILE)
    known |= {ip_address(address): name for address, name in names.items()}
    hostile = trace.replace(names=known)
    page.open(pages.trace(hostile, LOOK))
    for number in range(len(trace.dag)):
        page.click(box(number))
    page.value("document.getElementById('search').focus()")
    page.write("script")
    page.press("Enter")
    assert "</script><script>bad = 1</script>" in facts(page)
    assert_is_text_alone(page)
    for content in (
        pages.comparison(compare([("one", hostile), ("two", hostile)]), LOOK),
        pages.difference(difference(hostile, hostile), LOOK),
    ):
        page.open(content)
        for number in range(len(trace.dag)):
            page.click(box(number))
        assert_is_text_alone(page)


def assert_is_text_alone(page: Browser) -> None:
    """That nothing in a page comes from names but printable text."""
    assert page.value("typeof bad") == "undefined"
    assert page.value("document.querySelectorAll('img, b').length") == 0
    assert page.value("document.querySelectorAll('script').length") == 2
    text = page.value("document.documentElement.textContent + document.body.innerText")
    assert "script" in text
    assert all(line.strip().isprintable() for line in re.split("[\t\n]", text))
    assert len(page.loaded) == 1


@pytest.mark.parametrize(
    "name", ["path", "silent", "networks", "ipv6", "interrupted", "nothing", "all-silent"]
)
def test_a_page_starts_whatever_is_in_it(name: str, page: Browser) -> None:
    page.open(pages.trace(TRACES[name], LOOK))
    assert page.value("document.getElementById('tools').hidden") is False
    assert page.value("whole.boxes.length") == len(TRACES[name].dag)
    if TRACES[name].outcomes:
        page.click(box(0))
        assert facts(page)


def test_comparisons_differences_and_merged_graphs_have_pages(page: Browser) -> None:
    both = [(name, TRACES[name]) for name in ("two-way", "marks")]
    changed = difference(TRACES["two-way"], TRACES["four-way"])
    merged = merge(trace for _, trace in both)
    for content, tables in (
        (pages.comparison(compare(both), LOOK), ["Hops", "Balancers"]),
        (pages.difference(changed, LOOK), []),
        (pages.merged(merged, LOOK), ["Sources", "Destinations", "Vertices"]),
    ):
        page.open(content)
        page.click(box(2))
        assert facts(page).startswith("198.51.100.1\n")
        found = page.value("[...document.querySelectorAll('caption')].map(own => own.textContent)")
        assert found == tables
        assert page.value("document.getElementById('replay').hidden") is ("Hops" not in tables)
        json.loads(json_of(content, "x.html"))


def test_the_replay_of_a_comparison_shows_what_all_protocols_had_shown(page: Browser) -> None:
    page.open(pages.comparison(compare([(own, TRACES[own]) for own in ("two-way", "path")]), LOOK))
    assert page.value("whole.boxes.length") == len(seen(page, "vertex"))
    page.value("goTo(0)")
    assert text_of(page, "known").startswith("after 0 of ")
    assert seen(page, "vertex") == ["0"]


def test_a_page_works_in_a_frame_as_in_a_notebook(page: Browser) -> None:
    page.open(f'<iframe srcdoc="{escape(TRACE.page())}" width="900" height="700"></iframe>')
    page.value("document.querySelector('iframe').contentDocument"
               ".querySelector('button[data-path=\"0\"]').click()")  # fmt: skip
    lit = "document.querySelector('iframe').contentDocument.querySelectorAll('g.lit').length"
    assert page.value(lit) == 13


def large() -> bytes:
    """A page of 2,003 vertices, 25 hops 80 wide. At the first stage every other one is known."""
    hops = [[f"10.{hop}.0.{n + 1}" for n in range(80)] for hop in range(25)]
    paths = {
        flow: ["192.0.2.254", *(hop[flow * (2 * (n % 2) + 1) % 80] for n, hop in enumerate(hops)),
               DESTINATION]
        for flow in range(80)
    }  # fmt: skip
    trace = assembled(outcomes(paths))
    words = words_of(trace)
    vertices = [vertex.key for hop in words.hops for vertex in hop.vertices]
    edges = frozenset((edge.near, edge.far) for edge in words.edges)
    stages = (StageWords("half", frozenset(vertices[::2]), frozenset()),
              StageWords("all", frozenset(vertices), edges))  # fmt: skip
    routes = route_words(trace, lambda _: Recipe("", ()))
    explored = Explored(
        (trace_tables.hops(words.hops), trace_tables.paths(routes, words.hops)), routes, stages
    )
    drawn = diagram(words)
    return document.page(drawn, drawn, "{}", explored)


# Runs an expression and gives the number of elements that it changed.
CHANGED: Final = """
(async () => {
  const seen = new MutationObserver(() => {});
  seen.observe(document.body, {subtree: true, childList: true, attributes: true});
  EXPRESSION;
  return seen.takeRecords().filter((own) => !own.target.closest("#facts, #known")).length;
})()
"""


def test_in_a_picture_of_2000_vertices_each_act_touches_only_what_it_changes(
    page: Browser,
) -> None:
    page.open(large())
    assert page.value("whole.boxes.length") == 2003

    def changed(expression: str) -> Any:
        return page.value(CHANGED.replace("EXPRESSION", expression))

    assert changed("zoom(1.25)") <= 4
    assert changed("scroller.scrollTo(300, 300)") == 0
    drawn = 27 + 1 + 27  # the vertices and links of a path
    assert changed("choosePath(0)") <= drawn + 3
    assert changed("choosePath(1)") <= 2 * drawn + 4
    assert changed("clear()") <= drawn + 4
    assert changed("goTo(0)") == 1001 + 1 + page.value("data.links.length")
    assert changed("enter(shown.boxOf.get(900))") <= 8


def test_a_fact_moves_nothing_and_a_click_in_a_table_brings_the_picture_into_sight(
    page: Browser,
) -> None:
    height = page.value("document.body.scrollHeight")
    page.click(box(2))
    assert page.value("document.body.scrollHeight") == height
    page.resize(1200, 500)
    page.click("document.querySelector('button[data-path=\"1\"]')")
    top, foot = page.value("(({top, bottom}) => [top, bottom])(scroller.getBoundingClientRect())")
    assert 0 <= top < foot <= 500
    assert text_of(page, "status") == "lit up: path 2"
