/** Colours of tracks: by valence and arousal together, or by one mood. */

/** Corners of the plane of valence (to the right) and arousal (upwards). */
const CORNERS = { happy: [242, 176, 76], tense: [239, 106, 90], sad: [124, 134, 232], calm: [79, 183, 165] };
const GREY = [140, 143, 152];

/**
 * A colour a track, as red, green, blue and opacity bytes.
 * @param {import("./atlas.js").Atlas} atlas
 * @param {string} by "mood", or the name of a mood
 */
export function coloursOf(atlas, by) {
  const found = new Uint8Array(4 * atlas.count);
  const names = atlas.moodNames;
  const valence = names.indexOf("valence"), arousal = names.indexOf("arousal");
  const single = by === "mood" && (valence < 0 || arousal < 0) ? 0 : names.indexOf(by);
  for (let row = 0; row < atlas.count; row++) {
    const colour = single >= 0 ? alongScale(atlas.score(row, single)) : inPlane(atlas.score(row, valence), atlas.score(row, arousal));
    found.set(colour, 4 * row);
    found[4 * row + 3] = 255;
  }
  return found;
}

/** @param {number|null} x valence @param {number|null} y arousal */
export function inPlane(x, y) {
  if (x === null || y === null) return GREY;
  return [0, 1, 2].map((i) =>
    Math.round(x * y * CORNERS.happy[i] + (1 - x) * y * CORNERS.tense[i] + (1 - x) * (1 - y) * CORNERS.sad[i] + x * (1 - y) * CORNERS.calm[i]));
}

function alongScale(value) {
  return value === null ? GREY : [0, 1, 2].map((i) => Math.round((1 - value) * CORNERS.sad[i] + value * CORNERS.happy[i]));
}
