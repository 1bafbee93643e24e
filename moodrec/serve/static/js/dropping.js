/** Files dropped anywhere on the page are analysed, and what is like them is shown. */
import { signal } from "../vendor/signals.js";
import { analyse } from "./api.js";
import { say, tell, toast } from "./state.js";

export const dragging = signal(false);

export function watchDrops() {
  let depth = 0;
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragenter", (event) => { if (hasFiles(event)) { depth++; dragging.value = true; } });
  addEventListener("dragleave", () => { depth = Math.max(0, depth - 1); if (!depth) dragging.value = false; });
  addEventListener("dragover", (event) => { if (hasFiles(event)) event.preventDefault(); });
  addEventListener("drop", (event) => {
    depth = 0;
    dragging.value = false;
    const [file] = event.dataTransfer?.files ?? []; // of several the first
    if (!file) return;
    event.preventDefault();
    take(file);
  });
}

/** @param {File} file */
async function take(file) {
  tell(`Analysing ${file.name} …`, { lasting: true });
  try {
    const found = await analyse(file);
    say({ seed: null, end: null, arc: null, words: "", likes: [], dislikes: [], file: { name: file.name, embedding: found.embedding, place: found.place } });
    toast.value = null;
  } catch (error) {
    tell(error.message);
  }
}
