// A layered layout after Sugiyama, Tagawa and Toda (1981): columns by the longest way, order by the means of neighbours,
// heights by least squares. Scopes are laid out from the inside, and take part in what is around them as boxes.

const GAP_X = 84,
  GAP_Y = 18,
  BEND = 10,
  MOST_BENDS = 4000;
const PADDING = 16,
  HEADING = 30;

/**
 * Places boxes in columns from left to right.
 *
 * boxes: a list of {w, h, order}; links: a list of {from, to, port}, where a port is from -0.5 (top) to 0.5.
 * Gives the centres x and y of the boxes, the bends of each link, and the size of the whole.
 */
function layered(boxes, links) {
  const total = boxes.length;
  const out = boxes.map(() => []),
    into = boxes.map(() => []);
  for (const link of links) {
    out[link.from].push(link);
    into[link.to].push(link);
  }
  const natural = [...boxes.keys()].sort((a, b) => boxes[a].order - boxes[b].order);
  const rank = ranksOf(natural, out, into);
  const cells = boxes.map((box, id) => ({
    id,
    h: box.h,
    w: box.w,
    rank: rank[id],
    order: box.order,
    left: [],
    right: [],
  }));
  const long = links.filter(link => rank[link.to] - rank[link.from] > 1);
  const bends = long.reduce((sum, link) => sum + rank[link.to] - rank[link.from] - 1, 0);
  const ways = new Map();
  for (const link of links) {
    const span = rank[link.to] - rank[link.from];
    if (span < 1) continue;
    const way = [cells[link.from]];
    for (let at = 1; at < span && bends <= MOST_BENDS; at++) {
      const cell = {
        id: -1,
        h: BEND,
        w: 0,
        rank: rank[link.from] + at,
        order: boxes[link.from].order,
        left: [],
        right: [],
      };
      cells.push(cell);
      way.push(cell);
    }
    way.push(cells[link.to]);
    ways.set(link, way);
    for (let at = 1; at < way.length; at++) {
      way[at].left.push({ cell: way[at - 1], port: 0 });
      way[at - 1].right.push({ cell: way[at], port: at === way.length - 1 ? link.port : 0 });
    }
  }
  const columns = [];
  for (const cell of cells) (columns[cell.rank] ??= []).push(cell);
  for (let at = 0; at < columns.length; at++) (columns[at] ??= []).sort((a, b) => a.order - b.order);
  arrange(columns, total > 1500 ? 4 : 14);
  straighten(columns, total > 1500 ? 6 : 16);
  return finished(boxes, cells, columns, ways);
}

/** The column of each box: after those it depends on; one that depends on none stands beside its first use. */
function ranksOf(natural, out, into) {
  const rank = new Int32Array(natural.length),
    waiting = into.map(links => links.length);
  const done = new Uint8Array(natural.length);
  const ready = natural.filter(id => !waiting[id]);
  for (let seen = 0, head = 0, cursor = 0; seen < natural.length;) {
    // Scopes may depend on each other: then the first in the order of the graph goes ahead.
    while (head === ready.length && done[natural[cursor]]) cursor++;
    const id = head < ready.length ? ready[head++] : natural[cursor];
    if (done[id]) continue;
    done[id] = 1;
    seen++;
    for (const { to } of out[id]) {
      if (done[to]) continue;
      rank[to] = Math.max(rank[to], rank[id] + 1);
      if (--waiting[to] === 0) ready.push(to);
    }
  }
  for (const id of natural) {
    if (into[id].length || !out[id].length) continue;
    rank[id] = Math.max(0, Math.min(...out[id].slice(0, 1000).map(link => rank[link.to])) - 1);
  }
  return rank;
}

function arrange(columns, rounds) {
  const number = column => column.forEach((cell, at) => (cell.at = at - (column.length - 1) / 2));
  columns.forEach(number);
  for (let round = 0; round < rounds; round++) {
    const fromLeft = round % 2 === 0;
    for (const column of fromLeft ? columns : columns.toReversed()) {
      for (const cell of column) {
        const near = fromLeft ? cell.left : cell.right;
        cell.key = near.length
          ? near.reduce((sum, { cell, port }) => sum + cell.at + 0.9 * port, 0) / near.length
          : cell.at;
      }
      column.sort((a, b) => a.key - b.key);
      number(column);
    }
  }
}

