// A layered layout after Sugiyama, Tagawa and Toda (1981): columns by the longest way, order by the means of neighbours,
// heights by least squares.

const GAP_X = 84,
  GAP_Y = 18,
  BEND = 10,
  MOST_BENDS = 4000,
  MOST_IN_COLUMN = 60;

/** The same from top to bottom, if `isDown`: with width and height, and x and y, exchanged. */
function layeredTowards(isDown, boxes, links) {
  if (!isDown) return layered(boxes, links);
  const { x, y, w, h, bendsOf } = layered(
    boxes.map(box => ({ ...box, w: box.h, h: box.w })),
    links,
    GAP_Y + 34,
  );
  return { x: y, y: x, w: h, h: w, bendsOf: at => bendsOf(at).map(point => point.toReversed()) };
}

/**
 * Places boxes in columns from left to right.
 *
 * boxes: a list of {w, h, order}; links: a list of {from, to, port}, where a port is from -0.5 (top) to 0.5.
 * Gives the centres x and y of the boxes, the bends of each link by its number, and the size of the whole.
 */
function layered(boxes, links, gap = GAP_X) {
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
  const ways = [];
  for (const [number, link] of links.entries()) {
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
    ways[number] = way;
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
  return finished(boxes, cells, columns, ways, gap);
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

/** Has the boxes of a long column stand in rows, so that they are a block and not a line; gives its width. */
function blockOf(column) {
  const boxes = column.filter(cell => cell.id >= 0);
  const w = Math.max(...boxes.map(cell => cell.w)) + 24,
    h = Math.max(...boxes.map(cell => cell.h)) + GAP_Y;
  const across = Math.max(1, Math.round(Math.sqrt((boxes.length * h) / w))),
    rows = Math.ceil(boxes.length / across);
  const middle = boxes.reduce((sum, cell) => sum + cell.y, 0) / boxes.length;
  boxes.forEach((cell, at) => {
    cell.aside = ((at % across) - (across - 1) / 2) * w;
    cell.y = middle + (Math.floor(at / across) - (rows - 1) / 2) * h;
  });
  return boxes.length ? across * w : 0;
}

/** Columns side by side; a picture that would be a long line goes on below, as text does. */
function finished(boxes, cells, columns, ways, gap) {
  let x = 0;
  for (const column of columns) {
    const width =
      column.length > MOST_IN_COLUMN ? blockOf(column) : column.reduce((most, cell) => Math.max(most, cell.w), 0);
    for (const cell of column) cell.x = x + width / 2 + (cell.aside ?? 0);
    x += width + gap;
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
  const bendsOf = number => (ways[number] ?? []).slice(1, -1).map(({ x, y }) => [x, y]);
  return {
    x: cells.slice(0, boxes.length).map(cell => cell.x),
    y: cells.slice(0, boxes.length).map(cell => cell.y),
    bendsOf,
    w: size.w,
    h: size.h,
  };
}
