// The picture: only what is in view is drawn, and where that is too much to read, as plain blocks.

const SVG = "http://www.w3.org/2000/svg";
const byId = id => document.getElementById(id);
const MOST_DRAWN = 450;
const TINY = 0.34; // below this scale texts are no use

/** An element with attributes and children; texts become text nodes, never markup. */
function make(tag, attributes = {}, ...children) {
  const svg = ["g", "rect", "path", "text", "tspan", "title", "circle"].includes(tag);
  const element = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(child => child !== null && child !== undefined));
  return element;
}

const view = { x: 0, y: 0, scale: 1 };
const look = { step: lastStep, selected: -1, found: new Set() };
let scene = null,
  state = null,
  version = 0,
  largest = 1,
  widest = 1;
const drawnNodes = new Map(),
  drawnLines = new Map(),
  drawnFrames = new Map();

function compute() {
  state = stateAfter(look.step);
  const size = list => list.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0) || 1;
  largest = size(numbers.grad);
  widest = size(numbers.share);
  version++;
}

/** Lays out anew: in the direction that there is, or else in the one that fits better. */
function rebuild(directions = scene ? [scene.isDown] : undefined) {
  const { clientWidth, clientHeight } = byId("canvas");
  scene = composeToFit(Math.max(clientWidth, 200), Math.max(clientHeight, 200), directions);
  for (const drawn of [drawnNodes, drawnLines, drawnFrames]) {
    for (const element of drawn.values()) element.remove();
    drawn.clear();
  }
  version++;
}

// Lines

function pathOf({ from, to, port, bendsOf, curve }) {
  const a = scene.boxes.get(from),
    b = scene.boxes.get(to);
  const { isDown } = scene,
    along = isDown ? 1 : 0,
    across = 1 - along;
  const shift = 0.62 * port * (isDown ? b.w : b.h);
  const text = numbers => numbers.map(x => x.toFixed(1)).join(" ");
  if (curve) {
    // from the middle, where Graphviz ends it, to the place of the operand
    const points = [...curve];
    points[points.length - 2 + across] += shift;
    points[points.length - 4 + across] += shift;
    return `M${text(points.slice(0, 2))}C${text(points.slice(2))}`;
  }
  const start = isDown ? [a.x, a.y + a.h / 2] : [a.x + a.w / 2, a.y];
  const end = isDown ? [b.x + shift, b.y - b.h / 2] : [b.x - b.w / 2, b.y + shift];
  const points = [start, ...bendsOf(), end];
  let path = `M${text(points[0])}`;
  for (let at = 1; at < points.length; at++) {
    const before = points[at - 1],
      after = points[at],
      way = after[along] - before[along];
    const reach = Math.max(way > 0 ? 0 : 60, Math.abs(way) / 2);
    const one = [...before],
      other = [...after];
    one[along] += reach;
    other[along] -= reach;
    path += `C${text([...one, ...other, ...after])}`;
  }
  return path;
}

/** The same as a straight line, which is enough for thousands. */
function straightOf({ from, to }) {
  const a = scene.boxes.get(from),
    b = scene.boxes.get(to);
  return `M${a.x | 0} ${a.y | 0}L${b.x | 0} ${b.y | 0}`;
}

const signOf = x => (x > 0 ? "plus" : x < 0 ? "minus" : x === 0 ? "none" : "broken");

function updateLine(line, element) {
  const sent = line.edges.filter(edge => state.sent[edge]);
  const { pass, node } = stepAt(look.step);
  const isActive =
    (pass === "backward" || pass === "forward") &&
    line.edges.some(edge => edgeTo[edge] === node && (pass === "forward" || passing[edge]));
  const known = line.edges.some(edge => state.known[edgeTo[edge]]);
  const strongest = sent.reduce(
    (most, edge) => (Math.abs(numbers.share[edge]) > Math.abs(most) ? numbers.share[edge] : most),
    sent.length ? numbers.share[sent[0]] : 0,
  );
  const width = sent.length ? 1.2 + 5 * Math.sqrt(Math.min(1, Math.abs(strongest) / widest) || 0) : 1.4;
  const classes = [
    "line",
    sent.length ? signOf(strongest) : "",
    isActive ? `active ${pass}` : "",
    known ? "" : "ahead",
  ];
  element.setAttribute("class", classes.join(" "));
  element.setAttribute("stroke-width", width.toFixed(2));
}

// Boxes

const kindClass = item =>
  isScope(item) ? "folded" : kind[item] === LEAF ? "leaf" : kind[item] === CONSTANT ? "constant" : "operation";
const isDraggable = item => program && !isScope(item) && kind[item] === LEAF;

const ruler = document.createElement("canvas").getContext("2d");

