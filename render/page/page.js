"use strict";

// What a page does. The picture, the tables and all words are in the page already; this script
// finds them by numbers: a vertex has one, `data-of` names the vertices that an element stands for,
// and #data has the links and the paths in these numbers. Text gets into the page as text alone.

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const scroller = byId("pictures");

// ---------------------------------------------------------------- pictures

// A picture, whole or folded: its boxes and lines, and which of them stands for what.
class Picture {
  constructor(frame) {
    this.frame = frame;
    this.svg = frame.querySelector("svg");
    const { width, height } = this.svg;
    this.size = { width: width.baseVal.value, height: height.baseVal.value }; // CSS pixels
    this.boxes = [...this.svg.querySelectorAll("g.vertex")];
    this.boxOf = new Map(); // by vertex; a stack has several
    for (const box of this.boxes) for (const vertex of numbersOf(box)) this.boxOf.set(vertex, box);
    this.linesOf = new Map(); // by both ends: the line and its mark
    for (const line of this.svg.querySelectorAll("g.edge, g.mark")) {
      const ends = line.dataset.of;
      this.linesOf.set(ends, [...(this.linesOf.get(ends) ?? []), line]);
    }
  }

  // The line of a link and its mark, none where both ends are in one box.
  lines([near, far]) {
    const ends = [near, far].map((vertex) => numbersOf(this.boxOf.get(vertex))[0]);
    return this.linesOf.get(ends.join(" ")) ?? [];
  }
}

function numbersOf(element) {
  return element.dataset.of.split(" ").map(Number);
}

const whole = new Picture(byId("whole"));
const folded = byId("folded") && new Picture(byId("folded"));
const pictures = [whole, folded].filter(Boolean);
let shown = folded ?? whole;

function fold(isFolded) {
  shown = isFolded ? folded : whole;
  for (const picture of pictures) picture.frame.hidden = picture !== shown;
  byId("fold").setAttribute("aria-pressed", String(isFolded));
  setScale(scale);
  enter(shown.boxOf.get(current));
}

// ---------------------------------------------------------------- size and place

const SCALES = { least: 0.05, most: 8, step: 1.25, first: 0.4 };
const SETTLED_MS = 200;
let scale = 1;
let settling = 0;

function setScale(wanted) {
  scale = Math.min(SCALES.most, Math.max(SCALES.least, wanted));
  const { frame, svg, size } = shown;
  frame.style.width = `${size.width * scale}px`;
  frame.style.height = `${size.height * scale}px`;
  svg.style.transform = `scale(${scale})`;
  // While it changes, the browser stretches what it has drawn; then it draws all of it anew.
  frame.classList.add("grows");
  clearTimeout(settling);
  settling = setTimeout(() => frame.classList.remove("grows"), SETTLED_MS);
}

// What is at a place of the window, by default amid the picture, stays there.
function zoom(factor, x, y) {
  const frame = scroller.getBoundingClientRect();
  const right = x === undefined ? frame.width / 2 : x - frame.left;
  const down = y === undefined ? frame.height / 2 : y - frame.top;
  const before = scale;
  const { scrollLeft, scrollTop } = scroller;
  setScale(scale * factor);
  scroller.scrollLeft = ((scrollLeft + right) * scale) / before - right;
  scroller.scrollTop = ((scrollTop + down) * scale) / before - down;
}

function fit(least = SCALES.least) {
  const { width, height } = shown.size;
  const most = parseFloat(getComputedStyle(scroller).maxHeight); // it is as high as what is in it
  const room = Math.min((scroller.clientWidth - 2) / width, (most - 4) / height);
  setScale(Math.max(least, Math.min(1, room)));
}

