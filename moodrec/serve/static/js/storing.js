/** What this browser keeps, where it lets the page keep anything. */

/** @param {string} key @returns {any} null where there is nothing, or nothing that can be read */
export function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} key @param {unknown} value @returns {boolean} whether it is kept */
export function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch {
    return false; // blocked, or full
  }
}
