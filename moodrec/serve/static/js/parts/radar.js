/** The moods of one track as a radar. */
import { html } from "../html.js";

const MOST = 9;

/** @param {{moods: Record<string, number|null>, size: number}} props */
export function Radar({ moods, size }) {
  const names = Object.keys(moods).filter((name) => moods[name] !== null && name !== "valence" && name !== "arousal").slice(0, MOST);
  if (names.length < 3) return null;
  const middle = size / 2, reach = middle - 24;
  const at = (i, share) => {
    const angle = (2 * Math.PI * i) / names.length - Math.PI / 2;
    return [middle + Math.cos(angle) * reach * share, middle + Math.sin(angle) * reach * share];
  };
  const shape = names.map((name, i) => at(i, moods[name]).map((one) => one.toFixed(1)).join(",")).join(" ");
  return html`<svg class="radar" width=${size} height=${size} role="img" aria-label=${names.map((name) => `${name} ${moods[name].toFixed(2)}`).join(", ")}>
    <circle cx=${middle} cy=${middle} r=${reach} /><circle cx=${middle} cy=${middle} r=${reach / 2} />
    <polygon class="of" points=${shape} />
    ${names.map((name, i) => {
      const [x, y] = at(i, 1.16);
      return html`<text key=${name} x=${x} y=${y + 3} text-anchor=${x < middle - 6 ? "end" : x > middle + 6 ? "start" : "middle"}>${name.slice(0, 9)}</text>`;
    })}
  </svg>`;
}
