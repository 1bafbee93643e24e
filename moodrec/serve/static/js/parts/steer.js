/** Moods by hand: the plane of valence and arousal, a slider a mood over its distribution, sound against mood, near against varied. */
import { useMemo, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { kindOf } from "../sentence.js";
import { library, say, sentence } from "../state.js";
import { share } from "../words.js";

const STEP = 0.05;

/** Sliders that are shown before one asks for all. */
const FIRST = 5;

export function Steer() {
  const [all, setAll] = useState(false);
  const known = library.value, said = sentence.value;
  if (!known?.moods.length) return null;
  const plane = known.moods.some((one) => one.name === "valence") && known.moods.some((one) => one.name === "arousal");
  const others = known.moods.filter((one) => !plane || (one.name !== "valence" && one.name !== "arousal"));
  const shown = all ? others : others.filter((mood, place) => place < FIRST || mood.name in said.moods);
  const kind = kindOf(said), blended = kind !== "mood" && kind !== "list" && Object.keys(said.moods).length > 0;
  return html`<details class="steer" name="steer" open=${innerHeight > 620 && innerWidth > 500}><summary>Steer by mood</summary>
    <div class="row">
      ${plane ? html`<${Pad} />` : html`<span></span>`}
      <div class="sliders">
        ${shown.map((mood) => html`<${MoodSlider} key=${mood.name} mood=${mood} />`)}
        ${others.length > FIRST && html`<button class="all" aria-expanded=${all} onClick=${() => setAll(!all)}>${all ? "fewer" : `all ${others.length} moods`}</button>`}
      </div>
    </div>
    ${blended && html`<${Ends} name="weight" label="Weight of the mood" from="sound" to="mood" value=${said.weight} />`}
    ${kind !== "list" && kind !== "mood" && kind !== "path" && html`<${Ends} name="variety" label="Variety" from="familiar" to="varied" value=${said.variety} />`}
  </details>`;
}

function Ends({ name, label, from, to, value }) {
  return html`<div><input type="range" min="0" max="1" step="0.01" value=${value} aria-label=${label} onInput=${(event) => say({ [name]: Number(event.target.value) }, { quiet: true })} />
    <div class="ends"><span>${from}</span><span>${to}</span></div></div>`;
}

function MoodSlider({ mood }) {
  const said = sentence.value, on = mood.name in said.moods, value = on ? said.moods[mood.name] : (mood.quantiles?.["0.5"] ?? mood.mean ?? 0.5);
  const set = (target) => say({ moods: { ...said.moods, [mood.name]: target } }, { quiet: true });
  const drop = () => say({ moods: Object.fromEntries(Object.entries(said.moods).filter(([name]) => name !== mood.name)) });
  const spread = useMemo(() => html`<${Spread} histogram=${mood.histogram} />`, [mood]);
  return html`<div class="slider" data-on=${on} title=${mood.meaning}>
    <button class="name" aria-pressed=${on} onClick=${() => (on ? drop() : set(0.9))}>${mood.name}</button>
    <div class="track">${spread}
      <input type="range" min="0" max="1" step="0.01" value=${value} aria-label=${mood.name} onInput=${(event) => set(Number(event.target.value))} /></div>
    <output>${on ? share(value) : "any"}</output></div>`;
}

/** The scores of one mood over the library. */
function Spread({ histogram }) {
  const most = Math.max(1, ...histogram);
  return html`<svg viewBox="0 0 20 10" preserveAspectRatio="none" aria-hidden="true">
    ${histogram.map((n, bin) => html`<rect key=${bin} x=${bin} y=${10 - (9 * n) / most} width="0.9" height=${(9 * n) / most} />`)}</svg>`;
}

function Pad() {
  const pad = useRef(null), said = sentence.value, { valence, arousal } = said.moods;
  const on = valence !== undefined && arousal !== undefined;
  const set = (x, y, quiet = true) => say({ moods: { ...said.moods, valence: clamp(x), arousal: clamp(y) } }, { quiet });
  const take = (event) => {
    const box = pad.current.getBoundingClientRect();
    set((event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height);
  };
  const down = (event) => { pad.current.setPointerCapture(event.pointerId); take(event); };
  const keys = (event) => {
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") return drop();
    if (!by) return undefined;
    event.preventDefault();
    event.stopPropagation();
    return set((valence ?? 0.5) + by[0], (arousal ?? 0.5) + by[1]);
  };
  const drop = () => say({ moods: Object.fromEntries(Object.entries(said.moods).filter(([name]) => name !== "valence" && name !== "arousal")) });
  return html`<div class="pad" ref=${pad} tabindex="0" role="slider" aria-label="Valence and arousal" aria-valuemin="0" aria-valuemax="1" aria-valuenow=${valence ?? 0.5}
    aria-valuetext=${on ? `valence ${valence.toFixed(2)}, arousal ${arousal.toFixed(2)}` : "any"}
    onPointerDown=${down} onPointerMove=${(event) => { if (event.buttons) take(event); }} onKeyDown=${keys} onDblClick=${drop}>
    <span class="n">energetic</span><span class="s">quiet</span><span class="w">dark</span><span class="e">bright</span>
    ${on && html`<i style=${{ left: `${valence * 100}%`, top: `${(1 - arousal) * 100}%` }}></i>`}
  </div>`;
}

const clamp = (value) => Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
