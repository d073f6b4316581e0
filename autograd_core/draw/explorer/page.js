// The panel beside the picture, the steps, and what pointers and keys do.

const number = (x, isFull = false) => {
  const element = make("data", { value: full(x), title: full(x) }, isFull ? full(x) : short(x));
  if (x < 0 && !isFull) element.classList.add("negative");
  return element;
};

function chip(node) {
  if (kind[node] === CONSTANT && !label[node]) return make("span", { class: "chip constant" }, short(numbers.data[node]));
  const element = make("button", { type: "button", class: `chip ${kindClass(node)}`, title: shortened(nameOf(node), 200) }, make("bdi", {}, shortened(nameOf(node), 24)));
  element.addEventListener("click", () => select(node, true));
  return element;
}

// A step in words and numbers

const PASSES = { start: "Start", forward: "Forward pass", seed: "Backward pass", backward: "Backward pass" };

function showStep() {
  const { pass, node } = stepAt(look.step);
  const box = byId("formula");
  byId("phase").textContent = PASSES[pass];
  box.replaceChildren();
  const line = (...parts) => box.append(make("p", {}, ...parts));
  let said = "";
  if (pass === "start") {
    line("Only the leaves have numbers yet. Step on, and each operation computes its data from those of its operands.");
    said = "Start. Only the leaves have numbers.";
  } else if (pass === "forward") {
    line(chip(node), " = ", ...formulaOf(node, chip));
    box.append(make("p", { class: "indented" }, "= ", ...formulaOf(node, operand => number(numbers.data[operand]))));
    box.append(make("p", { class: "indented result" }, "= ", number(numbers.data[node])));
    line(make("span", { class: "note" }, operations[kind[node]][2]));
    said = `Forward. ${nameOf(node)}, ${operationOf(node)}, is ${short(numbers.data[node])}.`;
  } else if (pass === "seed") {
    line("All data are there. The backward pass starts with the derivative of the output by itself, 1:");
    for (const output of new Set(outputs)) line("grad of ", chip(output), " = ", number(state.grad[output]));
    if (outputs.length > 1) line(make("span", { class: "note" }, "With several outputs, their sum is differentiated."));
    said = "Backward. The grad of the output is 1.";
  } else {
    said = showShares(box, node);
  }
  if (byId("announcement").textContent !== said) byId("announcement").textContent = said;
}

/** What a node sends to its operands: its cotangent times each local derivative. */
function showShares(box, node) {
  const before = stateAfter(look.step - 1), g = numbers.grad[node];
  box.append(make("p", {}, "The cotangent of ", chip(node), " is complete: ", number(g), ". It sends on"));
  const list = make("ul", { class: "shares" });
  const said = [], grad = new Map();
  for (let edge = firstEdge[node], shown = 0; edge < firstEdge[node + 1]; edge++) {
    if (!passing[edge]) continue;
    const operand = edgeFrom[edge], share = numbers.share[edge], slope = numbers.slope[edge];
    const had = grad.has(operand) ? grad.get(operand) : before.reached[operand] ? before.grad[operand] : null;
    const has = had === null ? share : had + share;
    grad.set(operand, has);
    if (++shown > MOST_OPERANDS) continue;
    const isNone = share === 0 && g * slope !== 0;
    const sum = isNone ? ["nothing: not selected"] : [number(g), " × ", number(slope), " = ", number(share)];
    list.append(make("li", {}, make("span", { class: "to" }, "to ", chip(operand)), make("span", { class: "product" }, ...sum),
      make("span", { class: "growth" }, "grad ", had === null ? "0" : number(had), " → ", number(has))));
    said.push(`${nameOf(operand)} ${short(share)}`);
  }
  const left = parents[node].length - MOST_OPERANDS;
  if (left > 0) list.append(make("li", { class: "note" }, `and to ${left} more operands`));
  box.append(list, make("p", { class: "note" }, "cotangent × local derivative = share"));
  return `Backward. ${nameOf(node)}, ${operationOf(node)}, has the cotangent ${short(g)} and sends to ${shortened(said.join(", to "), 300)}.`;
}

// The node that is pointed at, or selected

