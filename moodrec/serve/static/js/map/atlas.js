/** The tracks of the map: their places, moods and names, by row. */
import { Grid } from "./grid.js";

/** The greatest coordinate. */
export const WHOLE = 65535;
const UNKNOWN = 255;
const MOST = 254;

export class Atlas {
  /**
   * @param {Uint16Array} places x and y of each track, one after the other
   * @param {Uint8Array} moods a byte for each track and mood, 255 where unknown
   * @param {{track_id: string[], title?: string[], file?: string[], artist?: string[]}} tracks
   * @param {object[]} regions places with the names of what is there
   * @param {string[]} moodNames
   */
  constructor(places, moods, tracks, regions, moodNames) {
    this.places = places;
    this.moods = moods;
    this.tracks = tracks;
    this.regions = regions;
    this.moodNames = moodNames;
    this.count = tracks.track_id.length;
    this.rowOf = new Map(tracks.track_id.map((id, row) => [id, row]));
    this.grid = new Grid(places);
  }

  /** The id, title and artist of a row. @param {number} row */
  track(row) {
    return { track_id: this.tracks.track_id[row], title: this.tracks.title?.[row] ?? null, file: this.tracks.file?.[row] ?? null, artist: this.tracks.artist?.[row] ?? null };
  }

  /** The moods of a row, null where unknown. @param {number} row @returns {Record<string, number|null>} */
  moodsOf(row) {
    return Object.fromEntries(this.moodNames.map((name, place) => [name, this.score(row, place)]));
  }

  /** @param {number} row @param {number} mood place of the mood */
  score(row, mood) {
    const value = this.moods[row * this.moodNames.length + mood];
    return value === UNKNOWN ? null : value / MOST;
  }

  /** Means of moods over rows. @param {Iterable<number>} rows @returns {Record<string, number>} */
  meanMoods(rows) {
    const n = this.moodNames.length, sums = new Float64Array(n), known = new Uint32Array(n);
    for (const row of rows) {
      for (let mood = 0; mood < n; mood++) {
        const value = this.moods[row * n + mood];
        if (value !== UNKNOWN) { sums[mood] += value; known[mood]++; }
      }
    }
    return Object.fromEntries(this.moodNames.map((name, mood) => [name, known[mood] ? sums[mood] / known[mood] / MOST : 0]));
  }
}
