/** The list that one puts together: kept in this browser, every change can be undone. */
import { computed, effect, signal } from "../vendor/signals.js";
import { json, request } from "./api.js";
import { atlas, knownOf, tell } from "./state.js";
import { store, stored } from "./storing.js";
import { count, quoted } from "./words.js";

const KEY = "moodrec.list";
const MOST = 2000;
/** Ids in one condition. */
const AT_ONCE = 60;

export const list = signal(read());
export const seconds = computed(() => list.value.reduce((sum, one) => sum + (one.duration > 0 ? one.duration : 0), 0));

let warned = false;
effect(() => {
  if (store(KEY, list.value) || warned || !list.value.length) return;
  warned = true;
  setTimeout(() => tell("This browser keeps nothing, so the list lasts as long as the page."));
});

// Another tab of this browser has changed the list.
addEventListener("storage", (event) => { if (event.key === KEY) list.value = read(); });

function read() {
  const found = stored(KEY);
  return Array.isArray(found) ? found.filter((one) => typeof one?.track_id === "string") : [];
}

function change(next, text) {
  const before = list.peek();
  list.value = next.slice(0, MOST);
  tell(text, { undo: () => { list.value = before; } });
}

/** @param {object[]} tracks those that are in the list already are left out */
export function addToList(tracks) {
  const known = new Set(list.peek().map((one) => one.track_id));
  const added = tracks.filter((one) => !known.has(one.track_id)).map(({ track_id, title, file, artist, duration }) => ({ track_id, title, file, artist, duration }));
  if (!added.length) return tell(tracks.length === 1 ? "It is in the list already." : "They are in the list already.");
  const room = MOST - list.peek().length;
  if (room <= 0) return tell(`The list is full: it holds ${MOST.toLocaleString()} tracks.`);
  change([...list.peek(), ...added], `${added.length === 1 ? "One track" : `${Math.min(room, added.length)} tracks`} put into the list${added.length > room ? `; ${added.length - room} more did not fit` : ""}.`);
  return measure(added.filter((one) => one.duration === undefined).map((one) => one.track_id));
}

/** Tracks of the map come without their durations. @param {string[]} ids */
async function measure(ids) {
  if (!knownOf(["duration"]).length) return;
  for (let from = 0; from < ids.length; from += AT_ONCE) {
    const where = `track_id IN (${ids.slice(from, from + AT_ONCE).map(quoted).join(", ")})`;
    try {
      const found = await json("tracks", { params: { where, limit: AT_ONCE, columns: ["duration"] } });
      const known = new Map(found.tracks.map((one) => [one.track_id, one.duration]));
      list.value = list.peek().map((one) => (known.has(one.track_id) ? { ...one, duration: known.get(one.track_id) } : one));
    } catch {
      return; // the total time then counts what is known
    }
  }
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

/** The tracks of the list that the library still has; of the others it is told that they are left out. */
export function thoseThere() {
  const all = list.peek(), known = atlas.peek()?.rowOf, there = known ? all.filter((one) => known.has(one.track_id)) : all;
  const gone = all.length - there.length;
  if (gone && there.length) tell(`${count(gone, "track")} of the list ${gone > 1 ? "are" : "is"} no longer in the library, and left out.`);
  else if (gone) tell("No track of the list is in the library any more.");
  return there;
}

/** Download the list as a playlist file. @param {"m3u8"|"xspf"|"jspf"} format */
export async function exportAs(format) {
  const tracks = thoseThere();
  if (!tracks.length) return;
  try {
    const answer = await request("playlists/export", { body: { track_ids: tracks.map((one) => one.track_id), title: "moodrec", format } });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = `moodrec.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  } catch (error) {
    tell(error.message);
  }
}