function reveal(element) {
  element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

// ---------------------------------------------------------------- what is marked

// Classes by name, and the elements that have each: a change touches only what it changes.
const marked = { lit: new Set(), found: new Set() };

function mark(name, elements) {
  const next = new Set(elements);
  for (const element of marked[name]) if (!next.has(element)) element.classList.remove(name);
  for (const element of next) if (!marked[name].has(element)) element.classList.add(name);
  marked[name] = next;
}

// Lights up vertices and links in both pictures, and the rows that say the same; none: everything.
function light(vertices, links, rows = []) {
  const elements = pictures.flatMap((picture) => [
    ...vertices.map((vertex) => picture.boxOf.get(vertex)),
    ...links.flatMap((link) => picture.lines(link)),
  ]);
  mark("lit", [...elements, ...rows]);
  scroller.classList.toggle("lights", elements.length > 0);
}

// ---------------------------------------------------------------- facts

function made(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const button = (label, onclick) => made("button", { type: "button", onclick }, label);
const list = (items) => made("ul", {}, ...items.map((item) => made("li", {}, item)));
const tipOf = (element) => element.querySelector("title")?.textContent ?? "";

let chosen = null; // what was clicked: its box or line, if it is one, and what makes its facts
let told = null; // what the facts are about
const nothing = [...byId("facts").children];

// Shows the facts of a box or line that is pointed at; of what was chosen if there is none.
function show(pointed = null) {
  const next = pointed && pointed !== chosen?.thing ? pointed : chosen;
  if (next === told) return; // so that nobody loses the place in a list
  told = next;
  const facts = next && (next === chosen ? chosen.facts() : factsOf(next));
  byId("facts").replaceChildren(...(facts ?? nothing));
}

const factsOf = (thing) => (thing.matches(".vertex") ? factsOfBox(thing) : factsOfLine(thing));

function factsOfBox(box) {
  const vertices = numbersOf(box);
  const isStack = vertices.length > 1;
  const name = isStack ? `${vertices.length} interfaces` : data.labels[vertices[0]];
  const [, ...lines] = isStack ? [name, ...tipOf(box).split("\n")] : tipOf(box).split("\n");
  const facts = [made("h2", {}, name)];
  if (isStack) facts.push(" ", button("Show each of them", () => unfold(vertices)));
  facts.push(list(lines));
  const through = pathsThrough(vertices);
  if (through.length > 0) {
    facts.push(made("p", { className: "flows" }, "on paths ",
      ...through.map((path) => button(`${path + 1}`, () => choosePath(path)))));
  }
  const links = isStack ? [] : data.links.filter((link) => link.includes(vertices[0]));
  const tips = links.flatMap((link) => whole.lines(link).slice(0, 1).map(tipOf));
  if (tips.length > 0) facts.push(made("h3", {}, "Links"), list(tips));
  return facts;
}

function factsOfLine(line) {
  const [near, far] = numbersOf(line).map((vertex) => data.labels[vertex]);
  return [made("h2", {}, `${near} → ${far}`), list(tipOf(line).split("\n"))];
}

// The path with one of its flows: its ports, commands that send it, and the other flows.
function factsOfPath(path, place) {
  const { flows } = data.paths[path];
  const [number, ports, commands] = flows[place];
  const facts = [made("h2", {}, `path ${path + 1}`), made("p", {}, `flow ${number}: ${ports}`)];
  for (const command of commands) {
    facts.push(made("code", {}, command), button("Copy", (event) => copy(command, event.target)));
  }
  const others = flows.map(([flow], other) => {
    const own = button(`${flow}`, () => choosePath(path, other));
    own.setAttribute("aria-pressed", String(other === place));
    return own;
  });
  return [...facts, made("h3", {}, "Its flows"), made("p", { className: "flows" }, ...others)];
}

async function copy(text, pressed) {
  try {
    await navigator.clipboard.writeText(text);
    byId("status").textContent = `copied: ${text}`;
  } catch {
    // Not every browser lets a page from a file do so: what is selected can be copied by hand.
    getSelection().selectAllChildren(pressed.previousSibling);
    byId("status").textContent = "selected; copy it by the keys of your browser";
  }
}

// ---------------------------------------------------------------- choosing

function choose(thing, facts, vertices, links, rows) {
  chosen = { thing, facts };
  light(vertices, links, rows);
  show();
  byId("status").textContent = `lit up: ${byId("facts").querySelector("h2").textContent}`;
}

function clear() {
  chosen = null;
  light([], []);
  mark("found", []);
  byId("search").value = byId("found").textContent = byId("status").textContent = "";
  show();
}

const linksOf = (path) => path.slice(1).map((far, place) => [path[place], far]);

function pathsThrough(vertices) {
  const wanted = new Set(vertices);
  const isThrough = ({ vertices: own }) => own.some((vertex) => wanted.has(vertex));
  return [...data.paths.keys()].filter((path) => isThrough(data.paths[path]));
}

function choosePath(path, place = 0) {
  const { vertices } = data.paths[path];
  const row = rowOf("path", path);
  choose(null, () => factsOfPath(path, place), vertices, linksOf(vertices), row);
}

// The row of a table that says more, if there is one.
function rowOf(kind, number) {
  const own = document.querySelector(`td button[data-${kind}="${number}"]`);
  return own ? [own.closest("tr")] : [];
}

// The paths through a box; where none is known, its links.
function chooseBox(box) {
  const vertices = numbersOf(box);
  const paths = pathsThrough(vertices).map((path) => data.paths[path].vertices);
  const links = paths.length > 0
    ? paths.flatMap(linksOf)
    : data.links.filter((link) => link.some((end) => vertices.includes(end)));
  const row = rowOf("vertex", vertices[0]);
  choose(box, () => factsOfBox(box), [...vertices, ...paths.flat()], links, row);
  enter(box);
}

function chooseLine(line) {
  const isOf = (path) => linksOf(path).some((link) => shown.lines(link).includes(line));
  const paths = data.paths.map(({ vertices }) => vertices).filter(isOf);
  const ends = numbersOf(line);
  choose(line, () => factsOfLine(line), [...ends, ...paths.flat()],
    [ends, ...paths.flatMap(linksOf)]);
}

function unfold(vertices) {
  fold(false);
  const first = whole.boxOf.get(vertices[0]);
  const links = data.links.filter((link) => link.some((end) => vertices.includes(end)));
  choose(first, () => factsOfBox(first), vertices, links);
  enter(first, true);
}

// ---------------------------------------------------------------- pointing

const NEAR = [[0, 0], [0, 3], [0, -3], [3, 0], [-3, 0], [0, 6], [0, -6]]; // pixels around a point

// The box or line at a point, or near it: lines are thin.
function thingAt(x, y) {
  for (const [right, down] of NEAR) {
    const thing = document.elementFromPoint(x + right, y + down)?.closest("g.vertex, g.edge");
    if (thing && scroller.contains(thing)) return thing;
  }
  return null;
}

let drag = null;
let wheel = null;

scroller.addEventListener("pointermove", (event) => {
  if (drag) {
    const moved = Math.abs(event.clientX - drag.x) + Math.abs(event.clientY - drag.y);
    drag.isReal ||= moved > 4;
    if (!drag.isReal) return;
    scroller.classList.add("dragged");
    scroller.scrollLeft = drag.left - (event.clientX - drag.x);
    scroller.scrollTop = drag.top - (event.clientY - drag.y);
    return;
  }
  show(thingAt(event.clientX, event.clientY));
});
scroller.addEventListener("pointerleave", () => show());
scroller.addEventListener("pointerdown", (event) => {
  if (event.pointerType !== "mouse" || event.button !== 0) return; // fingers scroll by themselves
  const { scrollLeft: left, scrollTop: top } = scroller;
  drag = { x: event.clientX, y: event.clientY, left, top, isReal: false };
});
addEventListener("pointerup", () => {
  if (!drag) return;
  scroller.classList.remove("dragged");
  // The click that follows comes before this, unless there is none.
  const ended = drag;
  setTimeout(() => { if (drag === ended) drag = null; });
});
scroller.addEventListener("click", (event) => {
  if (drag?.isReal) return;
  const thing = thingAt(event.clientX, event.clientY);
  if (!thing) clear();
  else if (thing.matches(".vertex")) chooseBox(thing);
  else chooseLine(thing);
});
scroller.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return;
  event.preventDefault();
  // Once for each frame, however many events there are.
  if (!wheel) requestAnimationFrame(() => {
    zoom(Math.exp(-wheel.turned / 300), wheel.x, wheel.y);
    wheel = null;
  });
  wheel = { turned: (wheel?.turned ?? 0) + event.deltaY, x: event.clientX, y: event.clientY };
}, { passive: false });