function showNode(item) {
  const box = byId("node");
  box.replaceChildren();
  if (item < 0) item = stepAt(look.step).node;
  if (item < 0) {
    box.append(make("p", { class: "note" }, "Point at a node, or select one, to see its numbers in full."));
    return;
  }
  if (isScope(item)) {
    const scope = item - count;
    const button = make("button", { type: "button" }, "Unfold");
    button.addEventListener("click", () => toggle(scope));
    box.append(make("p", {}, make("bdi", {}, scopePath(scope)), `: ${nodesIn[scope].toLocaleString("en")} nodes, folded.`), button);
    return;
  }
  const rows = make("dl");
  const row = (name, ...parts) => rows.append(make("dt", {}, name), make("dd", {}, ...parts));
  row(kind[item] < 0 ? aboutOf(item) : operationOf(item), chip(item));
  row("data", state.known[item] ? number(numbers.data[item], true) : "not computed yet");
  if (kind[item] !== CONSTANT) {
    const isComplete = !state.reached[item] || state.grad[item] === numbers.grad[item] || Number.isNaN(state.grad[item]);
    row(isComplete ? "grad" : "grad so far", state.reached[item] ? number(state.grad[item], true) : "none has arrived");
    if (numbers === recorded && kept[item] !== 0 && kept[item] !== recorded.grad[item] && !Number.isNaN(kept[item]))
      row(".grad in Python", number(kept[item], true));
  }
  parents[item].slice(0, MOST_OPERANDS).forEach((operand, place) => {
    const edge = firstEdge[item] + place;
    const slope = passing[edge] ? [" local derivative ", number(numbers.slope[edge], true)] : [" no gradient passes"];
    row(place ? "" : parents[item].length > 1 ? "operands" : "operand", chip(operand), make("span", { class: "note" }, ...slope));
  });
  if (parents[item].length > MOST_OPERANDS) row("", `and ${parents[item].length - MOST_OPERANDS} more`);
  const uses = new Set(usesOf[item].map(edge => edgeTo[edge])).size;
  row("used by", uses ? `${uses.toLocaleString("en")} ${uses === 1 ? "node" : "nodes"}` : "nothing here: an output");
  if (contents.scope[item] >= 0) row("scope", make("bdi", {}, scopePath(contents.scope[item])));
  row("line", contents.line[item] >= 0 ? make("code", {}, contents.lines[contents.line[item]]) : make("span", { class: "note" }, "not recorded: make nodes within record_lines()"));
  box.append(rows);
}

// Leaves, whose numbers can be dragged

const MOST_LEAVES = 8;
const fields = new Map();

function showLeaves() {
  byId("drag-note").textContent = !program
    ? `This graph cannot be dragged: ${contents.refusal}.`
    : leaves.length ? "All data and grads follow." : "There is no leaf that may change.";
  if (!program) return;
  const { node } = stepAt(look.step);
  const near = [look.selected, ...(parents[look.selected] ?? []), ...(parents[node] ?? [])].filter(each => kind[each] === LEAF);
  const plain = leaves.filter(leaf => label[leaf] && !label[leaf].includes("."));
  const all = [...new Set([...near, ...plain, ...leaves])];
  const isFixed = leaves.length <= MOST_LEAVES || byId("leaves").contains(document.activeElement);
  const chosen = isFixed && fields.size ? [...fields.keys()] : (leaves.length <= MOST_LEAVES ? [...leaves] : all.slice(0, MOST_LEAVES));
  if (chosen.join() !== [...fields.keys()].join()) {
    fields.clear();
    byId("leaves").replaceChildren(...chosen.map(makeField));
    if (leaves.length > chosen.length) byId("leaves").append(make("p", { class: "note" }, `and ${leaves.length - chosen.length} more: select one in the graph`));
  }
  for (const [leaf, field] of fields) {
    if (document.activeElement !== field || field.isDragged || field.isStepped) field.value = full(numbers.data[leaf]);
    field.setAttribute("aria-valuetext", full(numbers.data[leaf]));
    if (Number.isFinite(numbers.data[leaf])) field.setAttribute("aria-valuenow", numbers.data[leaf]);
  }
  byId("reset").hidden = numbers === recorded;
}

