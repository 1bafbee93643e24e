/** A mood over time, drawn by hand: tracks follow the curve. */
import { useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { moodNames, say, sentence } from "../state.js";

const POINTS = 9, STEP = 0.05, WIDTH = 320, HEIGHT = 90, EDGE = 8;
const SLOPE = Array.from({ length: POINTS }, (_, place) => 0.2 + (0.6 * place) / (POINTS - 1));

export function Course() {
  const area = useRef(null), said = sentence.value, names = moodNames.value;
  const [own, setOwn] = useState({ mood: null, minutes: 45, course: SLOPE });
  // The moods come later than the first drawing.
  const now = said.arc ?? { ...own, mood: own.mood ?? (names.includes("arousal") ? "arousal" : names[0]) }, course = fitted(now.course);
  const change = (part, quiet = false) => {
    const next = { ...now, course, ...part };
    setOwn(next);
    if (said.arc || part.course) say({ arc: next }, { quiet });
  };
  const set = (place, value, quiet) => change({ course: course.map((one, i) => (i === place ? clamp(value) : one)) }, quiet);
  const take = (event) => {
    // The drawing may be narrower than its element, so the browser says where in it a pointer is.
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(area.current.getScreenCTM().inverse());
    const place = Math.round(((at.x - EDGE) / (WIDTH - 2 * EDGE)) * (POINTS - 1));
    set(Math.min(POINTS - 1, Math.max(0, place)), 1 - (at.y - EDGE) / (HEIGHT - 2 * EDGE), event.type !== "pointerup");
  };
  const down = (event) => { area.current.setPointerCapture(event.pointerId); take(event); };
  const keys = (event, place) => {
    const by = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    set(place, course[place] + by, true);
  };
  const x = (place) => EDGE + ((WIDTH - 2 * EDGE) * place) / (POINTS - 1), y = (value) => EDGE + (HEIGHT - 2 * EDGE) * (1 - value);
  return html`<details class="steer course" name="steer" open=${Boolean(said.arc)}><summary>Draw a mood over time</summary>
    <div class="more"><label>Mood <select value=${now.mood} onChange=${(event) => change({ mood: event.target.value })}>${names.map((name) => html`<option key=${name} value=${name}>${name}</option>`)}</select></label>
      <label><input type="number" min="1" max="600" step="1" value=${now.minutes} onInput=${(event) => event.target.validity.valid && event.target.value && change({ minutes: Number(event.target.value) })} /> minutes</label>
      ${!said.arc && html`<button class="button" onClick=${() => change({ course })}>Make the list</button>`}</div>
    <svg ref=${area} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="group" aria-label=${`${now.mood} over ${now.minutes} minutes`}
      onPointerDown=${down} onPointerMove=${(event) => { if (event.buttons) take(event); }} onPointerUp=${take}>
      <polyline points=${course.map((value, place) => `${x(place)},${y(value)}`).join(" ")} />
      ${course.map((value, place) => html`<circle key=${place} cx=${x(place)} cy=${y(value)} r="5" tabindex="0" role="slider" aria-valuemin="0" aria-valuemax="1" aria-valuenow=${value.toFixed(2)}
        aria-label=${`${now.mood} at minute ${Math.round((now.minutes * place) / (POINTS - 1))}`} onKeyDown=${(event) => keys(event, place)} />`)}
    </svg>
  </details>`;
}

/** A course with as many points as are drawn. */
function fitted(course) {
  if (course.length === POINTS) return course;
  return SLOPE.map((_, place) => {
    const at = (place * (course.length - 1)) / (POINTS - 1), low = Math.floor(at), high = Math.min(course.length - 1, low + 1);
    return course[low] + (at - low) * (course[high] - course[low]);
  });
}

const clamp = (value) => Math.round(Math.min(1, Math.max(0, value)) * 100) / 100;
