/** The results: the map's equal for those who cannot see it. */
import { useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { play, playing } from "../playing.js";
import { again } from "../searching.js";
import { hovered, jobs, library, named, results, say, sentence, startFrom, startOver, titleOf } from "../state.js";
import { addToList } from "../tray.js";
import { count, readable } from "../words.js";
import { Icon } from "./icon.js";
import { Why } from "./why.js";

export function Results() {
  const found = results.value, scroll = useRef(null), { seed, end } = sentence.value;
  useLayoutEffect(() => { scroll.current.scrollTop = 0; }, [seed?.track_id, end?.track_id]);
  return html`<div class="status" role="status" aria-live="polite">${statusOf(found)}</div>
    <div class="scroll" ref=${scroll}>${found.state === "failed" ? html`<${Failed} found=${found} />` : found.state === "done" && !found.tracks.length ? html`<${Empty} found=${found} />` : html`<${Rows} tracks=${found.tracks} why=${found.why} />`}</div>`;
}

function statusOf(found) {
  if (found.state === "idle") return "Opening the library …";
  if (found.state === "failed") return "";
  const n = found.total ?? found.tracks.length;
  const passed = found.explain && found.explain.passed < found.explain.rows ? ` of ${count(found.explain.passed, "track")} that meet the conditions` : "";
  return html`<span><strong>${count(n, "track")}</strong>${passed}</span>
    ${found.notes?.map((note) => html`<span key=${note}>${note}</span>`)}`;
}

function Failed({ found }) {
  return html`<div class="empty"><strong>${found.message}</strong>
    ${found.status === 0 && html`<button class="button" onClick=${again}>Try again</button>`}
    ${found.status === 404 && html`<button class="button" onClick=${startOver}>Start over</button>`}</div>`;
}

function Empty({ found }) {
  const said = sentence.value, drops = [...(found.explain?.dropped ?? [])].sort((a, b) => b.rows - a.rows);
  if (library.value?.tracks === 0) {
    return html`<div class="empty"><strong>There is no track in this library yet.</strong>
      <span>${jobs.value.length ? "An analysis is running; its tracks appear here as they are done." : "Add a folder of music with the folder button above, or run: moodrec analyze FOLDER"}</span></div>`;
  }
  const worst = drops[0] && said.conditions.find((one) => one.replace(/[\s()]/g, "") === drops[0].condition.replace(/[\s()]/g, ""));
  const drop = worst ?? said.conditions.at(-1);
  return html`<div class="empty"><strong>No track meets all of this.</strong>
    ${found.shortfall && html`<span>${found.shortfall}</span>`}
    ${drop && html`<button class="button" onClick=${() => say({ conditions: said.conditions.filter((one) => one !== drop) })}>Drop “${readable(drop)}”${worst ? `, which leaves out ${count(drops[0].rows, "track")}` : ""}</button>`}
    <button class="button plain" onClick=${startOver}>Start over</button></div>`;
}

function Rows({ tracks, why }) {
  const list = useRef(null);
  useMoves(list, tracks);
  return html`<ol class="rows" ref=${list} aria-label="Results">${tracks.map((track, place) => html`<${Row} key=${track.track_id} track=${track} place=${place} why=${why?.get(track.track_id)} />`)}</ol>`;
}

/** Rows that change their place move there, so that the eye can follow; not for people who want less motion. */
function useMoves(list, tracks) {
  const before = useRef(new Map());
  useLayoutEffect(() => {
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const now = new Map();
    for (const row of list.current?.children ?? []) {
      const top = row.offsetTop, from = before.current.get(row.dataset.id);
      now.set(row.dataset.id, top);
      if (still || from === top) continue;
      if (from === undefined) row.animate([{ opacity: 0 }, { opacity: 1 }], 160);
      else row.animate([{ transform: `translateY(${from - top}px)` }, { transform: "none" }], { duration: 220, easing: "ease-out" });
    }
    before.current = now;
  }, [tracks]);
}

function Row({ track, place, why }) {
  const [open, setOpen] = useState(false), said = sentence.value;
  const up = said.likes.includes(track.track_id), down = said.dislikes.includes(track.track_id);
  const vote = (side, other, on) => say({ [side]: on ? said[side].filter((one) => one !== track.track_id) : [...said[side], track.track_id], [other]: said[other].filter((one) => one !== track.track_id) });
  return html`<li class="row-track" data-id=${track.track_id} data-place=${place} data-playing=${playing.value?.track_id === track.track_id}
      onMouseEnter=${() => { hovered.value = named(track); }} onMouseLeave=${() => { hovered.value = null; }}>
    <button class="button plain icon" aria-label=${`Play ${titleOf(track)}`} onClick=${() => play(track)}><${Icon} name="play" /></button>
    <button class="names" onClick=${() => { startFrom(track); play(track); }} title="Play it, and find what is like it"><strong>${titleOf(track)}</strong><span>${[track.artist, track.album, track.year].filter(Boolean).join(" · ") || "unknown artist"}</span></button>
    <span class="acts">
      ${why?.cosine !== null && why?.cosine !== undefined && html`<span class="score" title="cosine of the sound">${why.cosine.toFixed(2).replace(/^0/, "")}</span>`}
      <button class="button plain icon thumb" aria-label="More like this" aria-pressed=${up} onClick=${() => vote("likes", "dislikes", up)}><${Icon} name="up" /></button>
      <button class="button plain icon thumb down" aria-label="Less like this" aria-pressed=${down} onClick=${() => vote("dislikes", "likes", down)}><${Icon} name="down" /></button>
      <button class="button plain icon" aria-label=${`Put ${titleOf(track)} into the list`} onClick=${() => addToList([track])}><${Icon} name="add" /></button>
      <button class="button plain icon" aria-label="Why, and more" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="why" /></button>
    </span>
    ${open && html`<${Why} track=${track} why=${why} />`}
  </li>`;
}
