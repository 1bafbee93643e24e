/** Why a track is among the results, and what else can be done with it. */
import { html } from "../html.js";
import { named, say, sentence, startFrom } from "../state.js";
import { useState } from "../../vendor/hooks.js";
import { json } from "../api.js";
import { again } from "../searching.js";
import { moodNames, tell } from "../state.js";
import { Radar } from "./radar.js";

export function Why({ track, why }) {
  const said = sentence.value, parts = why?.moods ?? [], most = Math.max(0.01, ...parts.map((one) => Math.abs(one.part)));
  return html`<div class="why">
    ${why && html`<span>${why.cosine !== null && `The sound has a cosine of ${why.cosine.toFixed(2)} with what you asked for. `}${parts.length > 0 && "What its moods add:"}</span>`}
    ${parts.length > 0 && html`<div class="bars">${parts.map((one) => html`<span key=${one.mood}>${one.mood} ${one.score?.toFixed(2).replace(/^0/, "")}</span>
      <span class=${`bar ${one.part < 0 ? "less" : ""}`} style=${{ width: `${(100 * Math.abs(one.part)) / most}%` }}></span><span>wanted ${one.wanted.toFixed(2).replace(/^0/, "")}</span>`)}</div>`}
    ${track.moods && html`<${Radar} moods=${track.moods} size=${190} />`}
    <${Correct} track=${track} />
    <div class="more">
      <button class="button" onClick=${() => startFrom(track)}>Like this</button>
      ${said.seed && html`<button class="button" onClick=${() => say({ end: named(track) })}>Path from here</button>`}
      ${track.artist && html`<button class="button" onClick=${() => say({ without: [...new Set([...said.without, track.artist])] })}>Not this artist</button>`}
    </div>
  </div>`;
}

/** What a person says of a mood is stored in the library, and corrects its scores at once. */
function Correct({ track }) {
  const [mood, setMood] = useState(""), [sent, setSent] = useState(false);
  const write = async (value) => {
    setSent(true);
    try {
      await json("label", { body: { track_id: track.track_id, moods: { [mood]: value } } });
      tell(value === null ? "The label is taken back." : `It ${value ? "is" : "is not"} ${mood}: kept in the library.`, value === null ? null : () => write(null));
      again();
    } catch (error) {
      tell(error.message);
    }
    setSent(false);
  };
  return html`<div class="more"><label>Correct <select value=${mood} onChange=${(event) => setMood(event.target.value)}>
      <option value="">a mood</option>${moodNames.value.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select></label>
    ${mood && html`<button class="button" disabled=${sent} onClick=${() => write(1)}>It is ${mood}</button><button class="button" disabled=${sent} onClick=${() => write(0)}>It is not</button>`}</div>`;
}
