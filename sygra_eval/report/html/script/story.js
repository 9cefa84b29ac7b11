// The page of a row, made of its story (stories.py).

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
      " ", [round.tokens ? counted(round.tokens, "token") : "", round.s ? seconds(round.s) : ""].filter(Boolean).join(", "))),
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
      ["grade", story.outcome === "verified" ? (story.columns || {}).grade : null], ["kept", loop.kept ? `round ${loop.kept}` : null],
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
