/** The one search field, and what the typed words may mean. */
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { suggestionsFor } from "../understanding.js";

const WAIT_MS = 120;

export function Search() {
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState([]);
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const asking = useRef(null);
  useEffect(() => {
    asking.current?.abort();
    if (!typed.trim()) { setFound([]); return undefined; }
    const own = (asking.current = new AbortController());
    const timer = setTimeout(async () => {
      try {
        setFound(await suggestionsFor(typed, own.signal));
        setAt(0);
      } catch (error) {
        if (error.name !== "AbortError") setFound([]);
      }
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const choose = (one) => {
    one?.act();
    setTyped("");
    setOpen(false);
  };
  const keys = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((now) => (found.length ? (now + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length : 0));
    } else if (event.key === "Enter") choose(found[at]);
    else if (event.key === "Escape") { setOpen(false); event.target.blur(); }
  };
  const shown = open && found.length > 0;
  return html`<div class="search" role="search">
    <input id="search" type="search" value=${typed} placeholder="A track, a mood, 1990s, calm > .6 …" aria-label="Search" autocomplete="off" spellcheck=${false}
      role="combobox" aria-expanded=${shown} aria-controls="suggestions" aria-activedescendant=${shown ? `suggestion-${at}` : undefined}
      onInput=${(event) => { setTyped(event.target.value); setOpen(true); }} onKeyDown=${keys} onFocus=${() => setOpen(true)}
      onBlur=${() => setTimeout(() => setOpen(false), 150)} />
    <kbd aria-hidden="true">/</kbd>
    ${shown && html`<ul class="suggestions" id="suggestions" role="listbox" aria-label="Suggestions">
      ${found.map((one, i) => html`<li key=${i} id=${`suggestion-${i}`} role="option" aria-selected=${i === at}
        onMouseDown=${(event) => event.preventDefault()} onClick=${() => choose(one)}>
        <span class="kind">${one.kind}</span><span>${one.text}${one.more && html` <em>${one.more}</em>`}</span></li>`)}
    </ul>`}
  </div>`;
}
