// Scopes: which are folded, and what is to be seen then. They are laid out from the inside, and take part in what is
// around them as boxes.

const PADDING = 16,
  HEADING = 30;

const ROOT = -1;
const outerOf = scopes.map(([, outer]) => outer);
const depthOf = [];
outerOf.forEach((outer, scope) => (depthOf[scope] = outer < 0 ? 1 : depthOf[outer] + 1));
const innerOf = scopes.map(() => []);
outerOf.forEach((outer, scope) => outer >= 0 && innerOf[outer].push(scope));
const nodesIn = new Int32Array(scopes.length),
  firstIn = new Int32Array(scopes.length).fill(count);
contents.scope.forEach((place, node) => {
  for (let scope = place; scope >= 0; scope = outerOf[scope]) {
    nodesIn[scope]++;
    firstIn[scope] = Math.min(firstIn[scope], node);
  }
});
function scopePath(scope) {
  const names = [];
  for (let at = scope; at >= 0; at = outerOf[at]) names.unshift(scopes[at][0]);
  return names.join(" / ");
}
const folded = new Set();

/** An item is what is drawn as a box: a node by its number, a folded scope by `count` more than its own. */
const isScope = item => item >= count;

/** For each scope the outermost folded one around it, itself included; -1 if there is none. */
function hiders() {
  const found = [];
  for (let scope = 0; scope < scopes.length; scope++) {
    const outer = outerOf[scope] < 0 ? -1 : found[outerOf[scope]];
    found[scope] = outer >= 0 ? outer : folded.has(scope) ? scope : -1;
  }
  return found;
}

/** Folds so that at most about `most` boxes are seen: all scopes from some depth on, so that like things look alike. */
function foldToSize(most) {
  folded.clear();
  if (count <= most) return;
  outerOf.forEach((outer, scope) => outer < 0 && folded.add(scope));
  const directly = scopes.map(() => 0);
  contents.scope.forEach(scope => scope >= 0 && directly[scope]++);
  let seen = contents.scope.filter(scope => scope < 0).length + folded.size;
  for (;;) {
    const sameDepth = [...folded];
    seen += sameDepth.reduce((sum, scope) => sum + directly[scope] + innerOf[scope].length - 1, 0);
    if (seen > most || !sameDepth.length) return;
    folded.clear();
    sameDepth.forEach(scope => innerOf[scope].forEach(inner => folded.add(inner)));
  }
}

/**
 * Everything that is to be drawn, and where: boxes by item, frames by unfolded scope, and lines between items.
 *
 * isDown: from top to bottom, not from left to right; byGraphviz: with what Graphviz gave for the unfolded graph.
 */
function compose(isDown, byGraphviz) {
  const hiddenBy = hiders();
  const itemOf = node => {
    const hider = contents.scope[node] < 0 ? -1 : hiddenBy[contents.scope[node]];
    return hider < 0 ? node : count + hider;
  };
  const boxes = new Map(),
    inside = new Map([[ROOT, []]]);
  const open = [...scopes.keys()].filter(scope => hiddenBy[scope] < 0);
  for (const scope of open) inside.set(scope, []);
  const enter = (id, container, w, h, order) => {
    const box = { id, container, w, h, order };
    inside.get(container).push(box);
    return box;
  };
  for (let node = 0; node < count; node++) {
    if (itemOf(node) !== node) continue;
    const [w, h] = contents.sizes[kind[node] === CONSTANT ? "constant" : "node"];
    boxes.set(node, enter(node, contents.scope[node], w, h, node));
  }
  const frames = new Map();
  for (let scope = 0; scope < scopes.length; scope++) {
    if (hiddenBy[scope] < 0)
      frames.set(scope, enter(count + scopes.length + scope, outerOf[scope], 0, 0, firstIn[scope]));
    else if (hiddenBy[scope] === scope)
      boxes.set(count + scope, enter(count + scope, outerOf[scope], 150, 62, firstIn[scope]));
  }
  const lines = linesBetween(itemOf);
  if (byGraphviz) placeByGraphviz(contents.layout[isDown ? "down" : "across"], boxes, frames, lines);
  else placeByColumns(isDown, boxes, frames, inside, lines);
  return { boxes, frames, lines, itemOf, isDown };
}

/** The way to lay out that is the largest in a space of that size; Graphviz's, where it is about as large. */
function composeToFit(width, height, directions = [false, true]) {
  let best = null,
    largest = 0;
  for (const isDown of directions) {
    for (const byGraphviz of contents.layout && !folded.size ? [true, false] : [false]) {
      const scene = compose(isDown, byGraphviz);
      const size = scaleToFit(extentOf(scene), width, height) * (byGraphviz ? 1.2 : 1);
      if (size > largest) [best, largest] = [scene, size];
    }
  }
  return best;
}

const LARGEST_SCALE = 1.25;
const scaleToFit = ({ w, h }, width, height) => Math.min(LARGEST_SCALE, (width - 56) / w, (height - 84) / h);

function extentOf({ boxes, frames }) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y, w, h } of [...boxes.values(), ...frames.values()]) {
    left = Math.min(left, x - w / 2);
    right = Math.max(right, x + w / 2);
    top = Math.min(top, y - h / 2);
    bottom = Math.max(bottom, y + h / 2);
  }
  return { left, top, w: right - left, h: bottom - top };
}