// ---------------------------------------------------------------- keys

let current = numbersOf(shown.boxes[0] ?? { dataset: { of: "0" } })[0];

// Makes a box the one that the Tab key gets to.
function enter(box, isFocused = false) {
  if (!box) return;
  for (const old of scroller.querySelectorAll("g[tabindex]")) {
    if (old !== box) for (const name of ["tabindex", "role", "aria-label"]) old.removeAttribute(name);
  }
  [current] = numbersOf(box);
  box.setAttribute("tabindex", "0");
  box.setAttribute("role", "button");
  box.setAttribute("aria-label", tipOf(box).replaceAll("\n", ", "));
  if (isFocused) {
    box.focus({ preventScroll: true });
    reveal(box);
  }
}

// The nearest box that lies before, behind, above or below: along lines, or in the same hop.
function neighbour(box, key) {
  const middle = (own) => {
    const { x, y, width, height } = own.getBBox();
    return { x: x + width / 2, y: y + height / 2 };
  };
  const here = middle(box);
  const isAlong = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowLeft" || key === "ArrowUp" ? -1 : 1;
  let candidates = shown.boxes;
  if (isAlong) {
    const own = new Set(numbersOf(box));
    const [from, to] = sign > 0 ? [0, 1] : [1, 0];
    const linked = data.links.filter((link) => own.has(link[from])).map((link) => link[to]);
    if (linked.length > 0) candidates = [...new Set(linked.map((end) => shown.boxOf.get(end)))];
  }
  let best = null;
  let least = Infinity;
  for (const other of candidates) {
    const there = middle(other);
    const [ahead, aside] = isAlong
      ? [sign * (there.x - here.x), Math.abs(there.y - here.y)]
      : [sign * (there.y - here.y), Math.abs(there.x - here.x)];
    if (ahead < 1 || (!isAlong && aside > 1)) continue;
    const distance = isAlong ? ahead * 1e4 + aside : ahead;
    if (distance < least) [best, least] = [other, distance];
  }
  return best;
}

