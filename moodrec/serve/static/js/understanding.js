/** What typed words may mean: tracks, moods, artists, genres, decades, or a condition. Nothing is guessed silently: each is offered. */
import { json } from "./api.js";
import { lookUp } from "./searching.js";
import { NOTHING } from "./sentence.js";
import { knownOf, library, say, sentence, startFrom, titleOf } from "./state.js";
import { play } from "./playing.js";
import { quoted } from "./words.js";

const TRACKS = 7;
/** The beginning of a condition: a name, and an operator. */
const CONDITION = /^[\s(]*(?:not\s+)?(?:pct\(|prob\()?"?([\p{L}_][\p{L}\p{N}_]*)"?\)?\s*(?:[<>=!]|(?:not\s+)?(?:i?like|between|in)\b|is\s+(?:not\s+)?null)/iu;

/**
 * @typedef {{kind: string, text: string, more?: string, act: () => void}} Suggestion
 * @param {string} typed @param {AbortSignal} signal @returns {Promise<Suggestion[]>}
 */
export async function suggestionsFor(typed, signal) {
  const text = typed.trim();
  if (!text) return [];
  const own = [...conditionOf(text), ...moodsOf(text), ...decadesOf(text), ...valuesOf(text)];
  const [sentences, tracks] = await Promise.all([sentenceOf(text, signal), tracksOf(text, signal)]);
  return [...sentences, ...own, ...tracks, listing(text)];
}

function conditionOf(text) {
  const name = CONDITION.exec(text)?.[1].toLowerCase();
  const known = (library.peek()?.columns ?? []).some((one) => one.name.toLowerCase() === name);
  return known ? [{ kind: "condition", text, act: () => addCondition(text) }] : [];
}

function moodsOf(text) {
  const known = library.peek()?.moods ?? [];
  return known.filter((one) => one.name.toLowerCase().startsWith(text.toLowerCase())).slice(0, 4).map((one) => ({
    kind: "mood", text: one.name, more: one.meaning, act: () => say({ moods: { ...sentence.peek().moods, [one.name]: 0.9 } }),
  }));
}

function decadesOf(text) {
  const found = text.match(/^(?:(19|20))?(\d)0'?s$/);
  if (!found) return [];
  const century = found[1] ?? (Number(found[2]) < 3 ? "20" : "19"), decade = `${century}${found[2]}`;
  return [{ kind: "years", text: `${decade}0s`, act: () => addCondition(`year BETWEEN ${decade}0 AND ${decade}9`) }];
}

function valuesOf(text) {
  const small = text.toLowerCase();
  return (library.peek()?.columns ?? []).filter((one) => one.name === "genre" || one.name === "artist").flatMap((column) =>
    column.values.filter((one) => String(one.value).toLowerCase().startsWith(small)).slice(0, 3).map((one) => ({
      kind: column.name, text: String(one.value), more: `${one.count} tracks`, act: () => addCondition(`${column.name} = ${quoted(String(one.value))}`),
    })));
}

async function tracksOf(text, signal) {
  const found = await json("tracks", { params: { q: text, limit: TRACKS, columns: knownOf(["title", "file", "artist", "album"]) }, signal });
  return found.tracks.map((track) => ({
    kind: "like", text: titleOf(track), more: [track.artist, track.album].filter(Boolean).join(" · "),
    act: () => { startFrom(track); play(track); },
  }));
}

const listing = (text) => ({ kind: "search", text: `All tracks with “${text}”`, act: () => say({ words: text, seed: null, file: null, end: null, arc: null, likes: [], dislikes: [], moods: {}, unread: [] }) });

/** Several words as one sentence, as the server understands them; what it does not understand is shown. */
async function sentenceOf(text, signal) {
  if (!/\s/.test(text)) return [];
  try {
    const found = await json("find", { params: { q: text }, signal });
    return understood(found);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return [];
  }
}

function understood(found) {
  if (!found.sentence) return [];
  const left = found.not_understood;
  return [{
    kind: "sentence", text: found.sentence, more: left.length ? `not understood: ${left.join(", ")}` : "",
    act: () => {
      const seed = found.seed ? lookUp(found.seed.track_ids[0]) : null;
      say({ ...NOTHING, seed, moods: found.moods, conditions: found.conditions, without: found.exclude_artist, oneEach: found.max_per_artist === 1, variety: found.diversity, unread: left });
    },
  }];
}

/** @param {string} condition */
export function addCondition(condition) {
  const known = sentence.peek().conditions;
  if (!known.includes(condition)) say({ conditions: [...known, condition] });
}
