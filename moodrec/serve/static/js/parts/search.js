/** The one search field, and what the typed words may mean. */
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../html.js";
import { tell } from "../state.js";
import { suggestionsFor } from "../understanding.js";

const WAIT_MS = 120;
const NOTHING = { of: "", all: [] };

export function Search() {
  const [typed, setTyped] = useState("");
  const [offered, setOffered] = useState(NOTHING);
  const [at, setAt] = useState(0);
  const [open, setOpen] = useState(false);
  const hurried = useRef(false);
  const choose = (one) => {
    hurried.current = false;
    if (!one) return;
    setTyped("");
    setOpen(false);
    one.act();
  };
  useEffect(() => {
    if (!typed.trim()) { setOffered(NOTHING); return undefined; }
    const own = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const all = await suggestionsFor(typed, own.signal);
        if (own.signal.aborted) return;
        setOffered({ of: typed, all });
        setAt(0);
        if (hurried.current) choose(all[0]);
      } catch (error) {
        if (error.name === "AbortError") return;
        setOffered(NOTHING);
        if (hurried.current) tell(error.message);
      }
    }, WAIT_MS);
    return () => { clearTimeout(timer); own.abort(); };
  }, [typed]);
  const found = offered.all;
  const keys = (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setAt((now) => (found.length ? (now + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length : 0));
    } else if (event.key === "Enter" && !event.isComposing) {
      // Enter may come before the suggestions for what is typed do.
      const now = event.target.value;
      if (offered.of === now) choose(found[at]);
      else hurried.current = Boolean(now.trim());
    } else if (event.key === "Escape") { setOpen(false); event.target.blur(); }
  };
  const shown = open && found.length > 0;
  return html`<div class="search" role="search">
    <input id="search" type="search" dir="auto" value=${typed} placeholder="A track, a mood, 1990s, calm > .6 …" aria-label="Search" autocomplete="off" spellcheck=${false} maxlength="500"
      role="combobox" aria-autocomplete="list" aria-expanded=${shown} aria-controls=${shown ? "suggestions" : undefined} aria-activedescendant=${shown ? `suggestion-${at}` : undefined}
      onInput=${(event) => { hurried.current = false; setTyped(event.target.value); setOpen(true); }} onKeyDown=${keys} onFocus=${() => setOpen(true)}
      onBlur=${() => setTimeout(() => setOpen(false), 150)} />
    <kbd aria-hidden="true">/</kbd>
    ${shown && html`<ul class="suggestions" id="suggestions" role="listbox" aria-label="Suggestions">
      ${found.map((one, i) => html`<li key=${i} id=${`suggestion-${i}`} role="option" aria-selected=${i === at}
        onMouseDown=${(event) => event.preventDefault()} onClick=${() => choose(one)}>
        <span class="kind">${one.kind}</span><span><bdi>${one.text}</bdi>${one.more && html` <em dir="auto">${one.more}</em>`}</span></li>`)}
    </ul>`}
  </div>`;
}
