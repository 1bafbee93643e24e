/** The map of the library: drawn, moved, pointed at, circled and drawn upon. */
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { effect } from "../../vendor/signals.js";
import { html } from "../html.js";
import { play } from "../playing.js";
import { atlas, colouredBy, hovered, mapOpen, results, selection, sentence, startFrom, tell, theme, tool } from "../state.js";
import { addToList } from "../tray.js";
import { Icon } from "../parts/icon.js";
import { auditions, setAuditions } from "../audition.js";
import { WHOLE } from "./atlas.js";
import { Camera } from "./camera.js";
import { coloursOf } from "./colours.js";
import { Legend } from "./legend.js";
import { Drawing, Regions, Tip } from "./over.js";
import { HIDDEN, HIT, PLAIN, Points, SEED } from "./points.js";
import { Selection } from "./selection.js";

const NEAR_PX = 14;
/** Results that stand out on the map; those further down are drawn as usual. */
const MARKED = 20;
const STILL_MS = 90;

export function Map_() {
  const canvas = useRef(null);
  const [view, setView] = useState(null);
  const [drawn, setDrawn] = useState([]);
  const [frame, redraw] = useState(0);
  useEffect(() => {
    let made;
    try {
      made = new MapView(canvas.current, () => redraw((n) => n + 1), setDrawn);
    } catch {
      setView("none");
      return undefined;
    }
    setView(made);
    return () => made.close();
  }, []);
  if (view === "none") return html`<p class="nomap">This browser has no WebGL2, so there is no map here; the list on the right has every track.</p>`;
  return html`
    <canvas ref=${canvas} data-tool=${tool.value} role="img" aria-label="Map of the library; the list of results has the same tracks"></canvas>
    ${view && html`<${Regions} view=${view} frame=${frame} /><${Drawing} view=${view} frame=${frame} drawn=${drawn} /><${Tip} view=${view} frame=${frame} />`}
    <${Tools} view=${view} /><${Legend} /><${Selection} />`;
}

/** The camera, the points and the pointer of one canvas. */
class MapView {
  constructor(canvas, moved, setDrawn) {
    Object.assign(this, { canvas, moved, setDrawn, camera: new Camera(), pointers: new Map(), line: [] });
    this.points = new Points(canvas);
    this.ends = [
      effect(() => { if (atlas.value) { this.points.setPlaces(atlas.value.places); this.later(); } }),
      effect(() => { if (atlas.value) { this.points.setColours(coloursOf(atlas.value, colouredBy.value)); this.later(); } }),
      effect(() => { if (atlas.value) this.mark(marksOf(atlas.value)); }),
      effect(() => { if (theme.value) this.later(); }),
    ];
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(canvas);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.theme.addEventListener("change", this.later);
    for (const [name, take] of Object.entries(this.handlers)) canvas.addEventListener(name, take, { passive: false });
    this.resize();
  }

  /** Rows come first while one drags: the marks follow when the results have been still for a moment. */
  mark(marks) {
    clearTimeout(this.marking);
    const set = () => { this.points.setMarks(marks); this.later(); };
    if (this.marked) this.marking = setTimeout(set, STILL_MS);
    else set();
    this.marked = true;
  }

  close() {
    clearTimeout(this.marking);
    for (const end of this.ends) end();
    this.watcher.disconnect();
    this.theme.removeEventListener("change", this.later);
  }

  later = () => {
    this.waiting ??= requestAnimationFrame(() => {
      this.waiting = undefined;
      const style = getComputedStyle(this.canvas);
      const ink = (style.color.match(/\d+(\.\d+)?/g) ?? [0, 0, 0]).slice(0, 3).map((one) => one / 255);
      this.points.draw(this.camera, { ink, dim: Number.parseFloat(style.getPropertyValue("--point-dim")) });
      this.moved();
    });
  };

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.canvas.width = Math.round(clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(clientHeight * devicePixelRatio);
    this.camera.resize(clientWidth, clientHeight);
    this.later();
  }

  zoomBy(factor) { this.camera.magnify(factor, this.camera.width / 2, this.camera.height / 2); this.later(); }

  whole() { this.camera.whole(); this.later(); }

