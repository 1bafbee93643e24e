/** Points in square cells, so that the nearest one to a place is found among a few. */

const CELLS = 128;
const SIDE = 65536 / CELLS;

export class Grid {
  /** @param {Uint16Array} places x and y of each point, one after the other */
  constructor(places) {
    this.places = places;
    const n = places.length / 2;
    this.starts = new Uint32Array(CELLS * CELLS + 1);
    for (let i = 0; i < n; i++) this.starts[cellOf(places[2 * i], places[2 * i + 1]) + 1]++;
    for (let cell = 0; cell < CELLS * CELLS; cell++) this.starts[cell + 1] += this.starts[cell];
    this.rows = new Uint32Array(n);
    const next = this.starts.slice(0, -1);
    for (let i = 0; i < n; i++) this.rows[next[cellOf(places[2 * i], places[2 * i + 1])]++] = i;
  }

  /** The row nearest to a place within a distance; -1 without one. @param {number} x @param {number} y @param {number} within */
  nearest(x, y, within) {
    let best = -1, least = within * within;
    this.forEachIn(x - within, y - within, x + within, y + within, (row) => {
      const dx = this.places[2 * row] - x, dy = this.places[2 * row + 1] - y, square = dx * dx + dy * dy;
      if (square < least) { least = square; best = row; }
    });
    return best;
  }

  /** The rows inside a polygon. @param {[number, number][]} polygon */
  inside(polygon) {
    const xs = polygon.map((one) => one[0]), ys = polygon.map((one) => one[1]), found = [];
    this.forEachIn(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys), (row) => {
      if (isInside(this.places[2 * row], this.places[2 * row + 1], polygon)) found.push(row);
    });
    return found;
  }

  forEachIn(left, top, right, bottom, visit) {
    const [x0, y0, x1, y1] = [left, top, right, bottom].map((one) => Math.min(CELLS - 1, Math.max(0, Math.floor(one / SIDE))));
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const cell = y * CELLS + x;
        for (let at = this.starts[cell]; at < this.starts[cell + 1]; at++) visit(this.rows[at]);
      }
    }
  }
}

const cellOf = (x, y) => Math.floor(y / SIDE) * CELLS + Math.floor(x / SIDE);

function isInside(x, y, polygon) {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [xi, yi] = polygon[i], [xj, yj] = polygon[j];
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) inside = !inside;
  }
  return inside;
}
