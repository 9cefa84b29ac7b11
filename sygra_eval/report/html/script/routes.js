// Which row is open: addresses, keys, focus; and the start of it all.

const barOf = (at) => {
  const place = rows.indexOf(at);
  const link = (to, said, key) => (to === undefined ? null : el("a", { href: addressOf(to), "aria-keyshortcuts": key }, said));
  return el("nav", { class: "rowbar", "aria-label": "Rows" },
    el("a", { href: "#rows", "aria-keyshortcuts": "Escape" }, "All rows"),
    place < 0 ? null : el("span", { class: "quiet" }, `${count(place + 1)} of ${count(rows.length)}`),
    place > 0 ? link(rows[place - 1], "Previous (k)", "k") : null,
    place >= 0 ? link(rows[place + 1], "Next (j)", "j") : null);
};

let current = -1;
let scrolled = 0;

const openRow = async (at) => {
  if (current < 0) scrolled = window.scrollY;
  current = at;
  const id = index.ids[at];
  const title = el("h2", { tabindex: "-1" }, id);
  let story;
  try {
    if (index.b[at] >= 0) story = JSON.parse((await linesOf(index.b[at]))[index.p[at]]);
  } catch (error) {
    story = { id, outcome: word("o", at), reason: `This file is damaged here: ${error}` };
  }
  if (current !== at) return;
  show(el("div", null, barOf(at), title, story ? storyOf(story) : [
    el("p", { class: "why" }, badge(word("o", at)), " ", word("w", at)),
    el("p", null, "This row is left out of the file, which would be too large with it; the run's folder has it:"),
    copier(command(id)),
  ]), title, id);
};

const show = (content, title, said) => {
  article.replaceChildren(content);
  report.hidden = true;
  article.hidden = false;
  document.title = `${visible(said)}: ${reportTitle}`;
  window.scrollTo(0, 0);
  title.focus({ preventScroll: true });
};

// Back where the reader was: at the row's line in the table, else where the address leads.
const closeRow = () => {
  if (article.hidden) return;
  const left = rows.indexOf(current);
  const to = addressOf(current < 0 ? 0 : current);
  article.hidden = true;
  article.replaceChildren();
  report.hidden = false;
  document.title = reportTitle;
  current = -1;
  const target = byId(location.hash.slice(1));
  if (location.hash === "#rows" && left >= 0) {
    page = Math.floor(left / PAGE);
    draw();
    const links = [...byId("browser").querySelectorAll("tbody a")];
    const link = links.find((one) => one.getAttribute("href") === to);
    link.focus({ preventScroll: true });
    link.scrollIntoView({ block: "center" });
  } else if (target) {
    target.scrollIntoView();
  } else {
    window.scrollTo(0, scrolled);
  }
};

const idOf = (hash) => {
  if (hash.startsWith("#at=")) return Number(hash.slice(4));
  try {
    const id = decodeURIComponent(hash.slice(5));
    if (!places) places = new Map(index.ids.map((one, at) => [one, at]));
    return places.get(id);
  } catch {
    return undefined;
  }
};

const route = () => {
  const { hash } = location;
  if (!hash.startsWith("#row=") && !hash.startsWith("#at=")) {
    closeRow();
    return;
  }
  const at = idOf(hash);
  if (at !== undefined && index.ids[at] !== undefined) {
    openRow(at);
    return;
  }
  const title = el("h2", { tabindex: "-1" }, "No such row");
  show(el("div", null, barOf(-1), title, el("p", null, `This report has no row ${hash.slice(5)}.`)), title, "No such row");
};

const KEYS = { j: 1, k: -1 };
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input:not([type=checkbox]), select, textarea");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !index) return;
  if (event.key === "Escape" && !article.hidden) {
    location.hash = "#rows";
  } else if (event.key in KEYS) {
    const at = current < 0 ? (KEYS[event.key] > 0 ? 0 : -1) : rows.indexOf(current) + KEYS[event.key];
    if (rows[at] !== undefined) location.hash = addressOf(rows[at]);
  }
});

const start = async () => {
  index = JSON.parse(await unpacked("index"));
  byId("static-rows").remove();
  await build();
  window.addEventListener("hashchange", route);
  route();
  document.documentElement.setAttribute("data-ready", "");
};

if (typeof DecompressionStream === "undefined") {
  byId("browser").append(el("p", { class: "banner" }, "This browser cannot open what the file keeps compressed; newer ones can."));
  return;
}
start().catch((error) => {
  byId("browser").append(el("p", { class: "banner" }, `The rows of this file cannot be shown: ${error}`));
});