const KEYS = {
  "+": () => zoom(SCALES.step),
  "=": () => zoom(SCALES.step),
  "-": () => zoom(1 / SCALES.step),
  0: () => fit(),
  f: () => folded && fold(shown === whole),
  "/": () => byId("search").focus(),
  Escape: clear,
};

// They are for whoever is in the picture: elsewhere letters belong to the browser.
scroller.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const box = event.target.closest?.("g.vertex");
  if (box && event.key.startsWith("Arrow")) {
    const next = neighbour(box, event.key);
    if (next) enter(next, true);
  } else if (box && (event.key === "Enter" || event.key === " ")) {
    chooseBox(box);
  } else if (KEYS[event.key]) {
    KEYS[event.key]();
  } else {
    return;
  }
  event.preventDefault();
});
scroller.addEventListener("focusin", (event) => {
  show(event.target.closest?.("g.vertex"));
});
scroller.addEventListener("focusout", () => show());

// ---------------------------------------------------------------- search

let index = null; // what can be found, made when it is first needed
let matches = [];
let match = -1;

function things() {
  index ??= [
    ...whole.boxes.map((box) => {
      const [vertex] = numbersOf(box);
      return { text: `${data.labels[vertex]}\n${tipOf(box)}`.toLowerCase(), vertex };
    }),
    ...data.paths.flatMap(({ flows }, path) => flows.map(([number, ports], place) => (
      { text: `path ${path + 1} flow ${number} ${ports}`.toLowerCase(), path, place }))),
  ];
  return index;
}

function search(wanted) {
  const text = wanted.trim().toLowerCase();
  matches = text ? things().filter((thing) => thing.text.includes(text)) : [];
  match = -1;
  const vertices = matches.filter((thing) => thing.path === undefined);
  mark("found", vertices.flatMap(({ vertex }) => pictures.map((own) => own.boxOf.get(vertex))));
  const flows = matches.length - vertices.length;
  byId("found").textContent = text
    ? `${vertices.length} of ${whole.boxes.length} boxes, ${flows} flows: Enter goes on` : "";
}

function goOn(step) {
  if (matches.length === 0) return;
  match = (match + step + matches.length) % matches.length;
  const { path, place, vertex } = matches[match];
  if (path !== undefined) {
    choosePath(path, place);
  } else {
    const box = shown.boxOf.get(vertex);
    chooseBox(box);
    reveal(box);
  }
}

byId("search").addEventListener("input", (event) => search(event.target.value));
byId("search").addEventListener("keydown", (event) => {
  if (event.key === "Enter") goOn(event.shiftKey ? -1 : 1);
  if (event.key === "Escape") clear();
});

// ---------------------------------------------------------------- replay