/** How wide a title is in the font of the page. */
function titleWidth(text) {
  ruler.font = `600 13.5px ${getComputedStyle(document.body).fontFamily}`;
  return ruler.measureText(text).width;
}

function makeNode(item) {
  const { w, h } = scene.boxes.get(item);
  const element = make("g", { role: "button", tabindex: "-1", "data-item": item }, make("title"));
  const body = (extra = {}) =>
    make("rect", {
      class: "body",
      x: -w / 2,
      y: -h / 2,
      width: w,
      height: h,
      rx: kindClass(item) === "operation" ? 14 : 4,
      ...extra,
    });
  if (isScope(item)) {
    const scope = item - count;
    element.append(
      body({ class: "sheet", transform: "translate(6 6)" }),
      body({ class: "sheet", transform: "translate(3 3)" }),
      body(),
    );
    element.append(make("text", { class: "title", y: -7 }, shortened(scopes[scope][0], 18)));
    element.append(make("text", { class: "small", y: 14 }, `+ ${counted(nodesIn[scope], "node")} folded`));
    return element;
  }
  element.append(body());
  if (outputs.includes(item))
    element.append(make("rect", { class: "rim", x: -w / 2 - 4, y: -h / 2 - 4, width: w + 8, height: h + 8, rx: 17 }));
  if (kind[item] === CONSTANT) {
    element.append(make("text", { class: "data", y: 5 }));
    return element;
  }
  const left = -w / 2 + 12,
    room = w - 20;
  const title =
    kind[item] === LEAF
      ? make("text", { class: "title", x: left, y: -11 }, shortened(briefly(item) || "leaf", 16))
      : headOf(item, left);
  if (titleWidth(title.textContent) > room) {
    title.setAttribute("textLength", room); // wide letters stand closer
    title.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
  element.append(title);
  if (isDraggable(item)) {
    element.append(make("text", { class: "hint", "aria-hidden": "true", x: w / 2 - 12, y: 7 }, "↔"));
    element.append(make("rect", { class: "drag", x: -w / 2 + 4, y: -8, width: w - 8, height: 19 }));
  }
  element.append(make("text", { class: "data", x: left, y: 7 }));
  element.append(make("text", { class: "grad", x: left, y: 22 }));
  element.append(make("rect", { class: "bar", x: -w / 2 + 1, y: h / 2 - 4, height: 3, rx: 1.5 }));
  return element;
}

/** What stands on an operation: its name and its formula, so that the order of its operands is seen. */
function headOf(item, x) {
  const name = shortened(briefly(item), 7);
  const operand = parent => shortened(briefly(parent), 6);
  const [first, ...others] = parents[item];
  const formula =
    others.length > 1 ? `${shortened(symbolOf(item), 7)}(${operand(first)}, …)` : formulaOf(item, operand).join("");
  return make(
    "text",
    { class: "title", x, y: -11 },
    make("tspan", { class: "name" }, `${name} = `),
    make("tspan", {}, shortened(formula, 14 - name.length)),
  );
}

function describe(item) {
  if (isScope(item))
    return `${scopePath(item - count)}: ${counted(nodesIn[item - count], "node")} folded; press Enter to unfold`;
  const grad = state.reached[item] ? `, grad ${short(state.grad[item])}` : "";
  const data = state.known[item] ? `, data ${short(numbers.data[item])}` : ", not computed yet";
  return `${nameOf(item)}, ${aboutOf(item)}${data}${kind[item] === CONSTANT ? "" : grad}`;
}

function updateNode(item, element) {
  const { pass, node } = stepAt(look.step);
  const box = scene.boxes.get(item);
  const current =
    node >= 0 &&
    (pass === "seed" ? outputs.some(output => scene.itemOf(output) === item) : scene.itemOf(node) === item);
  const operand = node >= 0 && pass !== "seed" && parents[node].some(parent => scene.itemOf(parent) === item);
  const classes = [
    "node",
    kindClass(item),
    current ? `current ${pass}` : operand ? "operand" : "",
    look.selected === item ? "selected" : "",
    look.found.has(item) ? "found" : "",
  ];
  element.querySelector("title").textContent = describe(item);
  element.setAttribute("transform", `translate(${box.x.toFixed(1)} ${box.y.toFixed(1)})`);
  element.setAttribute(
    "tabindex",
    look.selected === item || (look.selected < 0 && item === scene.itemOf(outputs[0])) ? "0" : "-1",
  );
  if (!isScope(item)) {
    const strength = Math.sqrt(Math.min(1, Math.abs(state.grad[item]) / largest) || 0);
    if (state.reached[item]) classes.push(signOf(state.grad[item]));
    element.style.setProperty("--strength", (0.15 + 0.85 * strength).toFixed(3));
    if (!state.known[item]) classes.push("ahead");
    if (state.known[item] && !Number.isFinite(numbers.data[item])) classes.push("broken");
    element.querySelector(".data").textContent = state.known[item] ? short(numbers.data[item]) : "";
    const grad = element.querySelector(".grad"),
      bar = element.querySelector(".bar");
    if (grad) {
      const x = state.grad[item];
      grad.textContent = state.reached[item] ? `grad ${short(x)}` : "";
      grad.setAttribute("class", `grad ${signOf(x)}`);
      bar.setAttribute("class", `bar ${signOf(x)}`);
      bar.setAttribute(
        "width",
        state.reached[item] ? ((box.w - 2) * Math.sqrt(Math.min(1, Math.abs(x) / largest) || 0)).toFixed(1) : 0,
      );
    }
  }
  element.setAttribute("class", classes.filter(Boolean).join(" "));
}

function makeFrame(scope) {
  const { x, y, w, h } = scene.frames.get(scope);
  const most = Math.max(3, Math.floor(w / 8.5) - 4);
  const element = make(
    "g",
    { class: "frame", transform: `translate(${x - w / 2} ${y - h / 2})` },
    make("rect", { width: w, height: h, rx: 10 }),
  );
  const button = make("g", {
    role: "button",
    tabindex: "0",
    "data-frame": scope,
    "aria-label": `Fold ${scopePath(scope)}, ${counted(nodesIn[scope], "node")}`,
  });
  button.append(
    make("rect", { class: "hit", x: 4, y: 3, width: Math.min(w - 8, 200), height: 20, rx: 5 }),
    make("text", { x: 11, y: 17 }, `− ${shortened(scopes[scope][0], most)}`),
  );
  element.append(button);
  return element;
}

// Drawing what is in view

function inView() {
  const { clientWidth, clientHeight } = byId("canvas");
  const margin = 80 / view.scale;
  const left = -view.x / view.scale - margin,
    top = -view.y / view.scale - margin;
  const right = left + clientWidth / view.scale + 2 * margin,
    bottom = top + clientHeight / view.scale + 2 * margin;
  return (l, t, r, b) => r >= left && l <= right && b >= top && t <= bottom;
}

function keepDrawn(drawn, wanted, parent, create, update) {
  for (const [key, element] of drawn) {
    if (!wanted.has(key)) {
      element.remove();
      drawn.delete(key);
    }
  }
  for (const key of wanted) {
    let element = drawn.get(key);
    if (!element) {
      element = create(key);
      parent.append(element);
      drawn.set(key, element);
    }
    if (element.version !== version) {
      update(key, element);
      element.version = version;
    }
  }
}

function draw() {
  const world = byId("world"),
    isIn = inView();
  world.setAttribute(
    "transform",
    `translate(${view.x.toFixed(2)} ${view.y.toFixed(2)}) scale(${view.scale.toFixed(4)})`,
  );
  if (world.classList.contains("tiny") !== view.scale < TINY) {
    world.classList.toggle("tiny");
    version++;
  }
  const items = new Set();
  for (const [item, { x, y, w, h }] of scene.boxes)
    if (isIn(x - w / 2, y - h / 2, x + w / 2, y + h / 2)) items.add(item);
  const isOverview = items.size > MOST_DRAWN;
  const lines = new Set();
  if (!isOverview) {
    for (const line of scene.lines) {
      const a = scene.boxes.get(line.from),
        b = scene.boxes.get(line.to);
      const seen = items.has(line.from) || items.has(line.to);
      if (
        seen ||
        (lines.size < 1500 && isIn(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)))
      )
        lines.add(line);
    }
  }
  const frames = new Set();
  for (const [scope, { x, y, w, h }] of scene.frames)
    if (frames.size < 300 && isIn(x - w / 2, y - h / 2, x + w / 2, y + h / 2)) frames.add(scope);
  keepDrawn(drawnFrames, frames, byId("frames"), makeFrame, () => {});
  keepDrawn(drawnLines, lines, byId("edges"), line => make("path", { d: pathOf(line) }), updateLine);
  keepDrawn(drawnNodes, isOverview ? new Set() : items, byId("nodes"), makeNode, updateNode);
  drawMarks(isOverview);
  drawOverview(isOverview ? items : null);
  sayWhatIsShown(isOverview);
}

