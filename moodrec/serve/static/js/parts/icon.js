/** The page's icons, as strokes in a square of 24. */
import { html } from "../html.js";

const PATHS = {
  play: "M8 5.5v13l11-6.5z", pause: "M8 5.5v13M16 5.5v13", next: "M6 5.5v13l9-6.5zM18 5.5v13", previous: "M18 5.5v13l-9-6.5zM6 5.5v13",
  plus: "M12 5v14M5 12h14", minus: "M5 12h14", close: "M6 6l12 12M18 6L6 18", whole: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  lasso: "M12 4c5 0 8 2.4 8 5.5S17 15 12 15 4 12.600 4 9.500 7 4 12 4zM8 14.500c-2 1-2 4 0 5.500", path: "M5 19c0-7 14-4 14-13M3 19h4M17 6h4",
  up: "M7 11v9H4v-9zM7 11l4-7c2 0 2.500 1.500 2 3l-.8 3H19c1 0 1.800 1 1.500 2l-1.600 6c-.2.700-.8 1-1.500 1H7",
  down: "M7 13V4H4v9zM7 13l4 7c2 0 2.500-1.500 2-3l-.8-3H19c1 0 1.800-1 1.500-2l-1.600-6c-.2-.700-.8-1-1.500-1H7",
  audition: "M4 14v-3a8 8 0 0 1 16 0v3M4 14h3v6H4zM17 14h3v6h-3z",
  add: "M4 7h11M4 12h11M4 17h7M18 13v7M14.500 16.500h7", why: "M12 20v-8M12 7.500v.100M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  map: "M4 6l5-2 6 2 5-2v14l-5 2-6-2-5 2zM9 4v14M15 6v14", folder: "M3 6h6l2 2h10v11H3z", theme: "M12 3a9 9 0 1 0 9 9 7 7 0 0 1-9-9z", keys: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2M12 17.500v.1",
};

/** @param {{name: keyof typeof PATHS}} props */
export const Icon = ({ name }) => html`<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
