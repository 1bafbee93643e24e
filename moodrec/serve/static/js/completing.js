/** What may come next in a condition: a column, an operator, a value of the column, or how conditions are joined. */
import { library } from "./state.js";
import { quoted, sqlName } from "./words.js";

const MOST = 7;
const NUMBERS = [">=", "<=", "=", "BETWEEN", "IS NOT NULL"];
const TEXTS = ["=", "ILIKE", "IN (", "IS NOT NULL"];
/** A comparison that may be unfinished at the end of a text: a column, an operator, the beginning of a value. */
const OPEN = /(?:^|[\s(])((?:pct|prob)\()?"?([\p{L}_][\p{L}\p{N}_]*)"?\)?\s*(>=|<=|<>|!=|=|<|>|\bILIKE\b|\bLIKE\b|\bIN\s*\()\s*('[^']*|[\d.]*)$/iu;

/**
 * @param {string} typed @returns {{text: string, more: string, whole: string}[]} the whole is the condition with the completion taken
 */
export function completionsOf(typed) {
  const open = OPEN.exec(typed);
  if (open) return valuesFor(open[2], open[4], typed);
  const word = /[\p{L}_][\p{L}\p{N}_]*$/u.exec(typed)?.[0] ?? "";
  const before = typed.slice(0, typed.length - word.length);
  const column = /"?([\p{L}_][\p{L}\p{N}_]*)"?\s+$/u.exec(before);
  const known = column && columnCalled(column[1]);
  if (known) return matching(isText(known) ? TEXTS : NUMBERS, word, before);
  if (/(?:[\d.]|'|NULL|\))\s+$/i.test(before)) return matching(["AND", "OR"], word, before);
  if (!word && before.trim() && !/(?:\bAND|\bOR|\bNOT|\()\s*$/i.test(before)) return [];
  return columns().filter((one) => one.name.toLowerCase().startsWith(word.toLowerCase()) && one.name !== typed)
    .slice(0, MOST).map((one) => ({ text: one.name, more: rangeOf(one), whole: `${before}${sqlName(one.name)} ` }));
}

function matching(words, begun, before) {
  return words.filter((one) => one.startsWith(begun.toUpperCase()) && one !== begun.toUpperCase())
    .map((one) => ({ text: one, more: "", whole: `${before}${one}${one.endsWith("(") ? "" : " "}` }));
}

function valuesFor(name, begun, typed) {
  const column = columnCalled(name);
  if (!column || !isText(column)) return [];
  const small = begun.replace(/^'/, "").toLowerCase(), before = typed.slice(0, typed.length - begun.length);
  return column.values.filter((one) => String(one.value).toLowerCase().startsWith(small)).slice(0, MOST)
    .map((one) => ({ text: String(one.value), more: `${one.count} tracks`, whole: `${before}${quoted(String(one.value))} ` }));
}

/** Moods first: they are what one asks about most. */
const columns = () => {
  const all = library.value?.columns ?? [], moods = all.filter((one) => one.mood);
  return [...moods, ...all.filter((one) => !one.mood && !/^(prob|audio)_/.test(one.name))];
};
const columnCalled = (name) => columns().find((one) => one.name.toLowerCase() === name.toLowerCase());
const isText = (column) => column.kind === "text" || column.kind === "list";
const rangeOf = ({ kind, least, greatest }) => (least === null ? kind : `${short(least)} to ${short(greatest)}`);
const short = (number) => String(Math.round(number * 100) / 100);
