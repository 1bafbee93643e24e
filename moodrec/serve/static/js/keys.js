/** The keys of the page. They do nothing while one types. */
import { next, play, playing, seekBy, toggle } from "./playing.js";
import { mapOpen, results, startFrom, tool } from "./state.js";
import { addToList } from "./tray.js";

/** @param {() => void} help */
export function watchKeys(help) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const types = event.target.matches?.("input:not([type=range]), select, textarea");
    if (types || document.querySelector("dialog[open]")) return; // a dialog closes by itself
    const onButton = event.target.matches?.("button, a, summary");
    const act = ACTS[event.key === " " ? "space" : event.key];
    if (event.key === "?") help();
    else if (!act || (onButton && ["space", "Enter"].includes(event.key === " " ? "space" : event.key))) return;
    else act();
    event.preventDefault();
  });
}

const ACTS = {
  "/": () => document.getElementById("search").focus(),
  space: toggle,
  n: next,
  j: () => goTo(1),
  k: () => goTo(-1),
  Enter: () => { if (playing.peek()) startFrom(playing.peek()); },
  ArrowLeft: () => seekBy(-5),
  ArrowRight: () => seekBy(5),
  a: () => { if (playing.peek()) addToList([playing.peek()]); },
  m: () => { mapOpen.value = !mapOpen.peek(); },
  l: () => { tool.value = tool.peek() === "lasso" ? "move" : "lasso"; },
  Escape: () => { tool.value = "move"; mapOpen.value = false; },
};

function goTo(by) {
  const tracks = results.peek().tracks, at = tracks.findIndex((one) => one.track_id === playing.peek()?.track_id);
  const track = tracks[Math.max(0, Math.min(tracks.length - 1, at + by))];
  if (!track) return;
  play(track);
  document.querySelector(`[data-id="${CSS.escape(track.track_id)}"]`)?.scrollIntoView({ block: "nearest" });
}
