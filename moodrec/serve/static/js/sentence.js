/**
 * The sentence that says what is wanted, as one immutable value; every control changes it, and the results follow it.
 *
 * @typedef {{track_id: string, title?: string|null, file?: string|null, artist?: string|null}} Named
 * @typedef {object} Sentence
 * @property {Named|null} seed the track that results are like
 * @property {{name: string, embedding: number[], place: number[]|null}|null} file a dropped file in place of a track
 * @property {Named|null} end where a path from the seed leads
 * @property {Record<string, number>} moods targets in [0, 1]
 * @property {number} weight of the moods against the sound, in [0, 1]
 * @property {number} variety in [0, 1]
 * @property {string[]} conditions SQL conditions, which all must hold
 * @property {boolean} oneEach one track an artist
 * @property {string[]} without artists that are left out
 * @property {string[]} likes track ids @property {string[]} dislikes track ids
 * @property {{mood: string, minutes: number, course: number[]}|null} arc a mood over time, as it was drawn: targets at even steps
 * @property {string} words words of titles, artists and albums
 * @property {string[]} unread typed words that were not understood; they have no effect
 */

/** @type {Sentence} */
export const NOTHING = Object.freeze({
  seed: null, file: null, end: null, moods: {}, weight: 0.5, variety: 0, conditions: [], oneEach: false, without: [],
  likes: [], dislikes: [], arc: null, words: "", unread: [],
});

/** Minutes of a track, where the library does not know how long its tracks are. */
const USUAL = 4;

/** What the results of a sentence are. @param {Sentence} said */
export function kindOf(said) {
  if (said.arc) return "arc";
  if (said.seed && said.end) return "path";
  if (said.likes.length || said.dislikes.length) return "history";
  if (said.seed || said.file) return "similar";
  return Object.keys(said.moods).length ? "mood" : "list";
}

const hasMoods = (said) => Object.keys(said.moods).length > 0;
const where = (said) => (said.conditions.length ? said.conditions.map((one) => `(${one})`).join(" AND ") : null);

/**
 * The request that answers a sentence.
 * @param {Sentence} said @param {number} k @param {string[]} columns of the tracks
 * @returns {{path: string, body?: object, params?: object}}
 */
export function requestOf(said, k, columns) {
  const shared = { where: where(said), exclude_artist: said.without };
  const hits = {
    ...shared, k, explain: true, diversity: said.variety, distinct: true,
    max_per_artist: said.oneEach ? 1 : null, columns,
  };
  const blend = hasMoods(said) ? { mood: said.moods, mood_weight: said.weight } : {};
  switch (kindOf(said)) {
    case "arc": {
      const { mood, minutes, course } = said.arc, at = (place) => ({ [mood]: course[place] }), last = course.length - 1;
      const via = course.slice(1, last).map((_, place) => ({ at: (place + 1) / last, moods: at(place + 1) }));
      const length = columns.includes("duration") ? { minutes } : { n: Math.max(2, Math.round(minutes / USUAL)) };
      return { path: "playlists/arc", body: { ...shared, start: at(0), end: at(last), via, ...length } };
    }
    case "path":
      return { path: "playlists/path", body: { ...shared, ...blend, start: said.seed.track_id, end: said.end.track_id, n: Math.min(k, 25) } };
    case "history": {
      const likes = said.seed ? [said.seed.track_id, ...said.likes] : said.likes;
      return { path: "for-history", body: { ...hits, ...blend, likes: [...new Set(likes)], dislikes: said.dislikes, ignore_unknown: true } };
    }
    case "similar":
      return { path: "similar", body: { ...hits, ...blend, ...(said.seed ? { seed: said.seed.track_id } : { vector: said.file.embedding }) } };
    case "mood":
      return { path: "by-mood", body: { ...hits, mood: said.moods } };
    default:
      return { path: "tracks", params: { q: said.words, ...shared, max_per_artist: said.oneEach ? 1 : null, limit: k, columns } };
  }
}

/** Write a sentence as the query of an address, so that back works and links can be shared. @param {Sentence} said */
export function toQuery(said) {
  const query = new URLSearchParams();
  if (said.seed) query.set("like", said.seed.track_id);
  if (said.end) query.set("to", said.end.track_id);
  for (const [name, target] of Object.entries(said.moods)) query.append("mood", `${name}:${round(target)}`);
  if (said.weight !== NOTHING.weight) query.set("weight", round(said.weight));
  if (said.variety) query.set("variety", round(said.variety));
  for (const one of said.conditions) query.append("where", one);
  if (said.oneEach) query.set("one", "1");
  for (const one of said.without) query.append("without", one);
  for (const one of said.likes) query.append("up", one);
  for (const one of said.dislikes) query.append("down", one);
  if (said.arc) query.set("arc", `${said.arc.mood}:${said.arc.minutes}:${said.arc.course.map(round).join(",")}`);
  if (said.words) query.set("q", said.words);
  for (const one of said.unread) query.append("unread", one);
  return query.toString();
}

/** Read the query of an address; what is not understood is left out. @param {string} text @returns {Sentence} */
export function fromQuery(text) {
  const query = new URLSearchParams(text);
  const share = (name, otherwise) => {
    const value = Number.parseFloat(query.get(name) ?? "");
    return value >= 0 && value <= 1 ? value : otherwise;
  };
  const moods = {};
  for (const one of query.getAll("mood")) {
    const at = one.lastIndexOf(":");
    const target = Number.parseFloat(one.slice(at + 1));
    if (at > 0 && target >= 0 && target <= 1) moods[one.slice(0, at)] = target;
  }
  const named = (name) => (query.get(name) ? { track_id: query.get(name) } : null);
  const seed = named("like");
  return {
    ...NOTHING, seed, end: seed && named("to"), moods, weight: share("weight", NOTHING.weight),
    variety: share("variety", 0), conditions: query.getAll("where"), oneEach: query.get("one") === "1",
    without: query.getAll("without"), likes: query.getAll("up"), dislikes: query.getAll("down"), arc: arcFrom(query.get("arc")), words: query.get("q") ?? "",
    unread: query.getAll("unread"),
  };
}

function arcFrom(text) {
  const [, mood, minutes, values] = /^(.+):(\d+):([\d.,]+)$/.exec(text ?? "") ?? [];
  const course = values?.split(",").map(Number) ?? [];
  const fits = course.length > 1 && course.length < 100 && course.every((one) => one >= 0 && one <= 1) && Number(minutes) > 0;
  return fits ? { mood, minutes: Number(minutes), course } : null;
}

const round = (value) => String(Math.round(value * 100) / 100);
