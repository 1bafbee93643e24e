/** htm bound to preact, so that components are written as templates. Values in templates become text nodes or properties, never HTML. */
import { h } from "../vendor/preact.js";
import htm from "../vendor/htm.js";

export const html = htm.bind(h);
