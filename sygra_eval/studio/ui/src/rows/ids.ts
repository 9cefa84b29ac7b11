// Ids of rows as `sygra-eval run --rows FILE` reads them: one a line, and as JSON where a line cannot hold it.
// oxlint-disable-next-line no-control-regex -- it is these that are looked for
const PLAIN = /^[^"\s\u0000-\u001f\u007f-\u00a0](?:[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*[^\s\u0000-\u001f\u007f-\u009f])?$/u;
const HALF = /[\ud800-\udfff]/u; // of a character that is none by itself

export const lineOf = (id: string): string => (PLAIN.test(id) && !HALF.test(id) ? id : JSON.stringify(id));

export const linesOf = (ids: string[]): string => ids.map((id) => `${lineOf(id)}\n`).join('');
