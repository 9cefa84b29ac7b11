// What the file keeps compressed, and the table of rows with its filter.

const unpacked = async (id) => {
  const packed = Uint8Array.from(atob(byId(id).textContent), (one) => one.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
};

const opened = new Map();
const linesOf = async (block) => {
  let lines = opened.get(block);
  if (!lines) {
    lines = unpacked(`b${block}`).then((text) => text.split("\n"));
    opened.set(block, lines);
    if (opened.size > 12) opened.delete(opened.keys().next().value);
  }
  return lines;
};

// ---- the table of rows

let index = null;
let rows = []; // numbers of those that the filter lets through, in the order shown
let places = null;
const filter = { text: "", inside: false, o: "", t: "", s: "", v: "" };
const order = { column: null, direction: 0 };
let page = 0;
let draw = () => {};
let asked = 0; // to give up a search when another begins

const word = (name, at) => index.words[name][index[name][at]];
const addressOf = (at) => {
  try { return `#row=${encodeURIComponent(index.ids[at])}`; } catch { return `#at=${at}`; }
};

const COLUMNS = [
  { title: "row", key: (at) => index.ids[at] },
  { title: "outcome", key: (at) => word("o", at) },
  { title: "topic", key: (at) => word("t", at), name: "t" },
  { title: "stopped by", key: (at) => word("s", at), name: "s" },
  { title: "rounds", key: (at) => index.r[at], name: "r", isNumber: true },
  { title: "drafts", key: (at) => index.d[at], name: "d", isNumber: true },
  { title: "tokens", key: (at) => index.k[at], name: "k", isNumber: true },
  { title: "cost", key: (at) => index.c[at], name: "c", isNumber: true },
  { title: "reason", key: (at) => word("w", at) },
];

const isUsed = (column) => {
  if (!column.name) return true;
  if (column.isNumber) return index[column.name].some((one) => one);
  return index.words[column.name].some((one) => one);
};

const cellOf = (column, at) => {
  const value = column.key(at);
  if (column.title === "row") return el("th", { scope: "row" }, el("a", { href: addressOf(at) }, value));
  if (column.title === "outcome") return el("td", null, badge(value));
  if (column.title === "cost") return el("td", { class: "number" }, value === null ? UNKNOWN : dollars(value / 1e9));
  if (column.isNumber) return el("td", { class: "number" }, value === null ? UNKNOWN : count(value));
  const kind = { reason: "reason", "stopped by": "word" }[column.title];
  return el("td", { class: kind || null }, value || UNKNOWN);
};

const build = () => {
  const shown = COLUMNS.filter(isUsed);
  const headers = shown.map((one) => el("th", { scope: "col", class: one.isNumber ? "number" : null }, one.title));
  const body = el("tbody");
  const status = el("p", { role: "status", id: "count" });
  const pager = el("div", { class: "pager" });
  const back = el("button", { type: "button", on: { click: () => turn(-1) } }, "Previous 100");
  const on = el("button", { type: "button", on: { click: () => turn(1) } }, "Next 100");
  const where = el("span");
  pager.append(back, where, on);

  draw = () => {
    const from = page * PAGE;
    const drawn = rows.slice(from, from + PAGE);
    body.replaceChildren(...drawn.map((at) => el("tr", null, shown.map((one) => cellOf(one, at)))));
    pager.hidden = rows.length <= PAGE;
    back.disabled = page === 0;
    on.disabled = from + PAGE >= rows.length;
    where.textContent = drawn.length ? `${count(from + 1)} to ${count(from + drawn.length)}` : "";
  };
  const turn = (by) => { page += by; draw(); table.scrollIntoView({ block: "start" }); };

  const apply = async () => {
    const mine = ++asked;
    const found = await filtered(() => mine !== asked, (told) => { status.textContent = told; });
    if (mine !== asked) return;
    rows = sorted(found);
    page = 0;
    draw();
    const all = index.ids.length;
    status.textContent = rows.length === all ? counted(all, "row") : `${count(rows.length)} of ${counted(all, "row")}`;
  };

  sortable(headers, (column, direction) => {
    order.column = shown[column];
    order.direction = direction;
    apply();
  }, false);
  const table = el("table", { class: "rows" },
    el("caption", { class: "unseen" }, "Rows of the run"),
    el("thead", null, el("tr", null, headers)), body);
  byId("browser").append(filterBar(apply), status,
    el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Rows of the run" }, table), pager);
  return apply();
};

const sorted = (found) => {
  if (!order.direction) return found;
  const keys = new Map(found.map((at) => [at, order.column.key(at)]));
  return found.sort((one, other) => compared(keys.get(one), keys.get(other), order.direction));
};

const filtered = async (isOld, tell) => {
  const wanted = {};
  for (const name of ["o", "t", "s"]) {
    wanted[name] = filter[name] === "" ? -1 : Number(filter[name]);
  }
  const byValidator = filter.v === "" ? null
    : index.words.v.map((names) => names.split("\n").includes(filter.v));
  const needle = filter.text.toLowerCase();
  const inside = needle && filter.inside ? await searched(needle, isOld, tell) : null;
  const reasons = needle ? index.words.w.map((one) => one.toLowerCase().includes(needle)) : null;
  const topics = needle ? index.words.t.map((one) => one.toLowerCase().includes(needle)) : null;
  const found = [];
  for (let at = 0; at < index.ids.length; at += 1) {
    if (wanted.o >= 0 && index.o[at] !== wanted.o) continue;
    if (wanted.t >= 0 && index.t[at] !== wanted.t) continue;
    if (wanted.s >= 0 && index.s[at] !== wanted.s) continue;
    if (byValidator && !byValidator[index.v[at]]) continue;
    if (needle && !reasons[index.w[at]] && !topics[index.t[at]] && !(inside && inside.has(at))
      && !index.ids[at].toLowerCase().includes(needle)) continue;
    found.push(at);
  }
  return found;
};

// Looks through the texts of all rows in the file, a block at a time.
const searched = async (needle, isOld, tell) => {
  const quoted = asciiJson(needle);
  const inBlock = new Map();
  index.b.forEach((block, at) => {
    if (block < 0) return;
    if (!inBlock.has(block)) inBlock.set(block, []);
    inBlock.get(block).push(at);
  });
  const found = new Set();
  let done = 0;
  for (const [block, inIt] of inBlock) {
    const lines = await linesOf(block);
    if (isOld()) return found;
    for (const at of inIt) if (lines[index.p[at]].toLowerCase().includes(quoted)) found.add(at);
    done += 1;
    if (done % 10 === 0) tell(`Looking inside the rows: ${Math.round(100 * done / inBlock.size)} %`);
  }
  return found;
};

// As the rows are written: JSON in ASCII.
const asciiJson = (text) => JSON.stringify(text).slice(1, -1)
  .replace(/[\u007f-\uffff]/g, (one) => "\\u" + one.charCodeAt(0).toString(16).padStart(4, "0"));

const filterBar = (apply) => {
  let waiting = 0;
  const later = () => { clearTimeout(waiting); waiting = setTimeout(apply, 150); };
  const text = el("input", { type: "search", id: "filter-text", autocomplete: "off", spellcheck: "false" });
  text.addEventListener("input", () => { filter.text = text.value; later(); });
  const inside = el("input", { type: "checkbox", id: "filter-inside" });
  inside.addEventListener("change", () => { filter.inside = inside.checked; apply(); });
  const selects = [
    choice("o", "Outcome", index.words.o.map((one, at) => [at, one])),
    choice("t", "Topic", index.words.t.map((one, at) => [at, one])),
    choice("s", "Stopped by", index.words.s.map((one, at) => [at, one])),
    choice("v", "Not passed", [...new Set(index.words.v.flatMap((one) => one.split("\n")))].map((one) => [one, one])),
  ].filter(Boolean);
  for (const { select, name } of selects) {
    select.addEventListener("change", () => { filter[name] = select.value; apply(); });
  }
  const clear = el("button", { type: "button" }, "Clear");
  clear.addEventListener("click", () => {
    text.value = filter.text = "";
    inside.checked = filter.inside = false;
    for (const { select, name } of selects) select.value = filter[name] = "";
    apply();
    text.focus();
  });
  return el("div", { class: "filter", role: "search", "aria-label": "Filter the rows" },
    el("div", { class: "field grow" }, el("label", { for: "filter-text" }, "Text in id, topic or reason"), text),
    selects.map((one) => one.field),
    el("div", { class: "field check" }, inside, el("label", { for: "filter-inside" }, "look inside the rows too")),
    clear);
};

const choice = (name, title, options) => {
  const real = options.filter(([, said]) => said !== "");
  if (real.length < (name === "v" ? 1 : 2)) return null;
  real.sort((one, other) => String(one[1]).localeCompare(String(other[1])));
  const select = el("select", { id: `filter-${name}` }, el("option", { value: "" }, "any"),
    real.map(([value, said]) => el("option", { value: String(value) }, said)));
  return { name, select, field: el("div", { class: "field" }, el("label", { for: `filter-${name}` }, title), select) };
};