function makeField(leaf) {
  const id = `leaf-${leaf}`;
  const field = make("input", { id, inputmode: "decimal", role: "spinbutton", autocomplete: "off", spellcheck: "false", "aria-valuenow": "0" });
  field.addEventListener("change", () => {
    const x = parsed(field.value);
    if (x === null) field.value = full(numbers.data[leaf]);
    else change(leaf, x);
  });
  field.addEventListener("keydown", event => {
    const direction = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (event.key === "Enter") field.dispatchEvent(new Event("change"));
    if (!direction) return;
    event.preventDefault();
    field.isStepped = true;
    change(leaf, moved(numbers.data[leaf], direction * 10, event.shiftKey));
    field.isStepped = false;
  });
  dragging(field, leaf);
  fields.set(leaf, field);
  return make("div", { class: "field" }, make("label", { for: id }, make("bdi", {}, lastPart(nameOf(leaf)))), field);
}

/** A long dotted name by its end, which tells it from its neighbours. */
const lastPart = text => (text.length > 13 && text.includes(".") ? "…" + text.split(".").slice(-2).join(".") : text).slice(0, 40);

/** The number that so many pixels further is: a pixel is about a 200th of it. */
function moved(x, pixels, isFine) {
  if (!Number.isFinite(x)) return x;
  const unit = 10 ** (Math.floor(Math.log10(Math.max(Math.abs(x), 0.1) * 1.0000001)) - 2) * (isFine ? 0.1 : 1);
  return Number((Math.round((x + pixels * unit) / unit) * unit).toPrecision(12));
}

/** Lets the number of a leaf be dragged to the sides from an element. */
function dragging(element, leaf) {
  element.addEventListener("pointerdown", event => {
    if (!program || event.button !== 0) return;
    const start = event.clientX, from = numbers.data[leaf];
    let isDragged = false;
    const onMove = moving => {
      if (!isDragged && Math.abs(moving.clientX - start) < 4) return;
      isDragged = element.isDragged = true;
      document.body.classList.add("dragging");
      moving.preventDefault();
      change(leaf, moved(from, moving.clientX - start, moving.shiftKey));
    };
    const onEnd = () => {
      element.isDragged = false;
      document.body.classList.remove("dragging");
      removeEventListener("pointermove", onMove);
      removeEventListener("pointerup", onEnd);
      removeEventListener("pointercancel", onEnd);
    };
    addEventListener("pointermove", onMove);
    addEventListener("pointerup", onEnd);
    addEventListener("pointercancel", onEnd);
  });
}

let changes = null;

/** Gives a leaf another number; everything follows. */
function change(leaf, x) {
  const data = Float64Array.from(numbers.data);
  data[leaf] = x;
  changes = data;
  recompute(data);
  refresh();
}

function reset() {
  numbers = recorded;
  changes = null;
  refresh();
}

// Going from step to step

let timer = 0;

function go(step) {
  look.step = Math.max(0, Math.min(lastStep, Math.round(step)));
  refresh(true);
}

function refresh(isStep = false) {
  compute();
  if (isStep) {
    const { node } = stepAt(look.step);
    if (node >= 0) reveal(scene.itemOf(node));
  }
  draw();
  showStep();
  showNode(look.selected);
  showLeaves();
  showSummary();
  if (byId("table-part").open) showTable();
  byId("slider").value = look.step;
  byId("slider").setAttribute("aria-valuetext", byId("announcement").textContent);
  byId("count").textContent = `${look.step} / ${lastStep}`;
}

function showSummary() {
  const values = outputs.slice(0, 3).flatMap(output => [" · ", make("bdi", {}, shortened(label[output] || "value", 24)), " = ", make("strong", {}, short(numbers.data[output]))]);
  const was = numbers === recorded ? "" : ` (recorded ${short(recorded.data[outputs[0]])})`;
  byId("summary").replaceChildren(`${count.toLocaleString("en")} nodes · ${leaves.length.toLocaleString("en")} ${leaves.length === 1 ? "leaf" : "leaves"}`, ...values, was);
}

function play() {
  if (timer) return pause();
  if (look.step === lastStep) go(0);
  const wait = Math.min(1100, Math.max(60, 60000 / lastStep));
  const tick = () => {
    go(look.step + 1);
    if (look.step === lastStep) pause();
    else timer = setTimeout(tick, wait);
  };
  timer = setTimeout(tick, Math.min(wait, 500));
  sayPlaying(true);
}

