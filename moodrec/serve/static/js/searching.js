/**
 * The results follow the sentence: one request at a time, late ones are aborted. A change is answered at once, and
 * while one drags at most every 60 ms, the last step always.
 */
import { effect } from "../vendor/signals.js";
import { ApiError, json } from "./api.js";
import { kindOf, requestOf } from "./sentence.js";
import { atlas, columnNames, knownOf, library, named, results, say, sentence, server } from "./state.js";

/** Between two requests of a drag; longer where answers take longer, or each would be aborted by the next. */
const WAIT_MS = 60, SLACK = 1.5, MOST_MS = 1000;
const HITS = 60;
/** What rows show. Moods are read for the one row that one opens. */
const SHOWN = ["title", "file", "artist", "album", "year", "duration"];
let running = null;
let waiting = 0;
let begun = Number.NEGATIVE_INFINITY;
let took = 0;
/** The request that the results are of, or will be. */
let answered = "";
const keyOf = (said) => JSON.stringify(requestOf(said, HITS, knownOf(SHOWN)));

/** Answer the sentence whenever it changes. */
export function searchOnChange() {
  effect(() => {
    const said = sentence.value;
    if (columnNames.value === null) return;
    clearTimeout(waiting);
    if (keyOf(said) === answered) return; // a name was learnt, and nothing else is wanted
    const left = begun + Math.max(WAIT_MS, Math.min(took * SLACK, MOST_MS)) - performance.now();
    if (left > 0) waiting = setTimeout(() => answer(said), left);
    else answer(said);
  });
}

/** Answer the present sentence again, as after the server came back. */
export const again = () => answer(sentence.peek());

async function answer(said) {
  running?.abort();
  const own = (running = new AbortController());
  begun = performance.now();
  answered = keyOf(said);
  const { path, ...options } = requestOf(said, HITS, knownOf(SHOWN));
  try {
    const found = await json(path, { ...options, signal: own.signal });
    if (own !== running) return;
    took = performance.now() - begun;
    server.value = { reachable: true, locked: false };
    results.value = {
      state: "done", kind: kindOf(said), tracks: asBefore(found), total: found.total ?? found.count, seed: found.seed ?? null,
      why: new Map((found.why ?? []).map((one) => [one.track_id, one])), explain: found.explain ?? null,
      notes: found.notes ?? [], shortfall: found.shortfall ?? null, version: found.version, title: found.title,
    };
    nameEnds(said, found);
    if (kindOf(said) === "list" && said.conditions.length) countDrops(said, own.signal);
  } catch (error) {
    if (error.name === "AbortError" || own !== running) return;
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 0 || error.status === 401) server.value = { reachable: error.status !== 0, locked: error.status === 401 };
    results.value = { state: "failed", tracks: [], message: error.message, status: error.status };
  }
}

/** The tracks of an answer; those that the last one of this version held too are the same objects, whose rows need not be drawn again. */
function asBefore(found) {
  const last = results.peek(), known = new Map(last.version === found.version ? last.tracks.map((one) => [one.track_id, one]) : []);
  return found.tracks.map((one) => known.get(one.track_id) ?? one);
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

/** A link holds the ids of its tracks alone; their titles come with the answer. */
function nameEnds(said, found) {
  const way = kindOf(said) === "path" ? found.tracks : [], first = found.seed ?? way[0], last = way.at(-1);
  const names = {};
  if (first && said.seed && !(said.seed.title || said.seed.file)) names.seed = named(first);
  if (last && said.end && !(said.end.title || said.end.file)) names.end = named(last);
  if (Object.keys(names).length) say(names, { quiet: true });
}

/** Title and artist of any track of the map. @param {string} trackId */
export function lookUp(trackId) {
  const row = atlas.peek()?.rowOf.get(trackId);
  return row === undefined ? { track_id: trackId } : atlas.peek().track(row);
}
