// What a form needs of a JSON Schema, without any drawing. The server writes a small dialect of it (no references, no
// null branches; `x-advanced` folds a field away), and whatever else comes is shown as JSON.

export type Schema = {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  minLength?: number;
  maxLength?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  required?: string[];
  oneOf?: Schema[];
  'x-advanced'?: boolean;
};
export type Value = Record<string, unknown>;
export type Kind = 'text' | 'number' | 'integer' | 'switch' | 'choice' | 'list' | 'group' | 'variants' | 'json';

export function kindOf(schema: Schema): Kind {
  if (schema.oneOf?.length) return 'variants';
  if (schema.enum?.every((one) => typeof one === 'string')) return 'choice';
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
      return schema.type;
    case 'boolean':
      return 'switch';
    case 'array':
      return schema.items?.type === 'string' && !schema.items.enum ? 'list' : 'json';
    case 'object':
      return schema.properties ? 'group' : 'json';
  }
  return 'json';
}

// A value with one key changed; a key without a value is no key, and neither is a group without any.
export function changed(value: Value, name: string, to: unknown): Value {
  const next = { ...value };
  if (to === undefined || to === '') delete next[name];
  else next[name] = to;
  return next;
}

export function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

// What somebody typed, as a number where it is one; else as it stands, so that nothing typed is lost and the server
// says what is wrong with it.
export function numberIn(text: string, kind: 'number' | 'integer'): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed.replace(/^(-?\d+),(\d{1,2})$/, '$1.$2'));
  if (!Number.isFinite(number) || (kind === 'integer' && !Number.isInteger(number))) return trimmed;
  return number;
}

export function rangeOf(schema: Schema): string {
  const from = schema.minimum ?? schema.exclusiveMinimum;
  const to = schema.maximum ?? schema.exclusiveMaximum;
  const low = schema.exclusiveMinimum !== undefined ? `more than ${from}` : `${from} or more`;
  if (from !== undefined && to !== undefined) return `${schema.exclusiveMinimum !== undefined ? 'above ' : ''}${from} to ${to}`;
  if (from !== undefined) return low;
  return to !== undefined ? `at most ${to}` : '';
}

// Line ends and tabs as they are typed in one line: `\n`.
export function shown(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}
export function typed(text: string): string {
  return text.replace(/\\([\\nt])/g, (_, sign: string) => (sign === 'n' ? '\n' : sign === 't' ? '\t' : '\\'));
}

export function variantOf(variants: Schema[], value: unknown): number {
  if (value === undefined) return -1;
  return variants.findIndex((one) => {
    if (one.const !== undefined) return value === one.const;
    if (one.type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
    if (one.type === 'array') return Array.isArray(value);
    if (one.type === 'integer') return typeof value === 'number';
    return typeof value === one.type;
  });
}

// What a variant begins with, when it is chosen.
export function beginningOf(schema: Schema): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  switch (schema.type) {
    case 'object':
      return {};
    case 'array':
      return [];
    case 'boolean':
      return false;
  }
  return schema.type === 'string' ? ' ' : 0;
}

export function parts(schema: Schema): { seen: [string, Schema][]; folded: [string, Schema][] } {
  const all = Object.entries(schema.properties ?? {});
  return { seen: all.filter(([, one]) => !one['x-advanced']), folded: all.filter(([, one]) => one['x-advanced']) };
}

// The keys that the form has no field for.
export function others(schema: Schema, value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([name, one]) => one !== undefined && name !== 'use' && !(name in (schema.properties ?? {}))));
}

export function jsonIn(text: string): { value: unknown } | { error: string } {
  if (text.trim() === '') return { value: undefined };
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { error: `this is no JSON: ${error instanceof Error ? error.message : String(error)}` };
  }
}
