/** What is read once for each version of the library: its moods, its columns, and the map. */
import { ApiError, block, json } from "./api.js";
import { Atlas } from "./map/atlas.js";
import { again } from "./searching.js";
import { atlas, columnNames, jobs, knownOf, library, results, server, tell } from "./state.js";

const PATIENCE_MS = 3000;
const AGAIN_MS = 3000;
let opened = false;

/** Read the library, and follow what happens to it. */
export async function open() {
  await read();
  opened = true;
  if (!document.hidden) follow();
}

async function read() {
  try {
    const later = Promise.all([json("moods"), json("columns")]);
    later.catch(() => {});
    const stats = await json("stats");
    columnNames.value = stats.columns ?? [];
    const [moods, columns] = await later;
    library.value = { version: moods.version, tracks: moods.tracks, moods: moods.moods, columns: columns.columns, stats };
    server.value = { reachable: true, locked: false };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    server.value = { reachable: error.status !== 0, locked: error.status === 401, message: error.message };
    library.value = { version: null, tracks: 0, moods: [], columns: [], stats: {} };
    columnNames.value = columnNames.peek() ?? [];
    return;
  }
  await firstRows();
  await readMap();
}

/** Wait for the first results, or a moment: the map has much to read, and rows are what one can use at once. */
async function firstRows() {
  let end = () => {};
  await new Promise((resolve) => {
    end = results.subscribe((found) => { if (found.state === "done" || found.state === "failed") resolve(); });
    setTimeout(resolve, PATIENCE_MS);
  });
  end();
}

async function readMap() {
  try {
    const [places, moods, tracks, info] = await Promise.all([
      block("map"), block("map/moods"), json("map/tracks", { params: { columns: knownOf(["title", "file", "artist"]) } }), json("map/info"),
    ]);
    atlas.value = new Atlas(new Uint16Array(places), new Uint8Array(moods), tracks, info.regions, library.peek().moods.map((one) => one.name));
    if (info.coming) setTimeout(readMap, 15_000);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tell(error.message);
  }
}

/** The stream of events, and when another is tried. */
let events = null, trying = 0;

/** Follow the server's events: analyses, and new versions of the library. */
function follow() {
  unfollow();
  const own = (events = new EventSource(new URL("v1/events", document.baseURI)));
  own.addEventListener("version", (event) => {
    const { version } = JSON.parse(event.data);
    if (!library.peek() || version === library.peek().version) return;
    if (library.peek().version) tell("The library has a new version.");
    read().then(again);
  });
  own.addEventListener("job", (event) => {
    const job = JSON.parse(event.data);
    const others = jobs.peek().filter((one) => one.id !== job.id);
    const active = job.state === "running" || job.state === "stopping";
    if (!active && job.message) tell(job.message);
    jobs.value = active ? [job, ...others] : others;
  });
  own.onopen = () => {
    jobs.value = []; // those that run are told first
    if (!server.peek().reachable) read().then(again);
  };
  own.onerror = () => {
    // A browser tries again by itself where a connection ends, and never where the answer was an error.
    if (own.readyState === EventSource.CLOSED) lost(own);
    else if (!server.peek().locked) server.value = { reachable: false, locked: false };
  };
}

function unfollow() {
  events?.close();
  events = null;
  clearTimeout(trying);
}

/** See why there are no events, and try again, unless the token comes first. @param {EventSource} own */
async function lost(own) {
  const status = await json("stats").then(() => 200, (error) => error.status);
  if (own !== events) return;
  if (status === 0 || status === 401) server.value = { reachable: status !== 0, locked: status === 401 };
  if (status !== 401) trying = setTimeout(follow, AGAIN_MS);
}

/** A tab that nobody sees holds no connection: browsers open six to one server, for all tabs together. */
addEventListener("visibilitychange", () => {
  if (!opened) return;
  if (document.hidden) unfollow();
  else follow();
});

/** Read everything again, as after signing in. */
export async function reopen() {
  await read();
  again();
  follow();
}
