// Sorting of any table, and what is folded when the page is printed.

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

document.querySelectorAll("table.sortable").forEach((table) => {
  sortStatic(table);
  table.parentElement.removeAttribute("tabindex"); // its buttons take the focus, one stop less
});

// ---- printing: what is folded is printed too

let folded = [];
window.addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((one) => { one.open = true; });
});
window.addEventListener("afterprint", () => folded.forEach((one) => { one.open = false; }));
