// What every part of the page uses: elements, and text that is safe to look at. Text of rows reaches
// the page through `el` alone, which puts it there as text, after `visible`.

const byId = (id) => document.getElementById(id);
const report = byId("report");
const article = byId("row");
const PAGE = 100;
const UNKNOWN = "\u2013";
const reportTitle = document.title;

// What is drawn as nothing, moves other text or is obeyed by somebody; as `printable` has it.
const UNSEEN = new RegExp(
  "[\\p{Cc}\\p{Cf}\\p{Co}\\p{Cs}\\p{Cn}\\p{Zl}\\p{Zp}\\u034f\\u115f\\u1160\\u17b4\\u17b5" +
    "\\u180b-\\u180f\\u3164\\ufe00-\\ufe0f\\uffa0\\u{e0100}-\\u{e01ef}]", "gu");

const visible = (text) => String(text).replace(/\r\n/g, "\n").replace(UNSEEN, (one) => {
  if (one === "\n" || one === "\t") return one;
  const hex = one.codePointAt(0).toString(16);
  if (hex.length <= 2) return "\\x" + hex.padStart(2, "0");
  return hex.length <= 4 ? "\\u" + hex.padStart(4, "0") : "\\U" + hex.padStart(8, "0");
});

const el = (name, attributes, ...children) => {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [what, how] of Object.entries(value)) made.addEventListener(what, how);
    else made.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === "") continue;
    made.append(child instanceof Node ? child : visible(child));
  }
  return made;
};

const count = (number) => number.toLocaleString("en-US");
const counted = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
const seconds = (value) => (value < 59.95 ? `${value.toFixed(1)} s` : `${(value / 60).toFixed(1)} min`);
const dollars = (usd) => (usd === null || usd === undefined ? UNKNOWN
  : usd > 0 && usd < 0.005 ? `${Number(usd.toPrecision(2))} USD` : `${usd.toFixed(2)} USD`);
const badge = (word, extra) => el("span", { class: `badge ${extra || word}` }, word);

// One word of a command, quoted so that a shell takes it as it stands.
const shellWord = (text) => {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (visible(text) === text && !/[\n\t]/.test(text)) return "'" + text.replaceAll("'", "'\"'\"'") + "'";
  const bytes = [...new TextEncoder().encode(text)];
  return "$'" + bytes.map((one) => (one > 31 && one < 127 && one !== 39 && one !== 92
    ? String.fromCharCode(one) : "\\x" + one.toString(16).padStart(2, "0"))).join("") + "'";
};