function pause() {
  clearTimeout(timer);
  timer = 0;
  sayPlaying(false);
}

const ICONS = {
  first: "M4 3v10M13 3 6 8l7 5z", back: "M11 3 4 8l7 5z", play: "M5 3l8 5-8 5z", pause: "M5 3v10M11 3v10", forth: "M5 3l7 5-7 5z", last: "M12 3v10M3 3l7 5-7 5z",
};

function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true", class: `icon ${name}` })) picture.setAttribute(key, value);
  picture.append(make("path", { d: ICONS[name] }));
  return picture;
}

function sayPlaying(isPlaying) {
  byId("play").replaceChildren(icon(isPlaying ? "pause" : "play"), make("span", { class: "unseen" }, isPlaying ? "Pause" : "Play"));
  byId("play").classList.toggle("on", isPlaying);
}

// Selecting, folding, finding

function select(item, isShown = false) {
  look.selected = item;
  if (isShown && !isScope(item)) open(item);
  if (isShown) reveal(item);
  version++;
  draw();
  showNode(item);
  showLeaves();
}

function focusOn(item) {
  select(item, true);
  drawnNodes.get(item)?.focus({ preventScroll: true });
}

/** Unfolds all scopes around a node. */
function open(node) {
  let isHidden = false;
  for (let scope = contents.scope[node]; scope >= 0; scope = outerOf[scope]) isHidden = folded.delete(scope) || isHidden;
  if (isHidden) rebuild();
}

/** Folds or unfolds a scope; what was pointed at stays where it is on the screen. */
function toggle(scope) {
  const place = () => scene.boxes.get(count + scope) ?? scene.frames.get(scope);
  const before = place(), corner = ({ x, y, w, h }) => [x - w / 2, y - h / 2];
  const [x, y] = corner(before);
  if (!folded.delete(scope)) folded.add(scope);
  rebuild();
  const [u, v] = corner(place());
  view.x += (x - u) * view.scale;
  view.y += (y - v) * view.scale;
  const item = folded.has(scope) ? count + scope : firstVisible(scope);
  focusOn(item);
}

function firstVisible(scope) {
  for (let node = firstIn[scope]; node < count; node++) {
    for (let at = contents.scope[node]; at >= 0; at = outerOf[at]) if (at === scope) return scene.itemOf(node);
  }
  return scene.itemOf(outputs[0]);
}

function foldAll(isFolded) {
  folded.clear();
  if (isFolded) outerOf.forEach((outer, scope) => outer < 0 && folded.add(scope));
  look.selected = -1;
  rebuild();
  fit();
  showNode(-1);
}

let matches = [], matchAt = -1;

function find(text) {
  const wanted = text.trim().toLowerCase();
  matches = [];
  matchAt = -1;
  if (wanted) {
    const paths = scopes.map((_, scope) => scopePath(scope).toLowerCase());
    for (let node = 0; node < count; node++) {
      const words = [label[node], kind[node] >= 0 ? operationOf(node) : "", `v${node}`];
      const isIn = contents.scope[node] >= 0 && paths[contents.scope[node]].includes(wanted);
      if (isIn || words.some((word, at) => (at === 2 ? word === wanted : word.toLowerCase().includes(wanted)))) matches.push(node);
    }
  }
  look.found = new Set(matches.map(scene.itemOf));
  version++;
  draw();
  sayMatches();
}

function nextMatch(direction) {
  if (!matches.length) return;
  matchAt = (matchAt + direction + matches.length) % matches.length;
  open(matches[matchAt]);
  look.found = new Set(matches.map(scene.itemOf));
  reveal(matches[matchAt], true);
  select(matches[matchAt]);
  sayMatches();
}

function sayMatches() {
  const total = matches.length.toLocaleString("en");
  byId("matches").textContent = !byId("search").value.trim() ? "" : !matches.length ? "none" : matchAt < 0 ? total : `${matchAt + 1} of ${total}`;
}

// All nodes as a table

const MOST_ROWS = 1000;

