// Which rows of a long list are in sight; only these are in the page.
export type Window = { first: number; end: number };

export function windowOf(top: number, height: number, rowHeight: number, total: number, spare = 8): Window {
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const end = Math.min(total, Math.ceil((top + height) / rowHeight) + spare);
  return { first: Math.min(first, end), end };
}

export function pagesOf({ first, end }: Window, size: number): number[] {
  const pages: number[] = [];
  for (let page = Math.floor(first / size); page * size < end; page++) pages.push(page);
  return pages;
}

// Where to scroll so that a row is in sight; the same place when it is.
export function scrolledTo(row: number, top: number, height: number, rowHeight: number): number {
  if (row * rowHeight < top) return row * rowHeight;
  return Math.max(top, (row + 1) * rowHeight - height);
}
