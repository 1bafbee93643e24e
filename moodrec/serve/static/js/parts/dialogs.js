/** What lies over the page: the keys, the token, the folders to analyse, and short notices. */
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { json, signIn } from "../api.js";
import { html } from "../html.js";
import { reopen } from "../opening.js";
import { Icon } from "./icon.js";
import { jobs, server, tell, toast } from "../state.js";

const KEYS = [["/", "search"], ["space", "play or pause"], ["j and k", "next and previous result"], ["enter", "find what is like it"], ["← and →", "five seconds back and on"],
  ["n", "next track"], ["a", "put it into the list"], ["m", "the map, on a small screen"], ["l", "circle tracks on the map"], ["?", "these keys"], ["esc", "close"]];

const stay = () => {};

/** @param {{open: boolean, close: () => void, label: string, children: any}} props */
function Dialog({ open, close, label, children }) {
  const shown = useRef(null);
  useEffect(() => { if (open) shown.current.showModal(); else shown.current.close(); }, [open]);
  return html`<dialog ref=${shown} aria-label=${label} onClose=${() => (close === stay && open ? shown.current.showModal() : close())} onClick=${(event) => { if (event.target === shown.current) close(); }}>
    ${open && html`<header><h2>${label}</h2>${close !== stay && html`<button class="button plain icon" aria-label="Close" onClick=${close}><${Icon} name="close" /></button>`}</header>${children}`}</dialog>`;
}

export function Keys({ open, close }) {
  return html`<${Dialog} open=${open} close=${close} label="Keys"><div class="keys">${KEYS.map(([key, does]) => html`<kbd key=${key}>${key}</kbd><span>${does}</span>`)}</div><//>`;
}

export function Folders({ open, close }) {
  const [known, setKnown] = useState(null), running = jobs.value;
  useEffect(() => { if (open) json("jobs").then((found) => setKnown(found.folders), (error) => tell(error.message)); }, [open]);
  const start = (folders) => json("jobs", { body: { folders } }).then(() => tell("The analysis has begun."), (error) => tell(error.message));
  return html`<${Dialog} open=${open} close=${close} label="Folders of music">
    ${running.map((job) => html`<${Progress} key=${job.id} job=${job} />`)}
    ${known?.length === 0 && html`<p>The server was started without folders of music. Start it with: moodrec serve --music FOLDER</p>`}
    <ul>${known?.map((folder) => html`<li key=${folder} class="folder"><bdi title=${folder}>${folder}</bdi><button class="button" disabled=${running.length > 0} onClick=${() => start([folder])}>Analyse</button></li>`)}</ul>
    <p><small>Drop an audio file anywhere on the page to find what is like it; it is analysed and not kept.</small></p><//>`;
}

export function Progress({ job }) {
  const stop = () => json(`jobs/${job.id}`, { method: "DELETE" }).catch((error) => tell(error.message));
  return html`<div><p>${job.done.toLocaleString()} of ${job.total.toLocaleString()} files ${job.last ?? ""}</p>
    <div class="progress" role="progressbar" aria-label="Analysis" aria-valuemin="0" aria-valuemax=${job.total} aria-valuenow=${job.done}><i style=${{ width: `${job.total ? (100 * job.done) / job.total : 0}%` }}></i></div>
    <button class="button plain" onClick=${stop} disabled=${job.state === "stopping"}>Stop; what is done is kept</button></div>`;
}

export function Token() {
  const [fault, setFault] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    try {
      await signIn(new FormData(event.target).get("token"));
      await reopen();
    } catch (error) {
      setFault(error.message);
    }
  };
  return html`<${Dialog} open=${server.value.locked} close=${stay} label="This server wants its token">
    <form onSubmit=${submit}><label>Token <input type="password" name="token" autocomplete="current-password" /></label> <button class="button main">Open</button></form>
    ${fault && html`<p class="fault" role="alert">${fault}</p>`}<//>`;
}

export function Toast() {
  const said = toast.value;
  return html`<div role="status" aria-live="polite">${said && html`<div class="toast"><span>${said.text}</span>${said.undo && html`<button onClick=${() => { said.undo(); toast.value = null; }}>Undo</button>`}</div>`}</div>`;
}
