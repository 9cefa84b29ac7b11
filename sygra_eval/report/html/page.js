// The part of the report that a browser adds: the table of rows with its filter, a page for each
// row, sorting, keys. Text of rows reaches the page through textContent alone, after `visible`.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const report = byId("report");
  const article = byId("row");
  const PAGE = 100;
  const UNKNOWN = "\u2013";
  const reportTitle = document.title;

  // ---- text and elements

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

  // ---- sorting of any table

  // Puts a button into each header; `sort(column, direction)` is called with 1, -1 or 0.
  const sortable = (headers, sort, usual) => {
    headers.forEach((header, column) => {
      const button = el("button", { type: "button", class: "sorter" }, header.textContent);
      button.addEventListener("click", () => {
        const now = header.getAttribute("aria-sort");
        const first = header.classList.contains("number") && !usual ? "descending" : "ascending";
        const second = first === "ascending" ? "descending" : "ascending";
        const next = now === first ? second : now === second ? null : first;
        headers.forEach((other) => other.removeAttribute("aria-sort"));
        if (next) header.setAttribute("aria-sort", next);
        sort(column, next === "ascending" ? 1 : next === "descending" ? -1 : 0);
      });
      header.replaceChildren(button);
    });
  };

  const UNITS = { k: 1e3, M: 1e6, G: 1e9, T: 1e12, h: 3600, min: 60 };
  const valueOf = (text) => {
    const found = /^[^\d-]*(-?[\d,]+(?:\.\d+)?(?:e-?\d+)?) ?(k|M|G|T|h|min)?\b/.exec(text);
    return found ? Number(found[1].replaceAll(",", "")) * (UNITS[found[2]] || 1) : null;
  };

  const sortStatic = (table) => {
    const body = table.tBodies[0];
    const asWritten = [...body.rows];
    sortable([...table.tHead.rows[0].cells], (column, direction) => {
      const rows = [...asWritten];
      if (direction) {
        const keys = new Map(rows.map((row) => {
          const cell = row.cells[column];
          const isNumber = cell.classList.contains("number");
          return [row, isNumber ? valueOf(cell.textContent) : cell.textContent];
        }));
        rows.sort((one, other) => compared(keys.get(one), keys.get(other), direction));
      }
      body.append(...rows);
    });
  };

  // What is unknown stands last, whichever way.
  const compared = (one, other, direction) => {
    if (one === null || one === "") return other === null || other === "" ? 0 : 1;
    if (other === null || other === "") return -1;
    const order = typeof one === "number" && typeof other === "number"
      ? one - other : String(one).localeCompare(String(other));
    return order * direction;
  };

  document.querySelectorAll("table.sortable").forEach(sortStatic);

  // ---- printing: what is folded is printed too

  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("details:not([open])")];
    folded.forEach((one) => { one.open = true; });
  });
  window.addEventListener("afterprint", () => folded.forEach((one) => { one.open = false; }));

  // ---- what the file keeps compressed

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
    return el("td", { class: column.title === "reason" ? "reason" : null }, value || UNKNOWN);
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

  // ---- the page of a row

  const block = (text, extra) => el("pre", { class: extra || null }, text);
  const titled = (level, title, ...content) => [el(level, null, title), ...content];
  const facts = (pairs, extra) => el("dl", { class: extra || "tiles" }, pairs.filter(([, said]) => said !== null && said !== undefined)
    .map(([what, said]) => el("div", null, el("dt", null, what), el("dd", null, said))));

  const diffOf = (text) => {
    const made = el("pre", { class: "diff" });
    for (const line of text.split("\n")) {
      const kind = /^(---|\+\+\+|@@)/.test(line) ? "span" : line[0] === "+" ? "ins" : line[0] === "-" ? "del" : "span";
      made.append(el(kind, { class: /^(---|\+\+\+|@@)/.test(line) ? "mark" : null }, line), "\n");
    }
    return made;
  };

  const caseOf = (one) => facts([
    ["test", one.test], ["input", one.input], ["expected", one.expected], ["got", one.got], ["traceback", one.traceback],
  ].map(([what, said]) => [what, said === undefined ? null : el("code", null, said)]), "case");

  const verdictTable = (verdicts) => {
    const told = verdicts.map((one) => el("tr", null,
      el("th", { scope: "row" }, one.by + (one.required ? "*" : "")),
      el("td", null, badge(one.said)),
      el("td", { class: "number" }, one.score === undefined ? UNKNOWN : one.score.toFixed(2)),
      el("td", { class: "reason" }, one.why || UNKNOWN,
        Object.entries(one.tests || {}).map(([group, [passed, total]]) => el("div", { class: "quiet" }, `${group} tests: ${passed} of ${total} pass`)),
        Object.entries(one.measures || {}).map(([name, value]) => el("div", { class: "quiet" }, `${name}: ${Number(value.toPrecision(4))}`)),
        one.failing || one.output ? el("details", null, el("summary", null, "Evidence"),
          (one.failing || []).map(caseOf), one.output ? block(one.output) : null) : null),
      el("td", null, one.trust || UNKNOWN)));
    const isolation = [...new Set(verdicts.map((one) => one.isolation).filter(Boolean))].sort().join(" \u00b7 ");
    return [el("div", { class: "wide", tabindex: "0", role: "group", "aria-label": "Verdicts" }, el("table", null,
      el("caption", { class: "unseen" }, "Verdicts of the row"),
      el("thead", null, el("tr", null, ["validator", "verdict", "score", "reason", "trust"].map((one) =>
        el("th", { scope: "col", class: one === "score" ? "number" : null }, one)))),
      el("tbody", null, told))),
    el("ul", { class: "notes" }, el("li", null, "* required: a row is verified when all of these pass"),
      el("li", null, `isolation: ${isolation || UNKNOWN}`))];
  };

  const chips = (verdicts) => el("ul", { class: "chips" }, verdicts
    .map(([by, said]) => el("li", null, badge(`${by}: ${said}`, said))));

  const flipsOf = (flips) => {
    const list = (title, names, kind) => (names ? el("div", { class: `flips ${kind}` }, el("h5", null, title),
      el("ul", null, names.map((one) => el("li", null, el("code", null, one))))) : null);
    return [list("Passes now and did not before", flips.fixed, "fixed"),
      list("Fails now and did not before", flips.broken, "broken")];
  };

  const attemptName = (round, one, number) => {
    if (round.kind === "candidates") return `Candidate ${number}${one.label ? ` (${one.label})` : ""}`;
    if (round.kind === "replies") return one.label || `Reply ${number}`;
    return round.n > 1 ? "Revision" : `Draft ${(one.sample || 0) + 1}`;
  };

  const attemptOf = (round, one, number) => {
    const spent = [one.tokens ? counted(one.tokens, "token") : null, one.s ? seconds(one.s) : null].filter(Boolean);
    const isAnswer = round.kind === "replies";
    return el("details", { class: `attempt${one.kept ? " kept" : ""}`, open: Boolean(one.kept) || round.attempts.length === 1 },
      el("summary", null, el("b", null, attemptName(round, one, number)), " ",
        one.kept ? badge("kept") : null, " ",
        isAnswer ? null : badge(one.ok ? "accepted" : "not accepted", one.ok ? "pass" : "fail"), " ",
        el("span", { class: "quiet" }, spent.join(", "))),
      el("div", { class: "inside" },
        one.said ? chips(one.said) : null,
        one.flips ? flipsOf(one.flips) : null,
        one.code !== undefined
          ? titled("h5", "Code", block(one.code, "code"))
          : titled("h5", isAnswer ? "Reply" : `No code in the answer (${one.from || UNKNOWN})`, block(one.answer || "")),
        one.diff ? titled("h5", "Diff from what was kept before", diffOf(one.diff)) : null,
        one.evidence ? titled("h5", "Evidence, as the critic saw it", block(one.evidence)) : null,
        one.code !== undefined && one.answer && one.answer !== one.code
          ? el("details", null, el("summary", null, "The whole answer"), block(one.answer)) : null));
  };

  const SENTINEL = {
    granted: "Stop requested by the critic and granted: the tests agree.",
    refused: "Stop requested by the critic and refused: the tests do not pass.",
  };

  const roundName = (round) => (round.kind ? `${round.kind[0].toUpperCase()}${round.kind.slice(1)} of ${round.node}` : `Round ${round.n}`);

  const roundOf = (round, number) => el("section", { class: "round", id: `round-${number}`, "aria-labelledby": `round-${number}-title` },
    el("h4", { id: `round-${number}-title` }, roundName(round), round.kind ? null : el("span", { class: "quiet" }, ` of ${round.node}`)),
    (round.attempts || []).map((one, at) => attemptOf(round, one, at + 1)),
    (round.unanswered || []).map(([label, why]) => el("p", null, `${label}: no answer, ${why}`)),
    round.choice ? el("p", null, `Kept: ${round.choice}`) : null,
    round.critique === undefined ? null : el("div", { class: "critique" },
      el("h5", null, "Critique", el("span", { class: "quiet" },
        [round.tokens ? ` ${counted(round.tokens, "token")}` : "", round.s ? ` ${seconds(round.s)}` : ""].join(","))),
      block(round.critique)),
    SENTINEL[round.sentinel] ? el("p", { class: `sentinel ${round.sentinel}` }, SENTINEL[round.sentinel]) : null);

  const laneOf = (rounds) => el("ol", { class: "lane" }, rounds.map((round, at) => {
    const attempts = round.attempts || [];
    const isAccepted = attempts.some((one) => one.ok);
    const what = round.kind ? counted(attempts.length, "answer")
      : round.n === 1 ? counted(attempts.length, "draft") : "revision";
    const link = el("button", { type: "button", class: isAccepted ? "pass" : "fail" },
      el("b", null, round.kind || `Round ${round.n}`),
      el("span", null, what),
      el("span", null, isAccepted ? "accepted" : "not accepted"),
      round.sentinel === "refused" ? el("span", { class: "refused" }, "stop refused") : null,
      round.sentinel === "granted" ? el("span", null, "stop granted") : null);
    link.addEventListener("click", () => {
      const to = byId(`round-${at + 1}`);
      to.scrollIntoView({ block: "start" });
      const title = byId(`round-${at + 1}-title`);
      title.tabIndex = -1;
      title.focus({ preventScroll: true });
    });
    return el("li", null, link);
  }));

  const command = (id) => `sygra-eval show ${shellWord(index.run)} ${shellWord(id)}`;

  const copier = (text) => {
    const said = el("span", { role: "status", class: "quiet" });
    const shown = el("code", { class: "command" }, text);
    const button = el("button", { type: "button" }, "Copy the command");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(shown);
        said.textContent = document.execCommand("copy") ? "copied" : "selected: copy it with your keyboard";
      }
    });
    return el("p", { class: "copy" }, shown, " ", button, " ", said);
  };

  const listed = (title, items) => (items && items.length ? titled("h3", title, el("ul", null, items.map((one) => el("li", null, one)))) : null);

  const storyOf = (story) => {
    const loop = story.loop || {};
    const tokens = story.tokens || [0, 0];
    const columns = Object.entries(story.columns || {});
    return [
      el("p", { class: "why" }, badge(story.outcome), " ", story.reason),
      story.weak && story.weak !== story.reason ? el("p", { class: "why" }, story.weak) : null,
      facts([
        ["stopped by", loop.stop], ["rounds", loop.rounds], ["drafts", loop.drafts],
        ["grade", (story.columns || {}).grade], ["kept", loop.kept ? `round ${loop.kept}` : null],
        ["stops refused", loop.refused ? count(loop.refused) : null],
        ["tokens", story.calls ? count(tokens[0] + tokens[1]) : null],
        ["in calls", story.calls ? count(story.calls) : null],
        ["model time", story.calls ? seconds(story.s || 0) : null],
        ["cost", story.calls ? dollars(story.usd) : null],
      ]),
      copier(command(story.id)),
      story.question ? titled("h3", "Question", block(story.question, "prose")) : null,
      story.verdicts ? titled("h3", "Verdicts", verdictTable(story.verdicts)) : null,
      story.rounds ? titled("h3", "Rounds", laneOf(story.rounds), story.rounds.map((one, at) => roundOf(one, at + 1))) : null,
      story.rounds || (!story.code && !story.answer) ? null
        : titled("h3", "Answer", block(story.code || story.answer, story.code ? "code" : null)),
      listed("Notes", story.notes),
      listed("Way through the graph", story.way),
      listed("Guardrails", (story.guards || []).map((one) => [badge(one.blocked ? "blocked" : one.said, one.said),
        ` ${one.by} at ${one.at} of ${one.node}, round ${one.visit}, sample ${one.sample + 1}: ${one.why}`, one.output ? block(one.output) : null])
        .map((parts) => el("div", null, parts))),
      listed("Replies that were no answers", (story.faults || []).map((one) => el("div", null,
        `${one.node}, round ${one.visit}, sample ${one.sample + 1}: ${one.kind}: ${one.why}${one.final ? "; refused for good" : ""}`,
        one.raw ? block(one.raw) : null))),
      columns.length ? el("details", null, el("summary", null, `Other columns (${columns.length})`),
        facts(columns.map(([name, value]) => [name, block(typeof value === "string" ? value : JSON.stringify(value, null, 1))]), "case")) : null,
    ].flat(Infinity).filter(Boolean);
  };

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
})();
