/** What plays, and what plays after it. */
import { effect, signal } from "../vendor/signals.js";
import { audioOf, isAway } from "./api.js";
import { results, tell, titleOf } from "./state.js";

export const playing = signal(null);
export const paused = signal(true);
export const progress = signal({ at: 0, of: 0 });
/** Tracks that play one after the other; null follows the results. */
const queue = signal(null);

const audio = new Audio();
audio.preload = "auto";
audio.addEventListener("timeupdate", () => { progress.value = { at: audio.currentTime, of: audio.duration || 0 }; });
audio.addEventListener("durationchange", () => { progress.value = { at: audio.currentTime, of: audio.duration || 0 }; });
audio.addEventListener("play", () => { paused.value = false; });
audio.addEventListener("pause", () => { paused.value = true; });
audio.addEventListener("ended", () => next());
audio.addEventListener("error", () => {
  if (playing.peek()) mend(playing.peek());
});

/** The source is decoded by the server, and whether it plays once it is there. */
let decoded = false, wanted = false;

/** A browser that cannot decode a file gets it decoded by the server; else it is said why a track does not play. */
async function mend(track) {
  const first = !decoded, silent = !wanted;
  paused.value = true;
  if (silent && !first) return;
  try {
    const answer = await fetch(audioOf(track.track_id, !first), { method: "HEAD" });
    if (playing.peek() !== track) return;
    if (answer.ok && first) load(track, true, wanted);
    else if (silent) return; // nobody has asked to hear it yet
    else if (isAway(answer)) tell("The server does not answer.");
    else if (answer.ok || answer.status === 422) tell(`“${titleOf(track)}” cannot be decoded.`);
    else if (answer.status === 501) tell(`This browser cannot play “${titleOf(track)}”, and the server cannot decode it: pip install 'moodrec[av]'.`);
    else if (answer.status === 404) tell(`The file of “${titleOf(track)}” is not where it was.`);
    else tell(`“${titleOf(track)}” cannot be played: the server answers ${answer.status}.`);
  } catch {
    tell("The server does not answer.");
  }
}

/** Play a track now. @param {object} track @param {object[]|null} [after] the queue that it belongs to; null: the results */
export function play(track, after = null) {
  queue.value = after;
  playing.value = track;
  progress.value = { at: 0, of: 0 };
  load(track, false, true);
}

function load(track, byServer, now) {
  decoded = byServer;
  wanted = now;
  audio.src = audioOf(track.track_id, byServer);
  if (now) start();
}

function start() {
  wanted = true;
  audio.play().catch((error) => {
    if (error.name === "NotAllowedError") paused.value = true;
  });
}

/** Have a track ready without starting it. */
export function ready(track) {
  if (playing.peek()) return;
  playing.value = track;
  audio.preload = "metadata";
  load(track, false, false);
}

/** @param {object[]} tracks */
export const playAll = (tracks) => { if (tracks.length) play(tracks[0], tracks); };

export function toggle() {
  if (!playing.peek()) return;
  if (audio.error) goOn();
  else if (audio.paused) start();
  else audio.pause();
}

/** What failed is read again, from where it stopped: the server may be back. */
function goOn() {
  const { at } = progress.peek();
  load(playing.peek(), decoded, false);
  audio.currentTime = at;
  start();
}

export const next = () => step(1);
export const previous = () => (audio.currentTime > 4 ? seek(0) : step(-1));
export const seek = (seconds) => { audio.currentTime = seconds; };
export const seekBy = (seconds) => { audio.currentTime = Math.max(0, audio.currentTime + seconds); };

/** Seeds are not among their own results, so from one of them the queue begins at the first result. */
function step(by) {
  const tracks = queue.peek() ?? results.peek().tracks;
  if (!tracks.length) return;
  const at = tracks.findIndex((one) => one.track_id === playing.peek()?.track_id);
  const to = tracks[at < 0 ? 0 : at + by];
  if (to) play(to, queue.peek());
  else audio.pause();
}

effect(() => { document.title = playing.value && !paused.value ? `${titleOf(playing.value)} · moodrec` : "moodrec"; });
