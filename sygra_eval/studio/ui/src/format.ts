// Figures as people read them. What is unknown is `–`, never 0.
export const UNKNOWN = '–';

// Made once: making one for each number took a tenth of the time of a graph of 200 nodes.
const PLAIN = new Intl.NumberFormat('en');
const CENTS = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const TWO_DIGITS = new Intl.NumberFormat('en', { maximumSignificantDigits: 2 });

type Maybe = number | null | undefined;
const isKnown = (value: Maybe): value is number => value !== null && value !== undefined && Number.isFinite(value);

export const count = (value: Maybe): string => (isKnown(value) ? PLAIN.format(Math.round(value)) : UNKNOWN);

export const percent = (value: Maybe): string => (isKnown(value) ? `${(value * 100).toFixed(1)} %` : UNKNOWN);

export const interval = (low: Maybe, high: Maybe): string => (isKnown(low) && isKnown(high) ? `${(low * 100).toFixed(1)} – ${(high * 100).toFixed(1)}` : UNKNOWN);

// A score, a mean: as many digits as are said.
export const decimal = (value: Maybe, digits: number): string => (isKnown(value) ? value.toFixed(digits) : UNKNOWN);

// Small sums need their digits: a call may cost 0.00004.
export function usd(value: Maybe): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value === 0 || value >= 0.01) return `$${CENTS.format(value)}`;
  return `$${TWO_DIGITS.format(value)}`;
}

// What calls came to of which some have no price: at least what is known.
export function usdOf(known: number, unpriced: number): string {
  if (unpriced === 0) return usd(known);
  return known === 0 ? UNKNOWN : `≥ ${usd(known)}`;
}

export function duration(seconds: Maybe): string {
  if (!isKnown(seconds) || seconds < 0) return UNKNOWN;
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

export function rate(perSecond: Maybe): string {
  if (!isKnown(perSecond)) return UNKNOWN;
  return perSecond >= 1 || perSecond === 0 ? `${perSecond.toFixed(1)} /s` : `${(perSecond * 60).toFixed(1)} /min`;
}

export function short(value: number): string {
  if (value < 10_000) return value < 1000 ? String(value) : PLAIN.format(value);
  const [unit, sign] = value < 1_000_000 ? [1_000, 'k'] : value < 1_000_000_000 ? [1_000_000, 'M'] : [1_000_000_000, 'G'];
  const some = value / unit;
  return `${some < 100 ? Math.floor(some * 10) / 10 : Math.floor(some)}${sign}`; // never more than it is
}

export const counted = (number: number, one: string, many = `${one}s`): string => `${PLAIN.format(number)} ${number === 1 ? one : many}`;

const STEPS: ReadonlyArray<[seconds: number, unit: Intl.RelativeTimeFormatUnit]> = [
  [31_536_000, 'year'],
  [2_592_000, 'month'],
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

export function ago(when: string | null | undefined, now: number): string {
  if (!when) return UNKNOWN;
  const seconds = (now - Date.parse(when)) / 1000;
  if (Number.isNaN(seconds)) return UNKNOWN;
  const words = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  const step = STEPS.find(([size]) => Math.abs(seconds) >= size);
  return step ? words.format(-Math.round(seconds / step[0]), step[1]) : 'just now';
}

// Text of strangers as it is shown: what cannot be seen, or would turn the line around, is spelled out.
// oxlint-disable-next-line no-control-regex -- it is these that are looked for
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

export function seen(text: string): string {
  return text.replace(UNSEEN, (sign) => `⟨U+${sign.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);
}