/** One line for each edge between two nodes, and one for all edges between two items of which one is a scope. */
function linesBetween(itemOf) {
  const lines = [],
    known = new Map();
  for (let edge = 0; edge < edgeCount; edge++) {
    const from = itemOf(edgeFrom[edge]),
      to = itemOf(edgeTo[edge]);
    if (from === to) continue;
    const isSingle = !isScope(from) && !isScope(to),
      key = pairOf(from, to);
    if (!isSingle && known.has(key)) {
      known.get(key).edges.push(edge);
      continue;
    }
    const operands = parents[edgeTo[edge]].length;
    const port = isScope(to) ? 0 : (edge - firstEdge[edgeTo[edge]] + 1) / (operands + 1) - 0.5;
    const line = { from, to, port, edges: [edge], bendsOf: () => [] };
    lines.push(line);
    if (!isSingle) known.set(key, line);
  }
  return lines;
}

/** Two numbers as one. */
const pairOf = (one, other) => one * 2 ** 26 + other;

function placeByColumns(isDown, boxes, frames, inside, lines) {
  const linksOf = linksWithin(boxes, frames, inside, lines);
  const layouts = new Map();
  const containers = [...inside.keys()].sort((a, b) => b - a); // what is inside comes after what is around it
  for (const container of containers) {
    const layout = { ...layoutOf(container, isDown, inside.get(container), linksOf.get(container)) };
    layouts.set(container, layout);
    if (container === ROOT) continue;
    const frame = frames.get(container);
    frame.w = Math.max(layout.w, 90) + 2 * PADDING;
    frame.h = layout.h + PADDING + HEADING;
  }
  for (const container of containers.reverse()) {
    const frame = frames.get(container),
      layout = layouts.get(container);
    layout.left = frame ? frame.x - frame.w / 2 + PADDING : 0;
    layout.top = frame ? frame.y - frame.h / 2 + HEADING : 0;
    inside.get(container).forEach((box, at) => {
      box.x = layout.left + layout.x[at];
      box.y = layout.top + layout.y[at];
    });
  }
  for (const line of lines) {
    const { bendsOf, left, top } = layouts.get(line.container);
    line.bendsOf = () => bendsOf(line.link).map(([x, y]) => [left + x, top + y]);
  }
}

/** For each scope the links between the boxes directly in it; each line learns its container and its link's number. */
function linksWithin(boxes, frames, inside, lines) {
  const linksOf = new Map();
  for (const [container, all] of inside) {
    linksOf.set(container, []);
    all.forEach((box, at) => {
      box.at = at;
      box.linkTo = new Map();
    });
  }
  for (const line of lines) {
    let from = boxes.get(line.from),
      to = boxes.get(line.to);
    // up to the container that both are in
    while (from.container !== to.container) {
      if ((depthOf[from.container] ?? 0) >= (depthOf[to.container] ?? 0)) from = frames.get(from.container);
      else to = frames.get(to.container);
    }
    const links = linksOf.get(from.container);
    if (!from.linkTo.has(to.at)) {
      from.linkTo.set(to.at, links.length);
      links.push({ from: from.at, to: to.at, port: to.id === line.to ? line.port : 0 });
    }
    line.link = from.linkTo.get(to.at);
    line.container = from.container;
  }
  return linksOf;
}

const laidOut = new Map();

/** The layout within a container, or the one that was found before for just the same. */
function layoutOf(container, isDown, boxes, links) {
  const key = `${container} ${isDown}`;
  const asked = Float64Array.from([
    ...boxes.flatMap(({ w, h, order }) => [w, h, order]),
    ...links.flatMap(({ from, to, port }) => [from, to, port]),
  ]);
  const known = laidOut.get(key);
  const isKnown = known?.boxes === boxes.length && known.asked.length === asked.length;
  if (isKnown && known.asked.every((number, at) => number === asked[at])) return known.layout;
  const layout = layeredTowards(isDown, boxes, links);
  laidOut.set(key, { asked, boxes: boxes.length, layout });
  return layout;
}

function placeByGraphviz({ centres, curves }, boxes, frames, lines) {
  for (const [node, box] of boxes) [box.x, box.y] = centres[node];
  const curvesOf = new Map();
  for (const [from, to, ...points] of curves) {
    const key = `${from} ${to}`;
    if (!curvesOf.has(key)) curvesOf.set(key, []);
    curvesOf.get(key).push(points);
  }
  for (const line of lines) line.curve = curvesOf.get(`${line.from} ${line.to}`)?.shift();
  const edgesOf = new Map();
  const widen = (scope, left, top, right, bottom) => {
    const known = edgesOf.get(scope) ?? [Infinity, Infinity, -Infinity, -Infinity];
    edgesOf.set(scope, [
      Math.min(known[0], left),
      Math.min(known[1], top),
      Math.max(known[2], right),
      Math.max(known[3], bottom),
    ]);
  };
  for (const [node, { x, y, w, h }] of boxes) widen(contents.scope[node], x - w / 2, y - h / 2, x + w / 2, y + h / 2);
  for (let scope = scopes.length - 1; scope >= 0; scope--) {
    const [left, top, right, bottom] = edgesOf.get(scope);
    const [l, t, r, b] = [left - 11, top - 24, right + 11, bottom + 11];
    Object.assign(frames.get(scope), { x: (l + r) / 2, y: (t + b) / 2, w: r - l, h: b - t });
    widen(outerOf[scope], l, t, r, b);
  }
}
