/** What the colours of the map mean, and the choice of what they show. */
import { html } from "../html.js";
import { colouredBy, moodNames } from "../state.js";

export function Legend() {
  const names = moodNames.value;
  if (!names.length) return null;
  const plane = names.includes("valence") && names.includes("arousal");
  const by = colouredBy.value === "mood" && !plane ? names[0] : colouredBy.value;
  return html`<div class="legend">
    <span class=${`swatch ${by === "mood" ? "circumplex" : "scale"}`} aria-hidden="true"></span>
    <label>Colour <select value=${by} onChange=${(event) => { colouredBy.value = event.target.value; }}>
      ${plane && html`<option value="mood">valence and arousal</option>`}
      ${names.map((name) => html`<option value=${name} key=${name}>${name}</option>`)}
    </select></label>
  </div>`;
}
