/** What a lasso holds: its moods against the library's, and what can be done with it. */
import { html } from "../html.js";
import { playAll } from "../playing.js";
import { atlas, library, say, selection, sentence } from "../state.js";
import { addToList } from "../tray.js";

const SHOWN = 5;

export function Selection() {
  const rows = selection.value, known = atlas.value;
  if (!rows || !known) return null;
  const here = known.meanMoods(rows);
  const means = Object.fromEntries(library.value.moods.map((one) => [one.name, one.mean ?? 0]));
  const apart = Object.keys(here).sort((a, b) => Math.abs(here[b] - means[b]) - Math.abs(here[a] - means[a])).slice(0, SHOWN);
  const tracks = () => rows.map((row) => known.track(row));
  const like = () => {
    say({ seed: null, file: null, end: null, words: "", dislikes: [], likes: rows.slice(0, 200).map((row) => known.tracks.track_id[row]) });
    selection.value = null;
  };
  return html`<section class="selection" aria-label="Selection">
    <strong>${rows.length.toLocaleString()} ${rows.length === 1 ? "track" : "tracks"} circled</strong>
    <div class="why"><div class="bars">
      ${apart.map((name) => {
        const more = here[name] - means[name];
        return html`<span key=${name}>${name}</span>
          <span class=${`bar ${more < 0 ? "less" : ""}`} style=${{ width: `${Math.min(100, Math.abs(more) * 200)}%` }}></span>
          <span>${more < 0 ? "−" : "+"}${Math.abs(more).toFixed(2)}</span>`;
      })}
    </div></div>
    <span>against the mean of the library</span>
    <div class="acts">
      <button class="button" onClick=${() => playAll(tracks())}>Play all</button>
      <button class="button" onClick=${() => addToList(tracks())}>To the list</button>
      <button class="button" onClick=${like} disabled=${sentence.value.likes.length > 200}>More like these</button>
      <button class="button plain" onClick=${() => { selection.value = null; }}>Clear</button>
    </div>
  </section>`;
}
