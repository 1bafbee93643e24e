/** What lies over the points: names of regions, lines that are drawn, and the track that is pointed at. They follow the camera with each frame. */
import { html } from "../html.js";
import { Radar } from "../parts/radar.js";
import { atlas, hovered, results, sentence, titleOf } from "../state.js";
import { WHOLE } from "./atlas.js";

const TIP_PX = [276, 230];

export function Regions({ view }) {
  const known = atlas.value;
  if (!known) return null;
  return known.regions.filter((one) => one.moods.length || one.genre).map((region) => {
    const [x, y] = onScreen(view, region.x, region.y);
    if (x < 0 || y < 0 || x > view.camera.width || y > view.camera.height) return null;
    return html`<span class="region" style=${{ transform: `translate(${x}px, ${y}px)` }}>${[...region.moods, region.genre].filter(Boolean).join(" ")}</span>`;
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
