/** Why a track is among the results, and what else can be done with it. */
import { html } from "../html.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { json } from "../api.js";
import { again } from "../searching.js";
import { moodNames, named, results, say, sentence, startFrom, tell } from "../state.js";
import { share } from "../words.js";
import { Radar } from "./radar.js";

export function Why({ track }) {
  const said = sentence.value, why = results.value.why?.get(track.track_id), moods = useMoods(track.track_id);
  return html`<div class="why">
    ${why && html`<${Reason} why=${why} targeted=${Object.keys(said.moods).length > 0} />`}
    ${moods && html`<${Radar} moods=${moods} size=${190} />`}
    <${Correct} track=${track} />
    <div class="more">
      <button class="button" onClick=${() => startFrom(track)}>Like this</button>
      ${said.seed && html`<button class="button" onClick=${() => say({ end: named(track) })}>Path to here</button>`}
      ${track.artist && html`<button class="button" onClick=${() => say({ without: [...new Set([...said.without, track.artist])] })}>Not this artist</button>`}
    </div>
  </div>`;
}

/** The cosine, and the moods that decide: those wanted, or those that are most unusual in the track and the seed alike. */
function Reason({ why, targeted }) {
  const parts = why.moods, most = Math.max(0.01, ...parts.map((one) => Math.abs(one.part)));
  return html`<span>${why.cosine !== null && `The sound has a cosine of ${why.cosine.toFixed(2)} with what you asked for. `}${parts.length > 0 && (targeted ? "What its moods add:" : "Moods that it shares with it:")}</span>
    ${parts.length > 0 && html`<div class="bars">${parts.map((one) => html`<span key=${one.mood}>${one.mood} ${one.score === null ? "unknown" : share(one.score)}</span>
      <span class=${`bar ${one.part < 0 ? "less" : ""}`} style=${{ width: `${(100 * Math.abs(one.part)) / most}%` }}></span><span>${targeted ? "wanted" : "seed"} ${share(one.wanted)}</span>`)}</div>`}`;
}

/** The moods of a track, read when one wants to see them: searches answer sooner without. @param {string} trackId */
function useMoods(trackId) {
  const [moods, setMoods] = useState(null), { version } = results.value;
  useEffect(() => {
    const own = new AbortController();
    json(`tracks/${encodeURIComponent(trackId)}`, { params: { columns: ["moods"] }, signal: own.signal }).then((found) => setMoods(found.moods), () => {});
    return () => own.abort();
  }, [trackId, version]);
  return moods;
}

/** What a person says of a mood is stored in the library, and corrects its scores at once. */
function Correct({ track }) {
  const [mood, setMood] = useState(""), [sent, setSent] = useState(false);
  const write = async (value) => {
    setSent(true);
    try {
      await json("label", { body: { track_id: track.track_id, moods: { [mood]: value } } });
      tell(value === null ? "The label is taken back." : `It ${value ? "is" : "is not"} ${mood}: kept in the library.`, value === null ? {} : { undo: () => write(null) });
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
