/** The results: the map's equal for those who cannot see it. */
import { computed } from "../../vendor/signals.js";
import { useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { play, playing } from "../playing.js";
import { again } from "../searching.js";
import { hovered, jobs, library, named, results, say, sentence, startFrom, startOver, titleOf } from "../state.js";
import { addToList } from "../tray.js";
import { count, readable, share } from "../words.js";
import { Icon } from "./icon.js";
import { Why } from "./why.js";

/** Where a list begins: with another beginning one sees it from its top. */
const begins = computed(() => [sentence.value.seed, sentence.value.end].map((one) => one?.track_id).join());

export function Results() {
  const found = results.value, scroll = useRef(null), from = begins.value;
  // On small screens it is the whole side that scrolls.
  useLayoutEffect(() => { scroll.current.scrollTop = scroll.current.parentElement.scrollTop = 0; }, [from]);
  return html`<div class="status" role="status" aria-live="polite">${statusOf(found)}</div>
    <div class="scroll" ref=${scroll}>${found.state === "failed" && !isWithoutIndex(found) ? html`<${Failed} found=${found} />` : found.state !== "idle" && !found.tracks.length ? html`<${Empty} found=${found} />` : html`<${Rows} tracks=${found.tracks} why=${found.why} />`}</div>`;
}

function statusOf(found) {
  if (found.state === "idle") return "Opening the library …";
  if (found.state === "failed") return "";
  const n = found.total ?? found.tracks.length;
  const { passed: met, rows } = found.explain ?? {}, passed = met > n && met < rows ? ` of ${count(met, "track")} that meet the conditions` : "";
  return html`<span><strong>${count(n, "track")}</strong>${passed}</span>
    ${found.notes?.map((note) => html`<span key=${note}>${note}</span>`)}`;
}

/** A server without an index answers 503 to everything; that is an empty library. */
const isWithoutIndex = (found) => found.status === 503 && library.value?.tracks === 0;

function Failed({ found }) {
  return html`<div class="empty"><strong>${found.message}</strong>
    ${[0, 429, 500, 502, 503, 504].includes(found.status) && html`<button class="button" onClick=${again}>Try again</button>`}
    ${[400, 404, 409, 413, 422].includes(found.status) && html`<button class="button" onClick=${startOver}>Start over</button>`}</div>`;
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
  return html`<ol class="rows" ref=${list} aria-label="Results">${tracks.map((track) => html`<${Row} key=${track.track_id} track=${track} cosine=${why?.get(track.track_id)?.cosine} />`)}</ol>`;
}

/** Rows that change their place move there, so that the eye can follow; not for people who want less motion. */
function useMoves(list, tracks) {
  const before = useRef(new Map());
  useLayoutEffect(() => {
    const now = new Map(), box = list.current?.parentElement;
    if (!box || matchMedia("(prefers-reduced-motion: reduce)").matches) { before.current = now; return; }
    const seen = (top) => top < box.scrollTop + innerHeight && top > box.scrollTop - innerHeight;
    for (const row of list.current.children) {
      const top = row.offsetTop, from = before.current.get(row.dataset.id);
      now.set(row.dataset.id, top);
      if (from === top || !(seen(top) || seen(from))) continue; // nobody sees the others move
      if (from === undefined) row.animate([{ opacity: 0 }, { opacity: 1 }], 160);
      else row.animate([{ transform: `translateY(${from - top}px)` }, { transform: "none" }], { duration: 220, easing: "ease-out" });
    }
    before.current = now;
  }, [tracks]);
}

/** Artist, album and year; each keeps its own direction of writing. */
function about(track) {
  const known = [track.artist, track.album, track.year].filter(Boolean);
  return known.length ? known.map((one, place) => html`${place > 0 && " · "}<bdi>${one}</bdi>`) : "unknown artist";
}

/** Rows follow what was voted and not the whole sentence, which changes with every step of a drag. */
const likes = computed(() => sentence.value.likes), dislikes = computed(() => sentence.value.dislikes);

function Row({ track, cosine }) {
  const [open, setOpen] = useState(false), id = track.track_id;
  const up = likes.value.includes(id), down = dislikes.value.includes(id);
  const vote = (side, other, on) => {
    const said = sentence.peek(), without = (ids) => ids.filter((one) => one !== id);
    say({ [side]: on ? without(said[side]) : [...said[side], id], [other]: without(said[other]) });
  };
  return html`<li class="row-track" data-id=${track.track_id} data-playing=${playing.value?.track_id === id}
      onMouseEnter=${() => { hovered.value = named(track); }} onMouseLeave=${() => { hovered.value = null; }}>
    <button class="button plain icon" aria-label=${`Play ${titleOf(track)}`} onClick=${() => play(track)}><${Icon} name="play" /></button>
    <button class="names" onClick=${() => { startFrom(track); play(track); }} title="Play it, and find what is like it"><strong><bdi>${titleOf(track)}</bdi></strong><span>${about(track)}</span></button>
    <span class="acts">
      ${cosine !== null && cosine !== undefined && html`<span class="score" title="cosine of the sound">${share(cosine)}</span>`}
      <button class="button plain icon thumb" aria-label="More like this" aria-pressed=${up} onClick=${() => vote("likes", "dislikes", up)}><${Icon} name="up" /></button>
      <button class="button plain icon thumb down" aria-label="Less like this" aria-pressed=${down} onClick=${() => vote("dislikes", "likes", down)}><${Icon} name="down" /></button>
      <button class="button plain icon" aria-label=${`Put ${titleOf(track)} into the list`} onClick=${() => addToList([track])}><${Icon} name="add" /></button>
      <button class="button plain icon" aria-label="Why, and more" aria-expanded=${open} onClick=${() => setOpen(!open)}><${Icon} name="why" /></button>
    </span>
    ${open && html`<${Why} track=${track} />`}
  </li>`;
}
