// Steps, and what pointers and keys do.

/** Gives leaves other numbers, a list of pairs; everything follows. */
function changeAll(moves) {
  const data = Float64Array.from(numbers.data);
  for (const [leaf, x] of moves) data[leaf] = x;
  recompute(data);
  refresh();
}

const change = (leaf, x) => changeAll([[leaf, x]]);

function reset() {
  numbers = recorded;
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
  const values = outputs
    .slice(0, 3)
    .flatMap(output => [
      " · ",
      make("bdi", {}, shortened(label[output] || "value", 24)),
      " = ",
      make("strong", {}, short(numbers.data[output])),
    ]);
  const was = numbers === recorded ? "" : ` (recorded ${short(recorded.data[outputs[0]])})`;
  byId("summary").replaceChildren(
    `${count.toLocaleString("en")} nodes · ${leaves.length.toLocaleString("en")} ${leaves.length === 1 ? "leaf" : "leaves"}`,
    ...values,
    was,
  );
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
  first: "M4 3v10M13 3 6 8l7 5z",
  back: "M11 3 4 8l7 5z",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  forth: "M5 3l7 5-7 5z",
  last: "M12 3v10M3 3l7 5-7 5z",
};

function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({
    viewBox: "0 0 16 16",
    width: 16,
    height: 16,
    "aria-hidden": "true",
    class: `icon ${name}`,
  }))
    picture.setAttribute(key, value);
  picture.append(make("path", { d: ICONS[name] }));
  return picture;
}

function sayPlaying(isPlaying) {
  byId("play").replaceChildren(
    icon(isPlaying ? "pause" : "play"),
    make("span", { class: "unseen" }, isPlaying ? "Pause" : "Play"),
  );
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
  for (let scope = contents.scope[node]; scope >= 0; scope = outerOf[scope])
    isHidden = folded.delete(scope) || isHidden;
  if (isHidden) rebuild();
}

/** Folds or unfolds a scope; what was pointed at stays where it is on the screen. */
function toggle(scope) {
  const place = () => scene.boxes.get(count + scope) ?? scene.frames.get(scope);
  const before = place(),
    corner = ({ x, y, w, h }) => [x - w / 2, y - h / 2];
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
  rebuild(count > 2000 ? [scene.isDown] : [false, true]); // of a large graph one layout takes long enough
  fit();
  showNode(-1);
}

let matches = [],
  matchAt = -1;

function find(text) {
  const wanted = text.trim().toLowerCase();
  matches = [];
  matchAt = -1;
  if (wanted) {
    const paths = scopes.map((_, scope) => scopePath(scope).toLowerCase());
    for (let node = 0; node < count; node++) {
      const words = [label[node], kind[node] >= 0 ? operationOf(node) : "", numberOf(node)];
      const isIn = contents.scope[node] >= 0 && paths[contents.scope[node]].includes(wanted);
      if (isIn || words.some((word, at) => (at === 2 ? word === wanted : word.toLowerCase().includes(wanted))))
        matches.push(node);
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
  byId("matches").textContent = !byId("search").value.trim()
    ? ""
    : !matches.length
      ? "none"
      : matchAt < 0
        ? total
        : `${matchAt + 1} of ${total}`;
}

// Pointers

const pointers = new Map();
let grabbed = null;

function itemAt(event) {
  const { left, top } = byId("canvas").getBoundingClientRect();
  const x = (event.clientX - left - view.x) / view.scale,
    y = (event.clientY - top - view.y) / view.scale;
  for (const [item, box] of scene.boxes)
    if (Math.abs(x - box.x) <= box.w / 2 && Math.abs(y - box.y) <= box.h / 2) return item;
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
      beginDrag(leaf, event);
      return;
    }
    pointers.set(event.pointerId, event);
    grabbed = { x: event.clientX, y: event.clientY, moved: false };
  });
  addEventListener("pointermove", event => {
    if (!pointers.has(event.pointerId)) {
      if (
        canvas.contains(event.target) &&
        event.pointerType === "mouse" &&
        !document.body.classList.contains("dragging")
      )
        hover(itemAt(event));
      return;
    }
    const before = pointers.get(event.pointerId);
    const others = [...pointers.values()].filter(each => each.pointerId !== event.pointerId);
    pointers.set(event.pointerId, event);
    if (!grabbed) return;
    if (Math.hypot(event.clientX - grabbed.x, event.clientY - grabbed.y) > 4) grabbed.moved = true;
    if (!grabbed.moved) return;
    if (others.length) {
      const { left, top } = canvas.getBoundingClientRect(),
        other = others[0];
      const distance = at => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY) || 1;
      zoom(
        distance(event) / distance(before),
        (event.clientX + other.clientX) / 2 - left,
        (event.clientY + other.clientY) / 2 - top,
      );
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
  canvas.addEventListener(
    "wheel",
    event => {
      event.preventDefault();
      const { left, top } = canvas.getBoundingClientRect();
      zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - left, event.clientY - top);
    },
    { passive: false },
  );
}