const slider = byId("stage");
const known = new Map(); // how many of the vertices or links of an element are known
let stage = -1;
let playing = 0;

// Vertices and links that a stage names come, or go if they were there.
function flip({ vertices, links }, isKnown, touched) {
  for (const picture of pictures) {
    const elements = [
      ...vertices.map((vertex) => [isKnown.vertices, vertex, [picture.boxOf.get(vertex)]]),
      ...links.map((link) => [isKnown.links, link, picture.lines(data.links[link])]),
    ];
    for (const [there, number, own] of elements) {
      for (const element of own) {
        known.set(element, (known.get(element) ?? 0) + (there.has(number) ? -1 : 1));
        touched.add(element);
      }
    }
  }
  for (const [there, numbers] of [[isKnown.vertices, vertices], [isKnown.links, links]]) {
    for (const number of numbers) if (!there.delete(number)) there.add(number);
  }
}

const isKnown = { vertices: new Set(), links: new Set() };

function goTo(wanted) {
  const touched = new Set();
  while (stage < wanted) flip(data.stages[++stage], isKnown, touched);
  while (stage > wanted) flip(data.stages[stage--], isKnown, touched);
  for (const element of touched) element.classList.toggle("unknown", !known.get(element));
  scroller.classList.toggle("replays", stage < data.stages.length - 1);
  byId("known").textContent = data.stages[stage].sentence;
}

function stop() {
  clearInterval(playing);
  playing = 0;
  byId("play").textContent = "Play";
}

byId("play").addEventListener("click", () => {
  if (playing) return stop();
  if (stage === data.stages.length - 1) goTo(0);
  byId("play").textContent = "Pause";
  playing = setInterval(() => {
    goTo(stage + 1);
    slider.value = stage;
    if (stage === data.stages.length - 1) stop();
  }, 250);
});
slider.addEventListener("input", () => {
  stop();
  goTo(Number(slider.value));
});

// ---------------------------------------------------------------- tables

const collator = new Intl.Collator("en", { numeric: true });

// Sorts the rows of a table by a column; empty cells come last. Once more turns it around.
function sort(heading) {
  const column = heading.cellIndex;
  const isDown = heading.getAttribute("aria-sort") === "ascending";
  for (const other of heading.parentNode.cells) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", isDown ? "descending" : "ascending");
  const body = heading.closest("table").tBodies[0];
  const rows = [...body.rows].map((row) => {
    const cell = row.cells[column];
    return { row, text: cell.dataset.order ?? cell.textContent };
  });
  const number = (text) => Number(text.replace(/ %.*$/, ""));
  const isNumeric = rows.every(({ text }) => !Number.isNaN(number(text)));
  const compare = isNumeric ? (a, b) => number(a) - number(b) : collator.compare;
  rows.sort((a, b) => {
    if (!a.text || !b.text) return !a.text - !b.text;
    return (isDown ? -1 : 1) * compare(a.text, b.text);
  });
  body.append(...rows.map(({ row }) => row));
}

for (const heading of document.querySelectorAll("th button")) {
  heading.addEventListener("click", () => sort(heading.parentNode));
}
for (const table of document.querySelectorAll("tbody")) {
  table.addEventListener("click", ({ target }) => {
    const { vertex, path } = target.dataset;
    if (vertex === undefined && path === undefined) return;
    byId("split").scrollIntoView({ block: "nearest" });
    if (vertex !== undefined) {
      const box = shown.boxOf.get(Number(vertex));
      chooseBox(box);
      reveal(box);
    } else {
      choosePath(Number(path));
    }
  });
}

// ---------------------------------------------------------------- start

for (const [id, act] of [
  ["in", () => zoom(SCALES.step)],
  ["out", () => zoom(1 / SCALES.step)],
  ["fit", () => fit()],
  ["clear", clear],
  ["fold", () => fold(shown === whole)],
]) byId(id).addEventListener("click", act);
byId("colours").addEventListener("change", (event) => {
  document.documentElement.dataset.colours = event.target.value;
});
byId("tools").hidden = false;
byId("fold").hidden = !folded;
if (data.stages.length > 0) {
  byId("replay").hidden = false;
  slider.max = data.stages.length - 1;
  goTo(data.stages.length - 1);
  slider.value = stage;
}
fold(Boolean(folded));
fit(SCALES.first);
