// The panel beside the picture: the step, the leaves, the node, the table.

const number = (x, isFull = false) => {
  const element = make("data", { value: full(x), title: full(x) }, isFull ? full(x) : short(x));
  if (x < 0 && !isFull) element.classList.add("negative");
  return element;
};

function chip(node) {
  if (kind[node] === CONSTANT && !label[node])
    return make("span", { class: "chip constant" }, short(numbers.data[node]));
  const element = make(
    "button",
    { type: "button", class: `chip ${kindClass(node)}`, title: shortened(nameOf(node), 200) },
    make("bdi", {}, shortened(nameOf(node), 24)),
  );
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
  const before = stateAfter(look.step - 1),
    g = numbers.grad[node];
  box.append(make("p", {}, "The cotangent of ", chip(node), " is complete: ", number(g), ". It sends on"));
  const list = make("ul", { class: "shares" });
  const said = [],
    grad = new Map();
  for (let edge = firstEdge[node], shown = 0; edge < firstEdge[node + 1]; edge++) {
    if (!passing[edge]) continue;
    const operand = edgeFrom[edge],
      share = numbers.share[edge],
      slope = numbers.slope[edge];
    const had = grad.has(operand) ? grad.get(operand) : before.reached[operand] ? before.grad[operand] : null;
    const has = had === null ? share : had + share;
    grad.set(operand, has);
    if (++shown > MOST_OPERANDS) continue;
    const isNone = share === 0 && g * slope !== 0;
    const sum = isNone ? ["nothing: not selected"] : [number(g), " × ", number(slope), " = ", number(share)];
    list.append(
      make(
        "li",
        nameOf(operand).length > 9 ? { class: "long" } : {},
        make("span", { class: "to" }, "to ", chip(operand)),
        make("span", { class: "product" }, ...sum),
        make("span", { class: "growth" }, "grad ", had === null ? "0" : number(had), " → ", number(has)),
      ),
    );
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
    box.append(
      make("p", {}, make("bdi", {}, scopePath(scope)), `: ${counted(nodesIn[scope], "node")}, folded.`),
      button,
    );
    return;
  }
  const rows = make("dl");
  const row = (name, ...parts) => rows.append(make("dt", {}, name), make("dd", {}, ...parts));
  row(kind[item] < 0 ? aboutOf(item) : operationOf(item), chip(item));
  row("data", state.known[item] ? number(numbers.data[item], true) : "not computed yet");
  if (kind[item] !== CONSTANT) {
    const isComplete =
      !state.reached[item] || state.grad[item] === numbers.grad[item] || Number.isNaN(state.grad[item]);
    row(isComplete ? "grad" : "grad so far", state.reached[item] ? number(state.grad[item], true) : "none has arrived");
    if (numbers === recorded && kept[item] !== 0 && kept[item] !== recorded.grad[item] && !Number.isNaN(kept[item]))
      row(".grad in Python", number(kept[item], true));
  }
  parents[item].slice(0, MOST_OPERANDS).forEach((operand, place) => {
    const edge = firstEdge[item] + place;
    const slope = passing[edge] ? [" local derivative ", number(numbers.slope[edge], true)] : [" no gradient passes"];
    row(
      place ? "" : parents[item].length > 1 ? "operands" : "operand",
      chip(operand),
      make("span", { class: "note" }, ...slope),
    );
  });
  if (parents[item].length > MOST_OPERANDS) row("", `and ${parents[item].length - MOST_OPERANDS} more`);
  const uses = new Set(usesOf[item].map(edge => edgeTo[edge])).size;
  row("used by", uses ? counted(uses, "node") : "nothing here: an output");
  if (contents.scope[item] >= 0) row("scope", make("bdi", {}, scopePath(contents.scope[item])));
  row(
    "line",
    contents.line[item] >= 0
      ? make("code", {}, contents.lines[contents.line[item]])
      : make("span", { class: "note" }, "not recorded: make nodes within record_lines()"),
  );
  box.append(rows);
}

// Leaves, whose numbers can be dragged

const MOST_LEAVES = 8;
const fields = new Map();

