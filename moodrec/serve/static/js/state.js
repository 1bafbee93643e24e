/** What the page knows: the library, the sentence, its results, and what was said to the user. */
import { batch, computed, effect, signal } from "../vendor/signals.js";
import { forgetSteps, remember } from "./remembering.js";
import { fromQuery, NOTHING } from "./sentence.js";
import { store, stored } from "./storing.js";

/** The library: its moods with distributions, its columns, its version. Null until it has been read. */
export const library = signal(null);
/** The names of the columns, which are known before all else; null until then. */
export const columnNames = signal(null);
/** Of some columns those that the library has. @param {string[]} wanted */
export const knownOf = (wanted) => wanted.filter((one) => one === "moods" || columnNames.peek()?.includes(one));
/** Places, moods and names of all tracks for the map. */
export const atlas = signal(null);
/** @type {import("../vendor/signals.js").Signal<import("./sentence.js").Sentence>} */
export const sentence = signal(fromQuery(location.search));
/** {state: "idle"|"done"|"failed", tracks, seed, why, explain, notes, shortfall, message, kind} */
export const results = signal({ state: "idle", tracks: [] });
/** Whether the server answers, and whether it wants a token. */
export const server = signal({ reachable: true, locked: false });
/** One sentence for the user, which goes by itself. {text, undo} */
export const toast = signal(null);
/** The track under the pointer, on the map or in a list. */
export const hovered = signal(null);
/** Ids that a lasso selected; null without one. */
export const selection = signal(null);
/** Analyses that run. */
export const jobs = signal([]);
export const tab = signal("results");
export const mapOpen = signal(false);
/** What the map is coloured by: "mood" for valence and arousal, or the name of a mood. */
export const colouredBy = signal("mood");
export const tool = signal("move");
/** "light", "dark", or null for what the system says. */
export const theme = signal(stored("moodrec.theme"));

export const moodNames = computed(() => library.value?.moods.map((one) => one.name) ?? []);

/**
 * Change the sentence.
 * @param {Partial<import("./sentence.js").Sentence>} changes
 * @param {{quiet?: boolean}} [options] quiet: while one drags, which is one entry in the browser's history
 */
export function say(changes, { quiet = false } = {}) {
  const next = { ...sentence.peek(), ...changes };
  batch(() => {
    sentence.value = next;
    if (!quiet) tab.value = "results";
  });
  remember(next, quiet);
}

/** Begin with another track, and keep conditions and moods. @param {import("./sentence.js").Named} track */
export const startFrom = (track) =>
  say({ seed: named(track), file: null, end: null, arc: null, words: "", likes: [], dislikes: [], unread: [] });

/** Forget everything that was said. */
export const startOver = () => say({ ...NOTHING });

/** Say one sentence to the user. @param {string} text @param {{undo?: () => void, lasting?: boolean}} [more] lasting: until the next one */
export function tell(text, { undo, lasting = false } = {}) {
  const said = { text, undo };
  toast.value = said;
  if (lasting) return;
  setTimeout(() => {
    if (toast.peek() === said) toast.value = null;
  }, undo ? 8000 : 5000);
}

export const named = ({ track_id, title, file, artist }) => ({ track_id, title, file, artist });
export const titleOf = (track) => track?.title || track?.file || track?.track_id || "";

effect(() => {
  if (theme.value !== "light" && theme.value !== "dark") return;
  document.documentElement.dataset.theme = theme.value;
  store("moodrec.theme", theme.value);
});

addEventListener("popstate", () => {
  forgetSteps();
  sentence.value = fromQuery(location.search);
});
