/** Places of names over a map: none overlaps another or what else lies over it, and each lies inside it as a whole. */

/** @typedef {{left: number, top: number, width: number, height: number}} Box */

const GAP = 3;
/** How far a name may stand from its place: lines up or down, and quarters of its width to the sides. */
const LINES = 4, QUARTERS = 3;

/**
 * @param {{x: number, y: number, width: number, height: number}[]} names their places and sizes, the most important first
 * @param {{width: number, height: number}} whole the map
 * @param {Box[]} taken what already lies over it
 * @returns {(Box|null)[]} a box for each name; null where there is no room near its place, or its place is not shown
 */
export function arranged(names, whole, taken) {
  const full = [...taken];
  return names.map((name) => {
    if (name.x < 0 || name.y < 0 || name.x > whole.width || name.y > whole.height) return null;
    const found = boxesNear(name, whole).find((box) => !full.some((other) => overlap(box, other)));
    if (found) full.push(found);
    return found ?? null;
  });
}

/** The boxes that a name may take, the nearest to its place first. */
function boxesNear({ x, y, width, height }, whole) {
  if (width > whole.width || height > whole.height) return [];
  const found = [];
  for (let line = -LINES; line <= LINES; line++) {
    for (let quarter = -QUARTERS; quarter <= QUARTERS; quarter++) {
      const left = within(x - width / 2 + (quarter * width) / 4, whole.width - width);
      const top = within(y - height / 2 + line * (height + GAP), whole.height - height);
      found.push({ left, top, width, height, away: Math.hypot(left + width / 2 - x, top + height / 2 - y) });
    }
  }
  return found.sort((one, other) => one.away - other.away);
}

const within = (value, most) => Math.min(most, Math.max(0, value));

const overlap = (one, other) => one.left < other.left + other.width + GAP && other.left < one.left + one.width + GAP
  && one.top < other.top + other.height + GAP && other.top < one.top + one.height + GAP;
