/** The sentence in the address and in the browser's history: an entry for each change, and one for each drag. */
import { toQuery } from "./sentence.js";

/** After so long without a step another drag begins. */
const PAUSE_MS = 1000;
/** The steps of a drag are written when it has been still for so long: browsers refuse, or slow down, pages that write often. */
const STILL_MS = 150;

let stepped = Number.NEGATIVE_INFINITY;
/** Writes the last step of a drag, where that is still to be done. */
let unwritten = null;
let waiting = 0;

/** @param {import("./sentence.js").Sentence} said @param {boolean} quiet whether it is a step of a drag */
export function remember(said, quiet) {
  const now = performance.now(), goesOn = quiet && now - stepped < PAUSE_MS;
  if (goesOn) {
    clearTimeout(waiting);
    unwritten = () => write(said, "replaceState");
    waiting = setTimeout(finish, STILL_MS);
  } else {
    finish();
    write(said, "pushState");
  }
  stepped = quiet ? now : Number.NEGATIVE_INFINITY;
}

/** Let the next step begin another drag, and leave the address as it is. */
export function forgetSteps() {
  clearTimeout(waiting);
  unwritten = null;
  stepped = Number.NEGATIVE_INFINITY;
}

function finish() {
  clearTimeout(waiting);
  unwritten?.();
  unwritten = null;
}

function write(said, how) {
  const query = toQuery(said);
  if (query !== location.search.slice(1)) history[how](null, "", query ? `?${query}` : location.pathname);
}
