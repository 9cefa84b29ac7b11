import { expect, test } from 'vitest';
import { diffLines, folded, piecesOf, sideBySide, type Line } from './diff';

const told = (lines: Line[]) => lines.map((line) => ({ same: ' ', gone: '-', new: '+' })[line.kind] + line.text);
const side = (lines: Line[], without: Line['kind']) => lines.filter((line) => line.kind !== without).map((line) => line.text);

test('a changed line is gone and new, and all around it is the same', () => {
  const lines = diffLines('def f(x):\n    step = 1\n    return x - step\n', 'def f(x):\n    step = 1\n    return x + step\n');

  expect(told(lines)).toEqual([' def f(x):', '     step = 1', '-    return x - step', '+    return x + step']);
  expect(lines.map((line) => [line.before, line.after])).toEqual([[1, 1], [2, 2], [3, undefined], [undefined, 3]]);
});

test('each side of any diff is the text that it was made of, and it is as short as it can be', () => {
  let seed = 7;
  const random = (below: number) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  for (let round = 0; round < 300; round++) {
    const text = () => Array.from({ length: random(12) }, () => 'abcd'[random(4)]!);
    const [a, b] = [text(), text()];

    const lines = diffLines(a.join('\n'), b.join('\n'));

    expect(side(lines, 'new')).toEqual(a);
    expect(side(lines, 'gone')).toEqual(b);
    expect(lines.filter((line) => line.kind === 'same').length).toBe(common(a, b));
  }
});

test('texts that differ in too much are told as a whole', () => {
  const text = (sign: string) => Array.from({ length: 5_000 }, (_, n) => `${sign}${n}`).join('\n');

  const lines = diffLines(text('a'), text('b'));

  expect(lines.length).toBe(10_000);
});

test('two columns show what is new beside what is gone', () => {
  const pairs = sideBySide(diffLines('a\nb\nc', 'a\nx\ny\nc'));

  expect(pairs.map((pair) => [pair.left?.text, pair.right?.text])).toEqual([['a', 'a'], ['b', 'x'], [undefined, 'y'], ['c', 'c']]);
});

test('what is far from a change is folded, with how many lines that are', () => {
  const items = Array.from({ length: 20 }, (_, n) => n);

  expect(folded(items, (n) => n === 10, 1)).toEqual([9, 9, 10, 11, 8]);
  expect(folded(items, () => false)).toEqual([20]);
});

test('inside a line only what differs is marked', () => {
  expect(piecesOf('return x - step', 'return x + step')).toEqual([
    { text: 'return x ', isChanged: false },
    { text: '-', isChanged: true },
    { text: ' step', isChanged: false },
  ]);
});

function common(a: string[], b: string[]): number {
  const best = Array.from({ length: a.length + 1 }, () => Array.from({ length: b.length + 1 }, () => 0));
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      best[i]![j] = a[i] === b[j] ? best[i + 1]![j + 1]! + 1 : Math.max(best[i + 1]![j]!, best[i]![j + 1]!);
  return best[0]![0]!;
}