function showLeaves() {
  byId("drag-note").textContent = !program
    ? `This graph cannot be dragged: ${contents.refusal}.`
    : leaves.length
      ? "All data and grads follow."
      : "There is no leaf that may change.";
  if (!program) return;
  const { node } = stepAt(look.step);
  const near = [look.selected, ...(parents[look.selected] ?? []), ...(parents[node] ?? [])].filter(
    each => kind[each] === LEAF,
  );
  const plain = leaves.filter(leaf => label[leaf] && !label[leaf].includes("."));
  const all = [...new Set([...near, ...plain, ...leaves])];
  const isFixed = leaves.length <= MOST_LEAVES || byId("leaves").contains(document.activeElement);
  const chosen =
    isFixed && fields.size
      ? [...fields.keys()]
      : leaves.length <= MOST_LEAVES
        ? [...leaves]
        : all.slice(0, MOST_LEAVES);
  if (chosen.join() !== [...fields.keys()].join()) {
    fields.clear();
    byId("leaves").replaceChildren(...chosen.map(makeField));
    if (leaves.length > chosen.length)
      byId("leaves").append(
        make("p", { class: "note" }, `and ${leaves.length - chosen.length} more: select one in the graph`),
      );
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
  const field = make("input", {
    id,
    inputmode: "decimal",
    role: "spinbutton",
    autocomplete: "off",
    spellcheck: "false",
    "aria-valuenow": "0",
  });
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
  field.addEventListener("pointerdown", event => {
    if (event.button === 0) beginDrag(leaf, event, isDragged => (field.isDragged = isDragged));
  });
  fields.set(leaf, field);
  return make("div", { class: "field" }, make("label", { for: id }, make("bdi", {}, lastPart(nameOf(leaf)))), field);
}

/** A long dotted name by its end, which tells it from its neighbours. */
const lastPart = text => (text.length > 16 && text.includes(".") ? "…" + text.slice(-14) : text.slice(0, 40));

/** The number that so many pixels further is: a pixel is about a 200th of it. */
function moved(x, pixels, isFine) {
  if (!Number.isFinite(x)) return x;
  const unit = 10 ** (Math.floor(Math.log10(Math.max(Math.abs(x), 0.1) * 1.0000001)) - 2) * (isFine ? 0.1 : 1);
  return Number((Math.round((x + pixels * unit) / unit) * unit).toPrecision(12));
}

/** Has the number of a leaf follow a pointer that was pressed, from the moment it has moved; `tell` is told. */
function beginDrag(leaf, event, tell = () => {}) {
  const start = event.clientX,
    from = numbers.data[leaf];
  let isDragged = false;
  const onMove = moving => {
    if (!isDragged && Math.abs(moving.clientX - start) < 4) return;
    if (!isDragged) tell((isDragged = true));
    document.body.classList.add("dragging");
    change(leaf, moved(from, moving.clientX - start, moving.shiftKey));
  };
  const events = { pointermove: onMove, pointerup: onEnd, pointercancel: onEnd };
  function onEnd() {
    tell(false);
    document.body.classList.remove("dragging");
    for (const [name, act] of Object.entries(events)) removeEventListener(name, act);
  }
  for (const [name, act] of Object.entries(events)) addEventListener(name, act);
  event.target.setPointerCapture(event.pointerId); // also outside of the window
}

// All nodes as a table

const MOST_ROWS = 1000;

function showTable() {
  const heads = ["node", "what", "of", "data", "grad"].map(name => make("th", { scope: "col" }, name));
  const rows = [];
  for (let node = 0; node < Math.min(count, MOST_ROWS); node++) {
    const operands = parents[node].slice(0, MOST_OPERANDS).map(nameOf).join(", ");
    const cells = [
      nameOf(node),
      aboutOf(node),
      operands,
      full(numbers.data[node]),
      kind[node] === CONSTANT ? "" : full(numbers.grad[node]),
    ];
    rows.push(
      make(
        "tr",
        {},
        ...cells.map((cell, at) => make(at ? "td" : "th", at ? {} : { scope: "row" }, make("bdi", {}, cell))),
      ),
    );
  }
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), make("tbody", {}, ...rows));
  byId("table").replaceChildren(
    table,
    count > MOST_ROWS ? make("p", { class: "note" }, `and ${count - MOST_ROWS} more`) : "",
  );
}
