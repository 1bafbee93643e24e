/** The sentence that says what is wanted, part by part; each part can be changed or dropped. */
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { completionsOf } from "../completing.js";
import { html } from "../html.js";
import { kindOf, NOTHING } from "../sentence.js";
import { results, say, sentence, startOver, titleOf } from "../state.js";
import { addCondition } from "../understanding.js";
import { readable, share } from "../words.js";

const BEGINS = { arc: "An arc of", path: "From", history: "For what you like", similar: "Like", mood: "Tracks that are", list: "All tracks" };

export function Sentence() {
  const said = sentence.value, kind = kindOf(said);
  const moods = Object.entries(said.moods), plain = JSON.stringify(said) === JSON.stringify(NOTHING);
  return html`<div class="sentence" aria-label="What is wanted">
    <span>${said.words ? "Tracks with" : BEGINS[kind]}</span>
    ${said.words && html`<${Chip} text=${`“${said.words}”`} drop=${() => say({ words: "" })} />`}
    ${said.seed && html`<${Chip} seed text=${titleOf(said.seed)} edit=${focusSearch} drop=${() => say({ seed: null, end: null })} />`}
    ${said.file && html`<${Chip} seed text=${said.file.name} drop=${() => say({ file: null })} />`}
    ${said.arc && html`<${Chip} text=${`${said.arc.mood} over ${said.arc.minutes} minutes`} edit=${focusArc} drop=${() => say({ arc: null })} />`}
    ${said.end && html`<span>to</span><${Chip} seed text=${titleOf(said.end)} drop=${() => say({ end: null })} />`}
    ${(said.likes.length > 0 || said.dislikes.length > 0) && html`<${Chip} text=${`${said.likes.length} up, ${said.dislikes.length} down`} drop=${() => say({ likes: [], dislikes: [] })} />`}
    ${moods.length > 0 && kind !== "mood" && html`<span>but</span>`}
    ${moods.map(([name, target]) => html`<${MoodChip} key=${name} name=${name} target=${target} />`)}
    ${said.conditions.length > 0 && html`<span>where</span>`}
    ${said.conditions.map((one, place) => html`<${Condition} key=${one} condition=${one} place=${place} />`)}
    ${said.without.map((one) => html`<${Chip} key=${one} text=${`not ${one}`} drop=${() => say({ without: said.without.filter((other) => other !== one) })} />`)}
    ${said.oneEach && html`<${Chip} text="one per artist" drop=${() => say({ oneEach: false })} />`}
    ${said.unread.map((one) => html`<${Chip} key=${one} unread text=${`“${one}” was not understood`} drop=${() => say({ unread: said.unread.filter((other) => other !== one) })} />`)}
    <${Add} />
    ${!plain && html`<button class="button plain" onClick=${startOver}>Start over</button>`}
  </div>`;
}

const focusArc = () => document.querySelector(".course [tabindex]")?.focus();
const focusSearch = () => document.getElementById("search").focus();

/** What Escape does where something lies open: it closes, nothing is changed, and the keyboard is where it was. @param {() => void} close */
const closing = (open, close) => (event) => {
  if (event.key !== "Escape" || !open) return;
  event.stopPropagation();
  event.currentTarget.querySelector("button").focus();
  close();
};

function Chip({ text, edit, drop, seed, drops, blames, unread, children, open }) {
  return html`<span class="anchor" onKeyDown=${closing(open, edit)}><span class=${["chip", seed && "seed", blames && "blames", unread && "unread"].filter(Boolean).join(" ")}>
    <button dir="auto" disabled=${!edit} onClick=${edit} aria-expanded=${children ? Boolean(open) : undefined} title=${text}>${text}${drops && html`<small>−${drops.toLocaleString()}</small>`}</button>
    <button onClick=${drop} aria-label=${`Drop ${text}`}>×</button></span>${open && children}</span>`;
}