function showTable() {
  const heads = ["node", "what", "of", "data", "grad"].map(name => make("th", { scope: "col" }, name));
  const rows = [];
  for (let node = 0; node < Math.min(count, MOST_ROWS); node++) {
    const operands = parents[node].slice(0, MOST_OPERANDS).map(nameOf).join(", ");
    const cells = [nameOf(node), aboutOf(node), operands, full(numbers.data[node]), kind[node] === CONSTANT ? "" : full(numbers.grad[node])];
    rows.push(make("tr", {}, ...cells.map((cell, at) => make(at ? "td" : "th", at ? {} : { scope: "row" }, make("bdi", {}, cell)))));
  }
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  byId("table").replaceChildren(table, count > MOST_ROWS ? make("p", { class: "note" }, `and ${count - MOST_ROWS} more`) : "");
}

// Pointers

const pointers = new Map();
let grabbed = null;

function itemAt(event) {
  const { left, top } = byId("canvas").getBoundingClientRect();
  const x = (event.clientX - left - view.x) / view.scale, y = (event.clientY - top - view.y) / view.scale;
  for (const [item, box] of scene.boxes) if (Math.abs(x - box.x) <= box.w / 2 && Math.abs(y - box.y) <= box.h / 2) return item;
  return -1;
}

function listenToPointers() {
  const canvas = byId("canvas");
  canvas.addEventListener("pointerdown", event => {
    if (event.button !== 0) return;
    const number = event.target.closest?.(".drag");
    if (number) {
      const leaf = Number(number.closest("[data-item]").dataset.item);
      select(leaf);
      grabbed = null;
      dragLeaf(leaf, event);
      return;
    }
    pointers.set(event.pointerId, event);
    grabbed = { x: event.clientX, y: event.clientY, moved: false };
  });
  addEventListener("pointermove", event => {
    if (!pointers.has(event.pointerId)) {
      if (canvas.contains(event.target) && event.pointerType === "mouse" && !document.body.classList.contains("dragging")) hover(itemAt(event));
      return;
    }
    const before = pointers.get(event.pointerId);
    const others = [...pointers.values()].filter(each => each.pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (!grabbed) return;
    if (Math.hypot(event.clientX - grabbed.x, event.clientY - grabbed.y) > 4) grabbed.moved = true;
    if (!grabbed.moved) return;
    if (others.length) {
      const { left, top } = canvas.getBoundingClientRect(), other = others[0];
      const distance = at => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY) || 1;
      zoom(distance(event) / distance(before), (event.clientX + other.clientX) / 2 - left, (event.clientY + other.clientY) / 2 - top);
    } else {
      view.x += event.clientX - before.clientX;
      view.y += event.clientY - before.clientY;
      request();
    }
  });
  const end = event => {
    if (!pointers.delete(event.pointerId) || !grabbed || grabbed.moved || event.type === "pointercancel") return;
    const frame = event.target.closest?.("[data-frame]");
    if (frame) return toggle(Number(frame.dataset.frame));
    const item = itemAt(event);
    if (item >= 0 && isScope(item)) toggle(item - count);
    else if (item >= 0) focusOn(item);
    else select(-1);
  };
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
  canvas.addEventListener("pointerleave", () => hover(-1));
  canvas.addEventListener("wheel", event => {
    event.preventDefault();
    const { left, top } = canvas.getBoundingClientRect();
    zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - left, event.clientY - top);
  }, { passive: false });
}

function dragLeaf(leaf, event) {
  const start = event.clientX, from = numbers.data[leaf];
  document.body.classList.add("dragging");
  const onMove = moving => change(leaf, moved(from, moving.clientX - start, moving.shiftKey));
  const onEnd = () => {
    document.body.classList.remove("dragging");
    removeEventListener("pointermove", onMove);
    removeEventListener("pointerup", onEnd);
    removeEventListener("pointercancel", onEnd);
  };
  addEventListener("pointermove", onMove);
  addEventListener("pointerup", onEnd);
  addEventListener("pointercancel", onEnd);
}

let hovered = -1;
function hover(item) {
  if (item === hovered) return;
  hovered = item;
  showNode(item >= 0 ? item : look.selected);
}

// Keys

