/** The results follow the sentence: one request at a time, late ones are aborted, and a drag asks at most every 60 ms. */
import { effect } from "../vendor/signals.js";
import { ApiError, json } from "./api.js";
import { kindOf, requestOf } from "./sentence.js";
import { atlas, columnNames, knownOf, library, results, say, sentence, server } from "./state.js";

const WAIT_MS = 60;
const HITS = 60;
const SHOWN = ["title", "artist", "album", "year", "duration", "moods"];
let running = null;
let waiting = 0;

/** Answer the sentence whenever it changes. */
export function searchOnChange() {
  effect(() => {
    const said = sentence.value;
    if (columnNames.value === null) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => answer(said), WAIT_MS);
  });
}

/** Answer the present sentence again, as after the server came back. */
export const again = () => answer(sentence.peek());

async function answer(said) {
  running?.abort();
  const own = (running = new AbortController());
  results.value = { ...results.peek(), state: "loading" };
  const { path, ...options } = requestOf(said, HITS, knownOf(SHOWN));
  try {
    const found = await json(path, { ...options, signal: own.signal });
    if (own !== running) return;
    server.value = { reachable: true, locked: false };
    results.value = {
      state: "done", kind: kindOf(said), tracks: found.tracks, total: found.total ?? found.count, seed: found.seed ?? null,
      why: new Map((found.why ?? []).map((one) => [one.track_id, one])), explain: found.explain ?? null,
      notes: found.notes ?? [], shortfall: found.shortfall ?? null, version: found.version, title: found.title,
    };
    if (found.seed && said.seed && !said.seed.title) nameSeed(found.seed);
    if (kindOf(said) === "list" && said.conditions.length) countDrops(said, own.signal);
  } catch (error) {
    if (error.name === "AbortError" || own !== running) return;
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 0 || error.status === 401) server.value = { reachable: error.status !== 0, locked: error.status === 401 };
    results.value = { state: "failed", tracks: [], message: error.message, status: error.status };
  }
}

/** What each condition of a list drops by itself; searches say so themselves. */
async function countDrops(said, signal) {
  const every = library.peek()?.tracks ?? 0;
  try {
    const totals = await Promise.all(said.conditions.map((where) => json("tracks", { params: { where, limit: 1, columns: ["track_id"] }, signal })));
    const dropped = said.conditions.map((condition, i) => ({ condition, rows: every - totals[i].total }));
    results.value = { ...results.peek(), explain: { dropped, rows: every, passed: results.peek().total } };
  } catch (error) {
    if (error.name !== "AbortError" && !(error instanceof ApiError)) throw error;
  }
}

/** A link holds the id of its seed alone; its title comes with the answer. */
function nameSeed(seed) {
  say({ seed: { track_id: seed.track_id, title: seed.title, artist: seed.artist } }, { quiet: true });
}

/** Title and artist of any track of the map. @param {string} trackId */
export function lookUp(trackId) {
  const row = atlas.peek()?.rowOf.get(trackId);
  return row === undefined ? { track_id: trackId } : atlas.peek().track(row);
}
