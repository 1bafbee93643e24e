/** The list that one puts together. */
import { useEffect, useState } from "../../vendor/hooks.js";
import { json } from "../api.js";
import { html } from "../html.js";
import { play, playAll } from "../playing.js";
import { tell, titleOf } from "../state.js";
import { clear, exportAs, list, move, remove, seconds, thoseThere } from "../tray.js";
import { clock, count } from "../words.js";
import { Icon } from "./icon.js";

export function Tray() {
  const tracks = list.value, [over, setOver] = useState(-1), [from, setFrom] = useState(-1);
  if (!tracks.length) return html`<div class="empty"><strong>Your list is empty.</strong><span>Put tracks into it with the list button of each result, with a lasso, or by drawing a path on the map.</span></div>`;
  const keys = (place) => (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (event.key === "Delete") remove(place);
    else if (by) { event.preventDefault(); event.stopPropagation(); move(place, place + by); requestAnimationFrame(() => document.querySelector(`[data-grip="${place + by}"]`)?.focus()); }
  };
  return html`<div class="status" role="status"><strong>${count(tracks.length, "track")}</strong><span>${clock(seconds.value || Number.NaN)}</span></div>
    <ol class="scroll tray" aria-label="List">${tracks.map((track, place) => html`<li key=${track.track_id} draggable="true" data-over=${over === place}
        onDragStart=${() => setFrom(place)} onDragOver=${(event) => { event.preventDefault(); setOver(place); }} onDrop=${() => { move(from, place); setOver(-1); }} onDragEnd=${() => setOver(-1)}>
      <button class="grip" data-grip=${place} aria-label=${`Place ${place + 1} of ${tracks.length}: move ${titleOf(track)} with the arrow keys`} onKeyDown=${keys(place)}>⠿</button>
      <div class="row-track"><button class="button plain icon" aria-label=${`Play ${titleOf(track)}`} onClick=${() => play(track, tracks)}><${Icon} name="play" /></button>
        <button class="names" onClick=${() => play(track, tracks)}><strong><bdi>${titleOf(track)}</bdi></strong><span><bdi>${track.artist ?? "unknown artist"}</bdi></span></button></div>
      <button class="button plain icon" aria-label=${`Remove ${titleOf(track)}`} onClick=${() => remove(place)}><${Icon} name="close" /></button></li>`)}</ol>
    <div class="tray-tools">
      <button class="button main" onClick=${() => playAll(tracks)}>Play all</button>
      <button class="button" onClick=${() => exportAs("m3u8")}>Save as M3U</button>
      <button class="button" onClick=${() => exportAs("xspf")}>Save as XSPF</button>
      <${Players} />
      <button class="button plain" onClick=${clear}>Clear</button>
    </div>`;
}

/** The players that `moodrec link` has linked: a list can be written into them. */
function Players() {
  const [players, setPlayers] = useState([]);
  useEffect(() => { json("players").then((found) => setPlayers(found.players), () => {}); }, []);
  const write = (name, tracks) => json(`players/${encodeURIComponent(name)}/playlists`, { body: { title: `moodrec ${new Date().toLocaleDateString()}`, track_ids: tracks.map((one) => one.track_id) } })
    .then(() => tell(`The list is in ${name} now.`), (error) => tell(error.message));
  const send = (name) => {
    const tracks = thoseThere();
    if (tracks.length) write(name, tracks);
  };
  return players.map((one) => html`<button class="button" key=${one.name} onClick=${() => send(one.name)}>Send to ${one.name}</button>`);
}