/** The item that an arrow key leads to: to a use, to an operand, or to the next one in the column. */
function neighbour(item, key) {
  const here = scene.boxes.get(item);
  const near = [];
  if (key === "ArrowLeft" || key === "ArrowRight") {
    for (const { from, to } of scene.lines) {
      if (key === "ArrowLeft" && to === item) near.push(from);
      if (key === "ArrowRight" && from === item) near.push(to);
    }
    return near.sort((a, b) => Math.abs(scene.boxes.get(a).y - here.y) - Math.abs(scene.boxes.get(b).y - here.y))[0];
  }
  const sign = key === "ArrowDown" ? 1 : -1;
  for (const [other, box] of scene.boxes) if (sign * (box.y - here.y) > 1) near.push([other, sign * (box.y - here.y) + 3 * Math.abs(box.x - here.x)]);
  return near.reduce((best, each) => (!best || each[1] < best[1] ? each : best), null)?.[0];
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const target = event.target, isText = target.matches("input:not([type=range])");
  if (isText) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const item = target.closest?.("[data-item]"), frame = target.closest?.("[data-frame]");
  const isControl = target.matches("button, summary, input, a");
  const act = actionOf(event.key, item ? Number(item.dataset.item) : -1, frame ? Number(frame.dataset.frame) : -1, isControl);
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(key, item, frame, isControl) {
  const arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  if (item >= 0 && arrows.includes(key)) return () => focusOn(neighbour(item, key) ?? item);
  if (key === "Enter" || (key === " " && (item >= 0 && isScope(item) || frame >= 0))) {
    if (frame >= 0) return () => toggle(frame);
    if (item >= 0) return () => (isScope(item) ? toggle(item - count) : editLeaf(item));
    return null;
  }
  if (isControl && (key === " " || arrows.includes(key) && item < 0 && document.activeElement === byId("slider"))) return null;
  const step = by => () => {
    pause();
    go(look.step + by);
  };
  return {
    n: step(1), p: step(-1), ArrowRight: step(1), ArrowLeft: step(-1), " ": play,
    Home: () => go(0), End: () => go(lastStep), f: () => foldAt(item),
    "/": () => byId("search").focus(), "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fit,
    "?": () => byId("keys").showModal(), Escape: () => select(-1),
  }[key];
}

/** Enter on a leaf leads to its number. */
function editLeaf(item) {
  select(item, true);
  fields.get(item)?.focus();
}

function foldAt(item) {
  const at = item >= 0 ? item : look.selected;
  if (at < 0) return;
  if (isScope(at)) toggle(at - count);
  else if (contents.scope[at] >= 0) toggle(contents.scope[at]);
}

function toggleTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
}

function listen() {
  const on = (id, act) => byId(id).addEventListener("click", act);
  const stepBy = by => () => {
    pause();
    go(look.step + by);
  };
  on("first", () => go(0));
  on("last", () => go(lastStep));
  on("back", stepBy(-1));
  on("forth", stepBy(1));
  on("play", play);
  on("fit", fit);
  on("theme", toggleTheme);
  on("help", () => byId("keys").showModal());
  on("fold-all", () => foldAll(true));
  on("unfold-all", () => foldAll(false));
  on("reset", reset);
  byId("slider").addEventListener("input", event => {
    pause();
    go(Number(event.target.value));
  });
  byId("search").addEventListener("input", event => find(event.target.value));
  byId("search").addEventListener("keydown", event => {
    if (event.key === "Enter") nextMatch(event.shiftKey ? -1 : 1);
  });
  byId("table-part").addEventListener("toggle", () => byId("table-part").open && showTable());
  byId("nodes").addEventListener("focusin", event => {
    const item = Number(event.target.dataset.item);
    if (item !== look.selected) select(item);
  });
  addEventListener("keydown", onKey);
  new ResizeObserver(request).observe(byId("canvas"));
  listenToPointers();
}

for (const name of ["first", "back", "play", "forth", "last"]) byId(name).prepend(icon(name));
byId("slider").max = lastStep;
byId("forward-part").style.flexGrow = seedStep;
byId("backward-part").style.flexGrow = Math.max(0.001, lastStep - seedStep + 0.5);
byId("fold-all").hidden = byId("unfold-all").hidden = !scopes.length;
foldToSize(80);
compute();
rebuild();
fit();
listen();
refresh();

// For the browser's console, and for tests.
globalThis.explorer = { go, change, reset, select, toggle, find, stateAfter, stepAt, lastStep, numbers: () => numbers, scene: () => scene, look };
