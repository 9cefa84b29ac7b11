import { expect, test } from 'vitest';
import { changed, jsonIn, kindOf, numberIn, others, parts, rangeOf, shown, typed, variantOf, type Schema } from './schema';

test('each schema of the dialect is drawn as its kind, and what is unknown as JSON', () => {
  const kinds: [Schema, string][] = [
    [{ type: 'string' }, 'text'],
    [{ type: 'string', enum: ['a', 'b'] }, 'choice'],
    [{ type: 'integer', minimum: 1 }, 'integer'],
    [{ type: 'boolean' }, 'switch'],
    [{ type: 'array', items: { type: 'string' } }, 'list'],
    [{ type: 'array', items: { type: 'object' } }, 'json'],
    [{ type: 'object', properties: { a: {} } }, 'group'],
    [{ type: 'object', additionalProperties: true }, 'json'],
    [{ oneOf: [{ type: 'string' }, { type: 'object' }] }, 'variants'],
    [{}, 'json'],
    [{ enum: [1, 2] }, 'json'],
  ];

  for (const [schema, kind] of kinds) expect(kindOf(schema)).toBe(kind);
});

test('a key without a value is no key', () => {
  expect(changed({ a: 1, b: 2 }, 'a', undefined)).toEqual({ b: 2 });
  expect(changed({ a: 1 }, 'b', '')).toEqual({ a: 1 });
  expect(changed({ a: 1 }, 'a', false)).toEqual({ a: false });
});

test('what is no number stays as it was typed, for the server to say so', () => {
  expect([numberIn('0.5', 'number'), numberIn(' 12 ', 'integer'), numberIn('', 'number')]).toEqual([0.5, 12, undefined]);
  expect([numberIn('abc', 'number'), numberIn('1.5', 'integer'), numberIn('1e999', 'number')]).toEqual(['abc', '1.5', '1e999']);
  expect(numberIn('0,7', 'number')).toBe(0.7);
});

test('a range is told in words', () => {
  expect(rangeOf({ minimum: 0, maximum: 2 })).toBe('0 to 2');
  expect(rangeOf({ exclusiveMinimum: 0 })).toBe('more than 0');
  expect(rangeOf({ exclusiveMinimum: 0, maximum: 5 })).toBe('above 0 to 5');
  expect(rangeOf({ maximum: 3 })).toBe('at most 3');
  expect(rangeOf({})).toBe('');
});

test('line ends are typed and shown in one line, and come back as they were', () => {
  for (const text of ['\n\n', 'a\\nb', '\t\\', 'plain']) expect(typed(shown(text))).toBe(text);
  expect(shown('\n')).toBe('\\n');
});

test('a value tells which of the variants it is', () => {
  const price: Schema[] = [{ type: 'object' }, { const: 'free' }, { type: 'string' }];

  expect([{ input: 1 }, 'free', 'gpt-4o', undefined].map((value) => variantOf(price, value))).toEqual([0, 1, 2, -1]);
});

test('what the form has no field for is kept apart and lost never', () => {
  const schema: Schema = { properties: { a: {}, b: { 'x-advanced': true } } };

  expect(others(schema, { a: 1, c: 2 })).toEqual({ c: 2 });
  expect(parts(schema).seen.map(([name]) => name)).toEqual(['a']);
  expect(parts(schema).folded.map(([name]) => name)).toEqual(['b']);
});

test('what is no JSON says why', () => {
  expect(jsonIn('{"a": 1}')).toEqual({ value: { a: 1 } });
  expect(jsonIn('')).toEqual({ value: undefined });
  expect(jsonIn('{')).toHaveProperty('error');
});