function straighten(columns, rounds) {
  for (const column of columns) {
    let y = 0;
    for (const cell of column) {
      cell.y = y + cell.h / 2;
      y += cell.h + GAP_Y;
    }
    for (const cell of column) cell.y -= (y - GAP_Y) / 2;
  }
  for (let round = 0; round < rounds; round++) {
    const last = round >= rounds - 2;
    for (const column of round % 2 ? columns : columns.toReversed()) {
      for (const cell of column) {
        const near = last ? [...cell.left, ...cell.right] : round % 2 ? cell.left : cell.right;
        // What depends on nothing follows its use, not the other way round: else long chains would drift.
        const firm = near.filter(other => other.cell.left.length || other.cell.id < 0),
          by = firm.length ? firm : near;
        cell.wish = by.length ? by.reduce((sum, other) => sum + other.cell.y, 0) / by.length : cell.y;
        cell.weight = cell.id < 0 ? 6 : 1 + near.length;
      }
      separate(column);
    }
  }
}

/** The heights nearest to what the cells wish that keep their order and distance: pool adjacent violators. */
function separate(column) {
  const pools = [];
  let offset = 0;
  column.forEach((cell, at) => {
    if (at) offset += (column[at - 1].h + cell.h) / 2 + (cell.id < 0 && column[at - 1].id < 0 ? 4 : GAP_Y);
    cell.offset = offset;
    let pool = { mean: cell.wish - offset, weight: cell.weight, cells: [cell] };
    while (pools.length && pools[pools.length - 1].mean >= pool.mean) {
      const before = pools.pop();
      const weight = before.weight + pool.weight;
      pool = {
        mean: (before.mean * before.weight + pool.mean * pool.weight) / weight,
        weight,
        cells: before.cells.concat(pool.cells),
      };
    }
    pools.push(pool);
  });
  for (const { mean, cells } of pools) for (const cell of cells) cell.y = mean + cell.offset;
}

/** Columns side by side; a picture that would be a long line goes on below, as text does. */
function finished(boxes, cells, columns, ways) {
  let x = 0;
  for (const column of columns) {
    const width = column.reduce((most, cell) => Math.max(most, cell.w), 0);
    for (const cell of column) cell.x = x + width / 2;
    x += width + GAP_X;
  }
  const extent = () => {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const cell of cells) {
      left = Math.min(left, cell.x - cell.w / 2);
      right = Math.max(right, cell.x + cell.w / 2);
      top = Math.min(top, cell.y - cell.h / 2);
      bottom = Math.max(bottom, cell.y + cell.h / 2);
    }
    return { left, top, w: right - left, h: bottom - top };
  };
  let size = extent();
  if (size.w > 5000 && size.w > 12 * size.h) {
    const height = size.h + 90,
      rows = Math.ceil(Math.sqrt(size.w / (1.8 * height))),
      width = size.w / rows;
    for (const cell of cells) {
      const row = Math.min(rows - 1, Math.floor((cell.x - size.left) / width));
      cell.x -= row * width;
      cell.y += row * height;
    }
    size = extent();
  }
  for (const cell of cells) {
    cell.x -= size.left;
    cell.y -= size.top;
  }
  const bendsOf = link => (ways.get(link) ?? []).slice(1, -1).map(({ x, y }) => [x, y]);
  return {
    x: cells.slice(0, boxes.length).map(cell => cell.x),
    y: cells.slice(0, boxes.length).map(cell => cell.y),
    bendsOf,
    w: size.w,
    h: size.h,
  };
}

// Scopes: which are folded, and what is to be seen then

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

/** Folds so that about `most` boxes are seen: all outermost scopes, of which the first are then unfolded again. */
function foldToSize(most) {
  folded.clear();
  if (count <= most) return;
  outerOf.forEach((outer, scope) => outer < 0 && folded.add(scope));
  const directly = scopes.map(() => 0);
  contents.scope.forEach(scope => scope >= 0 && directly[scope]++);
  let seen = contents.scope.filter(scope => scope < 0).length + folded.size;
  for (const scope of folded) {
    const more = directly[scope] + innerOf[scope].length - 1;
    if (seen + more > most) continue;
    seen += more;
    folded.delete(scope);
    innerOf[scope].forEach(inner => folded.add(inner));
  }
}