function MoodChip({ name, target }) {
  const [open, setOpen] = useState(false), said = sentence.value;
  const others = () => Object.fromEntries(Object.entries(said.moods).filter(([one]) => one !== name));
  return html`<${Chip} text=${`${name} ${share(target)}`} edit=${() => setOpen(!open)} drop=${() => say({ moods: others() })} open=${open}>
    <div class="popover"><label>${name}
      <input type="range" min="0" max="1" step="0.01" value=${target} onInput=${(event) => say({ moods: { ...said.moods, [name]: Number(event.target.value) } }, { quiet: true })} /></label>
      <button class="button" onClick=${() => { say({ moods: others() }); addCondition(`${name} >= ${target.toFixed(2)}`); }}>Only tracks with at least this</button>
    </div>
  <//>`;
}

function Condition({ condition, place }) {
  const [open, setOpen] = useState(false);
  const said = sentence.value, found = results.value;
  const drop = found.explain?.dropped.find((one) => sameText(one.condition, condition));
  const without = said.conditions.filter((_, i) => i !== place);
  const change = (text) => {
    say({ conditions: text.trim() ? said.conditions.map((one, i) => (i === place ? text.trim() : one)) : without });
    setOpen(false);
  };
  const blames = found.state === "failed" ? found.message.includes(condition) : found.state === "done" && !found.tracks.length;
  return html`<${Chip} text=${readable(condition)} drops=${drop?.rows} blames=${blames} edit=${() => setOpen(!open)} drop=${() => say({ conditions: without })} open=${open}>
    <div class="popover"><${Typed} text=${condition} done=${change} /></div><//>`;
}

const bare = (text) => text.replace(/[\s()]/g, "").toLowerCase();
const sameText = (one, other) => bare(one) === bare(other);

function Add() {
  const [open, setOpen] = useState(false), said = sentence.value;
  const done = (text) => { if (text.trim()) addCondition(text.trim()); setOpen(false); };
  return html`<span class="anchor" onKeyDown=${closing(open, () => setOpen(false))}><button class="button plain" aria-expanded=${open} onClick=${() => setOpen(!open)}>+ condition</button>
    ${open && html`<div class="popover"><${Typed} text="" done=${done} />
      <p><label><span><input type="checkbox" checked=${said.oneEach} onChange=${(event) => say({ oneEach: event.target.checked })} /> one per artist</span></label></p></div>`}</span>`;
}

/** A condition that is typed, with completion of columns, operators and values. */
function Typed({ text, done }) {
  const [typed, setTyped] = useState(text), [at, setAt] = useState(-1), input = useRef(null);
  useEffect(() => input.current.focus(), []);
  const offered = completionsOf(typed);
  const take = (one) => { setTyped(one.whole); setAt(-1); input.current.focus(); };
  const submit = (event) => { event.preventDefault(); done(typed); };
  const keys = (event) => {
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && offered.length) {
      event.preventDefault();
      setAt((now) => (now + (event.key === "ArrowDown" ? 1 : offered.length)) % offered.length);
    } else if ((event.key === "Enter" && at >= 0) || (event.key === "Tab" && !event.shiftKey && offered.length && typed !== offered[0].whole)) {
      event.preventDefault();
      take(offered[Math.max(at, 0)]);
    }
  };
  return html`<form onSubmit=${submit}><label>Condition
    <input type="text" name="condition" value=${typed} placeholder="calm >= .6" autocomplete="off" spellcheck=${false} ref=${input} role="combobox" aria-autocomplete="list"
      aria-expanded=${offered.length > 0} aria-controls="completions" aria-activedescendant=${at >= 0 ? `completion-${at}` : undefined}
      onInput=${(event) => { setTyped(event.target.value); setAt(-1); }} onKeyDown=${keys} /></label>
    ${offered.length > 0 && html`<ul class="completions" id="completions" role="listbox" aria-label="Completions">${offered.map((one, place) => html`<li key=${one.whole} id=${`completion-${place}`}
      role="option" aria-selected=${place === at} onMouseDown=${(event) => event.preventDefault()} onClick=${() => take(one)}><span>${one.text}</span><em>${one.more}</em></li>`)}</ul>`}
  </form>`;
}
