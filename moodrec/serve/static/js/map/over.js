/** What lies over the points: names of regions, lines that are drawn, and the track that is pointed at. They follow the camera with each frame. */
import { useLayoutEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { Radar } from "../parts/radar.js";
import { atlas, hovered, results, sentence, titleOf } from "../state.js";
import { WHOLE } from "./atlas.js";
import { arranged } from "./labels.js";

const TIP_PX = [276, 230];

/** What names of regions keep clear of. */
const OVER = ".tools, .legend, .selection, .file text";

export function Regions({ view }) {
  const layer = useRef(null), named = (atlas.value?.regions ?? []).filter((one) => one.moods.length || one.genre);
  useLayoutEffect(() => arrange(layer.current, named.map((one) => onScreen(view, one.x, one.y))));
  return html`<div class="regions" ref=${layer}>${named.map((region, place) => html`<span class="region" key=${place}>${[...region.moods, region.genre].filter(Boolean).join(" ")}</span>`)}</div>`;
}

/** Put names where there is room for them; the others are not shown. @param {HTMLElement} layer @param {[number, number][]} places */
function arrange(layer, places) {
  const { left, top, width, height } = layer.getBoundingClientRect(), spans = [...layer.children];
  const taken = [...layer.parentElement.querySelectorAll(OVER)].map((one) => one.getBoundingClientRect())
    .map((box) => ({ left: box.left - left, top: box.top - top, width: box.width, height: box.height }));
  const names = spans.map((one, place) => ({ x: places[place][0], y: places[place][1], width: one.offsetWidth, height: one.offsetHeight }));
  arranged(names, { width, height }, taken).forEach((box, place) => {
    spans[place].style.visibility = box ? "" : "hidden";
    if (box) spans[place].style.transform = `translate(${box.left}px, ${box.top}px)`;
  });
}

export function Drawing({ view, drawn }) {
  const known = atlas.value, way = results.value.kind === "path" ? results.value.tracks : [], { file } = sentence.value;
  const points = way.map((one) => known?.rowOf.get(one.track_id)).filter((row) => row !== undefined)
    .map((row) => onScreen(view, known.places[2 * row], known.places[2 * row + 1]).join(","));
  const line = drawn.map(([x, y]) => onScreen(view, x, y).join(",")), there = file?.place && known ? onScreen(view, ...file.place) : null;
  return html`<svg class="over" aria-hidden="true">
    ${points.length > 1 && html`<polyline points=${points.join(" ")} fill="none" stroke="var(--accent)" stroke-width="2" stroke-dasharray="5 4" />`}
    ${line.length > 1 && html`<polyline points=${line.join(" ")} fill="rgb(242 176 76 / 15%)" stroke="var(--accent)" stroke-width="2" />`}
    ${there && html`<g class="file"><circle cx=${there[0]} cy=${there[1]} r="9" /><text x=${there[0]} y=${there[1] - 16} text-anchor="middle">${file.name.slice(0, 40)}</text></g>`}
  </svg>`;
}

export function Tip({ view }) {
  const track = hovered.value, known = atlas.value;
  if (!track || !known) return null;
  const row = known.rowOf.get(track.track_id);
  if (row === undefined) return null;
  const [x, y] = onScreen(view, known.places[2 * row], known.places[2 * row + 1]);
  if (track.row === undefined) return html`<svg class="over" aria-hidden="true"><circle cx=${x} cy=${y} r="13" fill="none" stroke="var(--accent)" stroke-width="3" /></svg>`;
  const [width, height] = TIP_PX, left = Math.min(Math.max(8, x + 16), view.camera.width - width), top = Math.min(Math.max(8, y - 40), view.camera.height - height);
  return html`<div class="tip" style=${{ transform: `translate(${left}px, ${top}px)` }}>
    <strong><bdi>${titleOf(track)}</bdi></strong><span><bdi>${track.artist ?? "unknown artist"}</bdi></span>
    <${Radar} moods=${known.moodsOf(row)} size=${150} />
  </div>`;
}

const onScreen = (view, x, y) => view.camera.toScreen(x / WHOLE, y / WHOLE);
