// Text of strangers as it is shown: what cannot be seen, or would turn the line around, is spelled out.
// oxlint-disable-next-line no-control-regex -- it is these that are looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

export function seen(text: string): string {
  return text.replace(UNSEEN, (sign) => `⟨U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);
}

export function dollars(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value === 0) return '$0';
  return value >= 0.01 ? `$${value.toFixed(2)}` : `$${value.toPrecision(2)}`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (value < 0.0995) return `${Math.max(0, Math.round(value * 1000))} ms`;
  if (value < 99.5) return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} s`;
  return `${Math.floor(Math.round(value) / 60)} min ${Math.round(value) % 60} s`;
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toLocaleString('en');
}

export function of(number: number, one: string): string {
  return `${count(number)} ${one}${number === 1 ? '' : 's'}`;
}