/** Everything that is to be drawn, and where: boxes by item, frames by unfolded scope, and lines between items. */
function compose() {
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
    if (hiddenBy[scope] < 0) frames.set(scope, enter(`frame ${scope}`, outerOf[scope], 0, 0, firstIn[scope]));
    else if (hiddenBy[scope] === scope)
      boxes.set(count + scope, enter(count + scope, outerOf[scope], 150, 62, firstIn[scope]));
  }
  const lines = linesBetween(itemOf);
  if (contents.layout && !folded.size) placeByGraphviz(boxes, frames, lines);
  else placeByColumns(boxes, frames, inside, lines);
  let [right, bottom] = [0, 0];
  for (const { x, y, w, h } of [...boxes.values(), ...frames.values()]) {
    right = Math.max(right, x + w / 2);
    bottom = Math.max(bottom, y + h / 2);
  }
  return { boxes, frames, lines, itemOf, w: right, h: bottom };
}

/** One line for each edge between two nodes, and one for all edges between two items of which one is a scope. */
function linesBetween(itemOf) {
  const lines = [],
    known = new Map();
  for (let edge = 0; edge < edgeCount; edge++) {
    const from = itemOf(edgeFrom[edge]),
      to = itemOf(edgeTo[edge]);
    if (from === to) continue;
    const single = !isScope(from) && !isScope(to);
    const key = single ? `edge ${edge}` : `${from} ${to}`;
    if (!known.has(key)) {
      const operands = parents[edgeTo[edge]].length;
      const port = isScope(to) ? 0 : (edge - firstEdge[edgeTo[edge]] + 1) / (operands + 1) - 0.5;
      known.set(key, { from, to, port, edges: [], bends: [] });
      lines.push(known.get(key));
    }
    known.get(key).edges.push(edge);
  }
  return lines;
}

function placeByColumns(boxes, frames, inside, lines) {
  const linksOf = new Map([...inside.keys()].map(container => [container, new Map()]));
  for (const line of lines) {
    let [from, to] = [boxes.get(line.from), boxes.get(line.to)];
    // up to the container that both are in
    while (from.container !== to.container) {
      if ((depthOf[from.container] ?? 0) >= (depthOf[to.container] ?? 0)) from = frames.get(from.container);
      else to = frames.get(to.container);
    }
    const links = linksOf.get(from.container),
      key = `${from.id} ${to.id}`;
    if (!links.has(key)) links.set(key, { boxes: [from, to], port: to.id === line.to ? line.port : 0 });
    line.link = links.get(key);
    line.container = from.container;
  }
  const layouts = new Map();
  const containers = [...inside.keys()].sort((a, b) => b - a); // what is inside comes after what is around it
  for (const container of containers) {
    const all = inside.get(container),
      place = new Map(all.map((box, at) => [box, at]));
    const links = [...linksOf.get(container).values()];
    for (const link of links) [link.from, link.to] = link.boxes.map(box => place.get(box));
    const layout = layered(all, links);
    layouts.set(container, layout);
    if (container === ROOT) continue;
    const frame = frames.get(container);
    frame.w = Math.max(layout.w, 90) + 2 * PADDING;
    frame.h = layout.h + PADDING + HEADING;
  }
  for (const container of containers.reverse()) {
    const frame = frames.get(container),
      layout = layouts.get(container);
    const left = frame ? frame.x - frame.w / 2 + PADDING : 0,
      top = frame ? frame.y - frame.h / 2 + HEADING : 0;
    inside.get(container).forEach((box, at) => Object.assign(box, { x: left + layout.x[at], y: top + layout.y[at] }));
    Object.assign(layout, { left, top });
  }
  for (const line of lines) {
    const { bendsOf, left, top } = layouts.get(line.container);
    line.bends = bendsOf(line.link).map(([x, y]) => [left + x, top + y]);
  }
}

function placeByGraphviz(boxes, frames, lines) {
  const { centres, curves } = contents.layout;
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
