/** The player below. */
import { html } from "../html.js";
import { next, paused, playing, previous, progress, seek, toggle } from "../playing.js";
import { startFrom, titleOf } from "../state.js";
import { clock } from "../words.js";
import { Icon } from "./icon.js";

export function Player() {
  const track = playing.value, { at, of } = progress.value;
  return html`<footer class="player" aria-label="Player">
    <div class="acts">
      <button class="button plain icon" aria-label="Previous" disabled=${!track} onClick=${previous}><${Icon} name="previous" /></button>
      <button class="button main icon" aria-label=${paused.value ? "Play" : "Pause"} disabled=${!track} onClick=${toggle}><${Icon} name=${paused.value ? "play" : "pause"} /></button>
      <button class="button plain icon" aria-label="Next" onClick=${next}><${Icon} name="next" /></button>
    </div>
    <div class="now">${track ? html`<strong><bdi>${titleOf(track)}</bdi></strong><span><bdi>${track.artist ?? "unknown artist"}</bdi></span>` : html`<span>Nothing plays. Click a point on the map or a result.</span>`}
      ${track && html`<div class="seek"><span>${clock(at)}</span><input type="range" min="0" max=${of || 1} step="0.5" value=${at} aria-label="Position" onInput=${(event) => seek(Number(event.target.value))} /><span>${clock(of || Number.NaN)}</span></div>`}</div>
    ${track ? html`<button class="button" onClick=${() => startFrom(track)}>Like this</button>` : html`<span></span>`}
  </footer>`;
}
