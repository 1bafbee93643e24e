/** What a track of the map sounds like, while one points at it: some seconds from its loudest third, faded in and out. Off until it is switched on. */
import { effect, signal } from "../vendor/signals.js";
import { audioOf } from "./api.js";
import { hovered } from "./state.js";

const STILL_MS = 250, SECONDS = 12, FADE_MS = 180, STEP_MS = 20;
/** To find what is loud, a file is decoded at this rate; larger files are heard from their beginning. */
const RATE = 8000, MOST_BYTES = 30_000_000;
const REMEMBERED = 500;

export const auditions = signal(false);
const audio = new Audio();
/** Seconds at which the loudest third begins, by track id. */
const begins = new Map();
let waiting = 0, fading = 0, ending = 0, current = null;

/** @param {boolean} on */
export function setAuditions(on) {
  auditions.value = on;
  if (!on) fadeOut();
}

effect(() => {
  const track = hovered.value, id = auditions.value && track?.row !== undefined ? track.track_id : null;
  if (id === current) return;
  current = id;
  clearTimeout(waiting);
  fadeOut();
  if (id !== null) waiting = setTimeout(() => hear(id), STILL_MS);
});

async function hear(id) {
  const at = await beginOf(id).catch(() => 0);
  if (id !== current) return;
  audio.src = audioOf(id);
  audio.onerror = () => { if (!audio.src.endsWith("form=wav")) { audio.src = audioOf(id, true); start(at); } };
  start(at);
}

function start(at) {
  audio.currentTime = at;
  audio.volume = 0;
  audio.play().then(() => fade(1), () => {});
  clearTimeout(ending);
  ending = setTimeout(fadeOut, SECONDS * 1000);
}

function fade(to, then = () => {}) {
  clearInterval(fading);
  const step = (to - audio.volume) / Math.max(1, FADE_MS / STEP_MS);
  fading = setInterval(() => {
    const next = audio.volume + step, there = step === 0 || (step > 0 ? next >= to : next <= to);
    audio.volume = Math.min(1, Math.max(0, there ? to : next));
    if (there) { clearInterval(fading); then(); }
  }, STEP_MS);
}

function fadeOut() {
  clearTimeout(ending);
  if (!audio.paused) fade(0, () => audio.pause());
}

/** Where the loudest third of a track begins, in seconds. @param {string} id */
async function beginOf(id) {
  if (begins.has(id)) return begins.get(id);
  const answer = await fetch(audioOf(id));
  if (!answer.ok) throw new Error(answer.statusText);
  if (Number(answer.headers.get("content-length")) > MOST_BYTES) {
    answer.body.cancel();
    return kept(id, 0);
  }
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await answer.arrayBuffer());
  return kept(id, loudestThird(sound.getChannelData(0)) / RATE);
}

function kept(id, at) {
  if (begins.size >= REMEMBERED) begins.delete(begins.keys().next().value);
  begins.set(id, at);
  return at;
}

/** The sample at which the loudest third begins. @param {Float32Array} samples */
export function loudestThird(samples) {
  const third = Math.floor(samples.length / 3), loud = [0, 1, 2].map((part) => {
    let sum = 0;
    for (let i = part * third; i < (part + 1) * third; i++) sum += samples[i] * samples[i];
    return sum;
  });
  return loud.indexOf(Math.max(...loud)) * third;
}
