// Figures as people read them; what is unknown is `–`, never 0.
export const UNKNOWN = '–';

export function percent(share: number | null | undefined, digits = 0): string {
  return share === null || share === undefined ? UNKNOWN : `${(share * 100).toFixed(digits)} %`;
}

export function usd(cost: number | null | undefined): string {
  if (cost === null || cost === undefined) return UNKNOWN;
  if (cost === 0) return '$0';
  return cost < 0.01 ? '< $0.01' : `$${cost.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

export function counted(number: number, one: string, many = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : many}`;
}

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
