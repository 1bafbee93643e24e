/** The list that one puts together: kept in this browser, every change can be undone. */
import { computed, effect, signal } from "../vendor/signals.js";
import { request } from "./api.js";
import { tell } from "./state.js";

const KEY = "moodrec.list";
const MOST = 2000;

export const list = signal(stored());
export const seconds = computed(() => list.value.reduce((sum, one) => sum + (one.duration > 0 ? one.duration : 0), 0));

effect(() => {
  try {
    localStorage.setItem(KEY, JSON.stringify(list.value));
  } catch { /* a private window: the list lasts as long as the page */ }
});

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter((one) => typeof one?.track_id === "string") : [];
  } catch {
    return [];
  }
}

function change(next, text) {
  const before = list.peek();
  list.value = next.slice(0, MOST);
  tell(text, () => { list.value = before; });
}

/** @param {object[]} tracks those that are in the list already are left out */
export function addToList(tracks) {
  const known = new Set(list.peek().map((one) => one.track_id));
  const added = tracks.filter((one) => !known.has(one.track_id)).map(({ track_id, title, artist, duration }) => ({ track_id, title, artist, duration }));
  if (!added.length) return tell(tracks.length === 1 ? "It is in the list already." : "They are in the list already.");
  return change([...list.peek(), ...added], `${added.length === 1 ? "One track" : `${added.length} tracks`} put into the list.`);
}

/** @param {number} place */
export const remove = (place) => change(list.peek().filter((_, i) => i !== place), "Removed from the list.");

export const clear = () => change([], "The list is empty.");

/** @param {number} from @param {number} to */
export function move(from, to) {
  const tracks = [...list.peek()];
  if (to < 0 || to >= tracks.length || from === to) return;
  tracks.splice(to, 0, ...tracks.splice(from, 1));
  list.value = tracks;
}

/** Download the list as a playlist file. @param {"m3u8"|"xspf"|"jspf"} format */
export async function exportAs(format) {
  try {
    const answer = await request("playlists/export", { body: { track_ids: list.peek().map((one) => one.track_id), title: "moodrec", format } });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `moodrec.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    tell(error.message);
  }
}