let hovered = -1;
function hover(item) {
  if (item === hovered) return;
  hovered = item;
  showNode(item >= 0 ? item : look.selected);
}

// Keys

/** The item that an arrow key leads to: along a line to a use or an operand, or across to the next one beside it. */
function neighbour(item, key) {
  const here = scene.boxes.get(item);
  const [back, on, before, after] = scene.isDown
    ? ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"]
    : ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  const along = box => (scene.isDown ? box.y - here.y : box.x - here.x);
  const across = box => (scene.isDown ? box.x - here.x : box.y - here.y);
  let near = [];
  if (key === back) near = scene.lines.filter(({ to }) => to === item).map(({ from }) => from);
  else if (key === on) near = scene.lines.filter(({ from }) => from === item).map(({ to }) => to);
  else if (key === before || key === after) {
    const sign = key === after ? 1 : -1;
    near = [...scene.boxes.keys()].filter(other => sign * across(scene.boxes.get(other)) > 1);
  }
  const far = other => Math.abs(across(scene.boxes.get(other))) + 3 * Math.abs(along(scene.boxes.get(other)));
  return near.reduce((best, other) => (best === undefined || far(other) < far(best) ? other : best), undefined);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const target = event.target,
    isText = target.matches("input:not([type=range])");
  if (isText) {
    if (event.key === "Escape") target.blur();
    return;
  }
  const item = target.closest?.("[data-item]"),
    frame = target.closest?.("[data-frame]");
  const isControl = target.matches("button, summary, input, a");
  const act = actionOf(
    event.key,
    item ? Number(item.dataset.item) : -1,
    frame ? Number(frame.dataset.frame) : -1,
    isControl,
  );
  if (!act) return;
  event.preventDefault();
  act();
}

function actionOf(key, item, frame, isControl) {
  const arrows = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
  if (item >= 0 && arrows.includes(key)) return () => focusOn(neighbour(item, key) ?? item);
  if (key === "Enter" || (key === " " && ((item >= 0 && isScope(item)) || frame >= 0))) {
    if (frame >= 0) return () => toggle(frame);
    if (item >= 0) return () => (isScope(item) ? toggle(item - count) : editLeaf(item));
    return null;
  }
  if (isControl && (key === " " || (arrows.includes(key) && item < 0 && document.activeElement === byId("slider"))))
    return null;
  const step = by => () => {
    pause();
    go(look.step + by);
  };
  return {
    n: step(1),
    p: step(-1),
    ArrowRight: step(1),
    ArrowLeft: step(-1),
    " ": play,
    Home: () => go(0),
    End: () => go(lastStep),
    f: () => foldAt(item),
    "/": () => byId("search").focus(),
    "+": () => zoom(1.25),
    "=": () => zoom(1.25),
    "-": () => zoom(0.8),
    0: fit,
    "?": () => byId("keys").showModal(),
    Escape: () => select(-1),
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

function turn() {
  rebuild([!scene.isDown]);
  fit();
}

function toggleTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme
    ? root.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
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
  on("turn", turn);
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
  // Not on a group of the picture: a browser lets the focus go to an element of SVG that listens to it.
  byId("canvas").addEventListener("focusin", event => {
    const item = event.target.dataset.item;
    if (item !== undefined && Number(item) !== look.selected) select(Number(item));
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
showSummary();
rebuild();
refresh();
fit();
listen();

// For the browser's console, and for tests.
globalThis.explorer = {
  go,
  change,
  changeAll,
  reset,
  select,
  toggle,
  find,
  stateAfter,
  stepAt,
  lastStep,
  numbers: () => numbers,
  scene: () => scene,
  look,
};
