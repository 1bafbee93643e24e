/** Numbers and conditions as people read them. */

/** @param {number|null|undefined} seconds */
export function clock(seconds) {
  if (!(seconds >= 0) || !Number.isFinite(seconds)) return "–:––";
  const whole = Math.round(seconds), h = Math.floor(whole / 3600), m = Math.floor((whole % 3600) / 60), s = String(whole % 60).padStart(2, "0");
  return h ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

/** A number in [0, 1] as `.25`. @param {number} value */
export const share = (value) => value.toFixed(2).replace(/^0/, "");

export const count = (n, one) => `${n.toLocaleString()} ${n === 1 ? one : `${one}s`}`;

/** A text as a SQL literal. @param {string} text */
export const quoted = (text) => `'${text.replaceAll("'", "''")}'`;

/** A name as a SQL name. @param {string} name */
export const sqlName = (name) => (/^[A-Za-z_]\w*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);

/** A condition as a chip shows it. @param {string} condition */
export function readable(condition) {
  const decade = condition.match(/^year BETWEEN (\d{3})0 AND (\d{3})9$/i);
  if (decade && decade[1] === decade[2]) return `${decade[1]}0s`;
  const least = condition.match(/^"?(\w+)"? >= (\d*\.?\d+)$/);
  if (least) return `${least[1]} at least ${least[2].replace(/^0/, "")}`;
  const most = condition.match(/^"?(\w+)"? <= (\d*\.?\d+)$/);
  if (most) return `${most[1]} at most ${most[2].replace(/^0/, "")}`;
  const is = condition.match(/^(\w+) = '((?:[^']|'')*)'$/);
  if (is) return `${is[1]} ${is[2].replaceAll("''", "'")}`;
  return condition;
}
