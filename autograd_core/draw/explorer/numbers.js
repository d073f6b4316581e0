"use strict";
// What the page knows of the graph: its nodes and edges, its numbers, and what each step does.

const contents = JSON.parse(document.getElementById("contents").textContent);
const LEAF = -1,
  CONSTANT = -2;
const { kind, label, parents, operations, scopes, outputs, leaves } = contents;
const count = kind.length;

// Edges stand in the order of the nodes, and for each node in that of its operands.
const firstEdge = new Int32Array(count + 1);
for (let node = 0; node < count; node++) firstEdge[node + 1] = firstEdge[node] + parents[node].length;
const edgeCount = firstEdge[count];
const edgeFrom = new Int32Array(edgeCount),
  edgeTo = new Int32Array(edgeCount);
const usesOf = Array.from({ length: count }, () => []);
for (let node = 0; node < count; node++) {
  parents[node].forEach((parent, place) => {
    const edge = firstEdge[node] + place;
    edgeFrom[edge] = parent;
    edgeTo[edge] = node;
    usesOf[parent].push(edge);
  });
}

// Numbers: as recorded, and as computed here once a leaf was changed

const listed = name => Float64Array.from(contents[name], Number);
const recorded = { data: listed("data"), grad: listed("grad"), share: listed("share"), slope: listed("slope") };
const kept = listed("kept");
const program = globalThis.graphProgram;
let numbers = recorded;

function recompute(data) {
  const all = program(Array.from(leaves, leaf => data[leaf]));
  let at = 0;
  const next = length => Float64Array.from(all.slice(at, (at += length)));
  numbers = { data: next(count), grad: next(count), share: next(edgeCount), slope: next(edgeCount) };
}

// As Python writes them. Computed numbers are shown to 12 digits: the last ones of a function such as exp may differ
// between this page's mathematical library and Python's.

const PYTHON_NAMES = { NaN: "nan", Infinity: "inf", "-Infinity": "-inf" };
const asText = x => PYTHON_NAMES[x] ?? (Object.is(x, -0) ? "-0" : String(x));
const full = x => asText(numbers === recorded || !Number.isFinite(x) ? x : Number(x.toPrecision(12)));

function short(x) {
  if (!Number.isFinite(x) || x === 0) return asText(x).replace("-", "−");
  const size = Math.abs(x);
  const text =
    size >= 1e5 || size < 1e-4
      ? x
          .toExponential(3)
          .replace(/\.?0+e/, "e")
          .replace("e+", "e")
      : String(Number(x.toPrecision(4)));
  return text.replaceAll("-", "−");
}

function parsed(text) {
  const plain = text.trim().replaceAll("−", "-").replace(",", ".").toLowerCase();
  const named = { nan: NaN, inf: Infinity, "+inf": Infinity, "-inf": -Infinity }[plain];
  if (named !== undefined) return named;
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : null;
}

const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

// Names and formulas

const shortened = (text, longest) => (text.length > longest ? text.slice(0, longest - 1) + "…" : text);
// What has no label is called by a letter that begins no label, and its number.
const letter = ["v", "n", "t"].find(start => !label.some(text => RegExp(`^${start}\\d+$`).test(text))) ?? "#";
const numberOf = node => `${letter}${node}`;
const nameOf = node => label[node] || (kind[node] === CONSTANT ? short(numbers.data[node]) : numberOf(node));
/** The name without the scopes that stand around the node anyway. */
const briefly = node =>
  contents.scope[node] >= 0 && /^\w+(\.\w+)+$/.test(label[node]) ? label[node].split(".").pop() : nameOf(node);
const operationOf = node => operations[kind[node]][0];
const symbolOf = node => operations[kind[node]][1];
const aboutOf = node => (kind[node] === LEAF ? "leaf" : kind[node] === CONSTANT ? "constant" : operationOf(node));

const MOST_OPERANDS = 12;

/** The formula of an operation as a list of texts and operands; `write` says how an operand is written. */
function formulaOf(node, write) {
  const operands = parents[node].slice(0, MOST_OPERANDS).map(write);
  const left = parents[node].length - operands.length;
  const symbol = symbolOf(node);
  if (operands.length === 1 && symbol.includes("·")) {
    const [before, after] = symbol.split("·");
    return [before, operands[0], after];
  }
  if (operands.length === 1 && symbol === "²") return [operands[0], "²"];
  if (operands.length === 1 && /^[^\p{L}]$/u.test(symbol)) return [symbol, operands[0]];
  if (operands.length === 2 && !left && /^([^\p{L}\s]+|and|or)$/u.test(symbol))
    return [operands[0], ` ${symbol} `, operands[1]];
  const parts = [/\s/.test(symbol) ? operationOf(node) : symbol, "("];
  operands.forEach((operand, place) => parts.push(...(place ? [", "] : []), operand));
  return [...parts, left ? `, … ${left} more)` : ")"];
}

// Steps: 0 with the leaves alone; each operation forward; the seed; each operation that sends something, in reverse

const forwardOrder = [...kind.keys()].filter(node => kind[node] >= 0);
const passing = Uint8Array.from(contents.passing);
const sends = node => passing.subarray(firstEdge[node], firstEdge[node + 1]).includes(1);
const backwardOrder = forwardOrder.filter(sends).reverse();
const seedStep = forwardOrder.length + 1;
const lastStep = seedStep + backwardOrder.length;

/** What a step is: its pass, and the node that it is about (-1 for none). */
function stepAt(step) {
  if (step === 0) return { pass: "start", node: -1 };
  if (step < seedStep) return { pass: "forward", node: forwardOrder[step - 1] };
  if (step === seedStep) return { pass: "seed", node: outputs[0] };
  return { pass: "backward", node: backwardOrder[step - seedStep - 1] };
}

/** Which data and grads are there after a step. Grads are summed in the order of the engine, so with its rounding. */
function stateAfter(step) {
  const known = new Uint8Array(count),
    grad = new Float64Array(count),
    sent = new Uint8Array(edgeCount);
  for (let node = 0; node < count; node++) known[node] = kind[node] < 0 ? 1 : 0;
  for (let at = 0; at < Math.min(step, forwardOrder.length); at++) known[forwardOrder[at]] = 1;
  const reached = new Uint8Array(count);
  const add = (node, share) => {
    grad[node] = reached[node] ? grad[node] + share : share;
    reached[node] = 1;
  };
  if (step >= seedStep) outputs.forEach(node => add(node, 1));
  for (let at = 0; at < step - seedStep; at++) {
    const node = backwardOrder[at];
    for (let edge = firstEdge[node]; edge < firstEdge[node + 1]; edge++) {
      if (!passing[edge]) continue;
      sent[edge] = 1;
      add(edgeFrom[edge], numbers.share[edge]);
    }
  }
  return { known, grad, reached, sent };
}