/** On each line of this step that sends a share, its number. */
function drawMarks(isOverview) {
  const { pass, node } = stepAt(look.step);
  const marks = byId("marks");
  marks.replaceChildren();
  if (pass !== "backward" || isOverview || view.scale < TINY) return;
  for (const [line, path] of drawnLines) {
    const edges = line.edges.filter(edge => edgeTo[edge] === node && passing[edge]);
    if (!edges.length || !path.getTotalLength) continue;
    const { x, y } = path.getPointAtLength(path.getTotalLength() * 0.5);
    const text = edges.length > 1 ? `${edges.length} shares` : short(numbers.share[edges[0]]);
    const w = 7.4 * text.length + 14;
    marks.append(
      make(
        "g",
        {
          class: `mark ${edges.length > 1 ? "none" : signOf(numbers.share[edges[0]])}`,
          transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`,
        },
        make("rect", { x: -w / 2, y: -10, width: w, height: 20, rx: 10 }),
        make("text", { y: 4 }, text),
      ),
    );
  }
}

let overviewOf = "";

/** Thousands of boxes as a path for each kind; the lines between them are drawn once for a layout. */
function drawOverview(items) {
  const nodes = byId("nodes"),
    edges = byId("edges");
  if (!items) {
    if (overviewOf) for (const element of document.querySelectorAll(".overview")) element.remove();
    overviewOf = "";
    return;
  }
  const key = `${version}`;
  if (key === overviewOf) return;
  for (const element of nodes.querySelectorAll(".overview")) element.remove();
  if (scene.overviewPath === undefined) scene.overviewPath = scene.lines.map(straightOf).join("");
  if (!edges.querySelector(".overview")) edges.append(make("path", { class: "overview line" }));
  edges.querySelector(".overview").setAttribute("d", scene.overviewPath);
  const paths = new Map();
  const { node, pass } = stepAt(look.step);
  const current = node >= 0 ? scene.itemOf(node) : -1;
  for (const [item, { x, y, w, h }] of scene.boxes) {
    let name = kindClass(item);
    if (!isScope(item) && !state.known[item]) name += " ahead";
    else if (!isScope(item) && state.reached[item] && state.grad[item] !== 0) name += ` ${signOf(state.grad[item])}`;
    if (look.found.has(item)) name += " found";
    if (item === look.selected) name += " selected";
    if (item === current) name += ` current ${pass}`;
    paths.set(name, (paths.get(name) ?? "") + `M${(x - w / 2).toFixed(0)} ${(y - h / 2).toFixed(0)}h${w}v${h}h${-w}z`);
  }
  for (const [name, path] of paths) nodes.append(make("path", { class: `overview ${name}`, d: path }));
  overviewOf = key;
}

function sayWhatIsShown(isOverview) {
  let hidden = 0;
  for (let node = 0; node < count; node++) if (scene.itemOf(node) !== node) hidden++;
  const number = x => x.toLocaleString("en");
  const parts = [`${number(count - hidden)} of ${number(count)} nodes drawn`];
  if (hidden)
    parts.push(`${number(hidden)} folded into ${counted([...scene.boxes.keys()].filter(isScope).length, "scope")}`);
  if (isOverview) parts.push("zoom in to read them");
  if (byId("shown").textContent !== parts.join(" · ")) byId("shown").textContent = parts.join(" · ");
}

// Moving

function fit() {
  const { clientWidth, clientHeight } = byId("canvas"),
    { left, top, w, h } = extentOf(scene);
  view.scale = Math.max(0.004, scaleToFit({ w, h }, clientWidth, clientHeight));
  view.x = (clientWidth - w * view.scale) / 2 - left * view.scale;
  view.y = (clientHeight - 28 - h * view.scale) / 2 - top * view.scale;
  draw();
}

function zoom(factor, x = byId("canvas").clientWidth / 2, y = byId("canvas").clientHeight / 2) {
  const scale = Math.min(4, Math.max(0.005, view.scale * factor));
  view.x = x - ((x - view.x) * scale) / view.scale;
  view.y = y - ((y - view.y) * scale) / view.scale;
  view.scale = scale;
  request();
}

/** Brings an item into view, if it is not there in full. */
function reveal(item, isReadable = false) {
  const { x, y, w, h } = scene.boxes.get(item),
    { clientWidth, clientHeight } = byId("canvas");
  if (isReadable && view.scale < 0.6) view.scale = 0.9;
  else {
    const left = view.x + (x - w / 2) * view.scale,
      top = view.y + (y - h / 2) * view.scale;
    if (left >= 4 && top >= 4 && left + w * view.scale <= clientWidth - 4 && top + h * view.scale <= clientHeight - 30)
      return;
  }
  view.x = clientWidth / 2 - x * view.scale;
  view.y = clientHeight / 2 - y * view.scale;
}

let isRequested = false;
function request() {
  if (isRequested) return;
  isRequested = true;
  requestAnimationFrame(() => {
    isRequested = false;
    draw();
  });
}
