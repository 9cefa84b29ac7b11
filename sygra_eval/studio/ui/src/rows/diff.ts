// What changed between two texts, line by line (Myers' greedy algorithm), bounded: where two texts differ too much,
// what differs is told as a whole, so that no pair of texts keeps the page busy.
export type Line = { kind: 'same' | 'gone' | 'new'; text: string; before?: number; after?: number };
export type Pair = { left?: Line; right?: Line };
export type Piece = { text: string; isChanged: boolean };

const MOST_STEPS = 400;

export function diffLines(before: string, after: string, mostSteps = MOST_STEPS): Line[] {
  const a = linesOf(before);
  const b = linesOf(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let tail = 0;
  while (tail < a.length - start && tail < b.length - start && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const middle = middleOf(a.slice(start, a.length - tail), b.slice(start, b.length - tail), mostSteps);
  const same = (text: string): Line => ({ kind: 'same', text });
  return numbered([...a.slice(0, start).map(same), ...middle, ...a.slice(a.length - tail).map(same)]);
}

// Pairs for two columns: what is gone beside what is new in its place.
export function sideBySide(lines: Line[]): Pair[] {
  const pairs: Pair[] = [];
  let gone: Line[] = [];
  let added: Line[] = [];
  const flush = () => {
    for (let n = 0; n < Math.max(gone.length, added.length); n++) {
      const pair: Pair = {};
      if (gone[n]) pair.left = gone[n]!;
      if (added[n]) pair.right = added[n]!;
      pairs.push(pair);
    }
    gone = [];
    added = [];
  };
  for (const line of lines) {
    if (line.kind === 'gone') gone.push(line);
    else if (line.kind === 'new') added.push(line);
    else {
      flush();
      pairs.push({ left: line, right: line });
    }
  }
  flush();
  return pairs;
}

// Lines far from any change are left out; a number says how many.
export function folded<T>(items: T[], isChanged: (item: T) => boolean, around = 3): Array<T | number> {
  const near = items.map(() => false);
  items.forEach((item, at) => {
    if (isChanged(item)) near.fill(true, Math.max(0, at - around), Math.min(items.length, at + around + 1));
  });
  const shown: Array<T | number> = [];
  let left = 0;
  items.forEach((item, at) => {
    if (near[at]) {
      if (left > 0) shown.push(left);
      left = 0;
      shown.push(item);
    } else left++;
  });
  if (left > 0) shown.push(left);
  return shown;
}

// What changed inside a line: all between what both begin and end with.
export function piecesOf(text: string, other: string | undefined): Piece[] {
  if (other === undefined) return [{ text, isChanged: true }];
  let start = 0;
  while (start < text.length && start < other.length && text[start] === other[start]) start++;
  let tail = 0;
  while (tail < text.length - start && tail < other.length - start && text[text.length - 1 - tail] === other[other.length - 1 - tail]) tail++;
  const pieces = [
    { text: text.slice(0, start), isChanged: false },
    { text: text.slice(start, text.length - tail), isChanged: true },
    { text: text.slice(text.length - tail), isChanged: false },
  ];
  return pieces.filter((piece) => piece.text !== '');
}

function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  return lines;
}

function middleOf(a: string[], b: string[], mostSteps: number): Line[] {
  const gone = (text: string): Line => ({ kind: 'gone', text });
  const added = (text: string): Line => ({ kind: 'new', text });
  if (a.length === 0 || b.length === 0) return [...a.map(gone), ...b.map(added)];
  const trace: Int32Array[] = [];
  const most = Math.min(a.length + b.length, mostSteps);
  const offset = most + 1;
  const furthest = new Int32Array(2 * most + 3);
  for (let steps = 0; steps <= most; steps++) {
    trace.push(furthest.slice(offset - steps - 1, offset + steps + 2));
    for (let k = -steps; k <= steps; k += 2) {
      const isDown = k === -steps || (k !== steps && furthest[offset + k - 1]! < furthest[offset + k + 1]!);
      let x = isDown ? furthest[offset + k + 1]! : furthest[offset + k - 1]! + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest[offset + k] = x;
      if (x >= a.length && x - k >= b.length) return walkedBack(a, b, trace);
    }
  }
  return [...a.map(gone), ...b.map(added)];
}

function walkedBack(a: string[], b: string[], trace: Int32Array[]): Line[] {
  const lines: Line[] = [];
  let x = a.length;
  let y = b.length;
  for (let steps = trace.length - 1; steps >= 0; steps--) {
    const furthest = trace[steps]!;
    const at = (k: number) => furthest[k + steps + 1]!;
    const k = x - y;
    const isDown = k === -steps || (k !== steps && at(k - 1) < at(k + 1));
    const from = isDown ? k + 1 : k - 1;
    const fromX = steps === 0 ? 0 : at(from);
    const fromY = fromX - from;
    while (x > Math.max(0, steps === 0 ? 0 : fromX) && y > Math.max(0, steps === 0 ? 0 : fromY) && a[x - 1] === b[y - 1]) {
      lines.push({ kind: 'same', text: a[x - 1]! });
      x--;
      y--;
    }
    if (steps === 0) break;
    if (isDown) lines.push({ kind: 'new', text: b[--y]! });
    else lines.push({ kind: 'gone', text: a[--x]! });
  }
  return lines.reverse();
}

function numbered(lines: Line[]): Line[] {
  let before = 0;
  let after = 0;
  return lines.map((line) => {
    const told: Line = { ...line };
    if (line.kind !== 'new') told.before = ++before;
    if (line.kind !== 'gone') told.after = ++after;
    return told;
  });
}