  at(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  placeAt(px, py) { return this.camera.toPlace(px, py).map((one) => one * WHOLE); }

  rowAt(px, py) {
    const [x, y] = this.placeAt(px, py);
    return atlas.peek()?.grid.nearest(x, y, (NEAR_PX / this.camera.zoom) * WHOLE) ?? -1;
  }

  handlers = {
    wheel: (event) => {
      event.preventDefault();
      this.camera.magnify(Math.exp(-event.deltaY * 0.0016), ...this.at(event));
      this.later();
    },
    pointerdown: (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.pointers.set(event.pointerId, this.at(event));
      this.still = true;
      if (this.draws(event)) this.setDrawn((this.line = [this.placeAt(...this.at(event))]));
    },
    pointermove: (event) => {
      const now = this.at(event), before = this.pointers.get(event.pointerId);
      if (!before) return this.hover(now);
      if (Math.hypot(now[0] - before[0], now[1] - before[1]) > 3) this.still = false;
      if (this.line.length) {
        this.setDrawn((this.line = [...this.line, this.placeAt(...now)]));
      } else if (this.pointers.size === 2) {
        this.pinch(event.pointerId, now);
      } else if (!this.still) {
        this.camera.pan(now[0] - before[0], now[1] - before[1]);
        this.later();
      } else {
        return undefined;
      }
      this.pointers.set(event.pointerId, now);
      return undefined;
    },
    pointerup: (event) => {
      this.pointers.delete(event.pointerId);
      if (this.line.length) this.finish();
      else if (this.still) this.choose(this.rowAt(...this.at(event)));
    },
    pointercancel: (event) => {
      this.pointers.delete(event.pointerId);
      this.setDrawn((this.line = []));
    },
    pointerleave: () => { hovered.value = null; },
    dblclick: (event) => { this.camera.magnify(2, ...this.at(event)); this.later(); },
  };

  draws(event) { return tool.peek() !== "move" || event.shiftKey; }

  hover([px, py]) {
    const row = this.rowAt(px, py);
    this.canvas.style.cursor = row >= 0 ? "pointer" : "";
    hovered.value = row < 0 ? null : { ...atlas.peek().track(row), row, x: px, y: py };
  }

  pinch(id, now) {
    const [other] = [...this.pointers].filter(([one]) => one !== id).map(([, place]) => place);
    const before = this.pointers.get(id), distance = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
    this.camera.magnify(distance(now) / Math.max(1, distance(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
    this.later();
  }

  choose(row) {
    if (row < 0) { selection.value = null; return; }
    const track = atlas.peek().track(row);
    startFrom(track);
    play(track);
  }

  finish() {
    const line = this.line, way = tool.peek() === "path";
    this.setDrawn((this.line = []));
    if (line.length < 3) return;
    if (way) alongLine(line);
    else {
      const rows = atlas.peek().grid.inside(line);
      if (rows.length) selection.value = rows;
      else tell("No track lies inside.");
    }
    tool.value = "move";
  }
}

/** A list along a drawn line: the nearest track at even distances, each once. @param {[number, number][]} line */
function alongLine(line) {
  const known = atlas.peek(), rows = [];
  for (const [x, y] of evenly(line, 20)) {
    const row = known.grid.nearest(x, y, WHOLE / 6);
    if (row >= 0 && !rows.includes(row)) rows.push(row);
  }
  addToList(rows.map((row) => known.track(row)));
}

function evenly(line, n) {
  const lengths = [0];
  for (let i = 1; i < line.length; i++) lengths.push(lengths[i - 1] + Math.hypot(line[i][0] - line[i - 1][0], line[i][1] - line[i - 1][1]));
  const whole = lengths.at(-1);
  return Array.from({ length: n }, (_, step) => line[Math.max(0, lengths.findIndex((one) => one >= (whole * step) / (n - 1)))]);
}

function marksOf(known) {
  const marks = new Uint8Array(known.count), chosen = selection.value, found = results.value;
  const pointed = found.tracks.length > 0 && found.kind !== "list";
  marks.fill(pointed || chosen ? HIDDEN : PLAIN);
  for (const row of chosen ?? []) marks[row] = HIT;
  const mark = (id, as) => { const row = known.rowOf.get(id); if (row !== undefined) marks[row] = as; };
  if (pointed && !chosen) found.tracks.forEach((one, rank) => mark(one.track_id, rank < MARKED ? HIT : PLAIN));
  for (const one of [sentence.value.seed, sentence.value.end]) if (one) mark(one.track_id, SEED);
  return marks;
}

function Tools({ view }) {
  const button = (name, label, icon, act, pressed) =>
    html`<button class="button icon" title=${label} aria-label=${label} aria-pressed=${pressed} onClick=${act} key=${name}><${Icon} name=${icon} /></button>`;
  const toggle = (name) => () => { tool.value = tool.value === name ? "move" : name; };
  return html`<div class="tools">
    <button class="button icon sheet-handle" aria-label="Close the map" onClick=${() => { mapOpen.value = false; }}><${Icon} name="close" /></button>
    ${button("in", "Closer", "plus", () => view?.zoomBy(1.6))}
    ${button("out", "Further", "minus", () => view?.zoomBy(1 / 1.6))}
    ${button("whole", "The whole map", "whole", () => view?.whole())}
    ${button("lasso", "Circle tracks (or hold Shift)", "lasso", toggle("lasso"), tool.value === "lasso")}
    ${button("path", "Draw a path; it becomes a list", "path", toggle("path"), tool.value === "path")}
    ${button("audition", "Hear what is pointed at", "audition", () => setAuditions(!auditions.value), auditions.value)}
  </div>`;
}

