/** The page: its parts in their places, and what begins when it opens. */
import { render } from "../vendor/preact.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { dragging, watchDrops } from "./dropping.js";
import { html } from "./html.js";
import { watchKeys } from "./keys.js";
import { Map_ } from "./map/map.js";
import { open } from "./opening.js";
import { Course } from "./parts/course.js";
import { Folders, Keys, Progress, Toast, Token } from "./parts/dialogs.js";
import { Icon } from "./parts/icon.js";
import { Player } from "./parts/player.js";
import { Results } from "./parts/results.js";
import { Search } from "./parts/search.js";
import { Sentence } from "./parts/sentence.js";
import { Steer } from "./parts/steer.js";
import { Tray } from "./parts/tray.js";
import { ready } from "./playing.js";
import { searchOnChange } from "./searching.js";
import { jobs, mapOpen, results, server, tab, theme } from "./state.js";
import { list } from "./tray.js";

function Page() {
  const [keys, setKeys] = useState(false), [folders, setFolders] = useState(false);
  useEffect(() => watchKeys(() => setKeys(true)), []);
  const shown = tab.value;
  const choice = (name, text) => html`<button role="tab" id=${`tab-${name}`} aria-selected=${shown === name} aria-controls="side" onClick=${() => { tab.value = name; }}>${text}</button>`;
  return html`<div class="screen">
    <header class="top">
      <h1 class="brand"><img src="icon.svg" alt="" /><span>moodrec</span></h1>
      <${Search} />
      <button class="button sheet-handle" aria-pressed=${mapOpen.value} onClick=${() => { mapOpen.value = !mapOpen.value; }}><${Icon} name="map" /> Map</button>
      <button class="button icon" aria-label="Folders of music" title="Folders of music" onClick=${() => setFolders(true)}><${Icon} name="folder" /></button>
      <button class="button icon" aria-label="Light or dark" title="Light or dark" onClick=${changeTheme}><${Icon} name="theme" /></button>
      <button class="button icon" aria-label="Keys" title="Keys" onClick=${() => setKeys(true)}><${Icon} name="keys" /></button>
      <${Sentence} />
    </header>
    <section class="map" aria-label="Map" data-open=${mapOpen.value}><${Map_} /></section>
    <main class="side" id="side">
      ${!server.value.reachable && html`<p class="status fault" role="alert">The server does not answer. The page goes on by itself when it is back.</p>`}
      ${jobs.value.map((job) => html`<div class="status" key=${job.id}><${Progress} job=${job} /></div>`)}
      <div class="tabs" role="tablist" aria-label="Lists">${choice("results", "Results")}${choice("list", `List${list.value.length ? ` (${list.value.length})` : ""}`)}</div>
      ${shown === "list" ? html`<${Tray} />` : html`<${Steer} /><${Course} /><${Results} />`}
    </main>
    <${Player} />
    <${Keys} open=${keys} close=${() => setKeys(false)} /><${Folders} open=${folders} close=${() => setFolders(false)} /><${Token} /><${Toast} />
    ${dragging.value && html`<div class="drop-here">Drop it to find what is like it</div>`}
  </div>`;
}

function changeTheme() {
  const dark = theme.peek() ? theme.peek() === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  theme.value = dark ? "light" : "dark";
}

const place = document.getElementById("page");
place.replaceChildren();
render(html`<${Page} />`, place);
searchOnChange();
watchDrops();
open();
const waiting = results.subscribe((found) => {
  if (!found.tracks.length) return;
  ready(found.tracks[0]);
  queueMicrotask(() => waiting());
});
