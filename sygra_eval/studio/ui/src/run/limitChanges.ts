// What was typed into the dialog of limits, as the changes that it means.
import type { EndpointNow, LimitChange } from '../api/types';

export type Typed = Record<string, Partial<Record<LimitChange['limit'], string>>>;

// Either the changes, or what is wrong with what was typed.
export function changesOf(endpoints: EndpointNow[], typed: Typed): LimitChange[] | string {
  const changes: LimitChange[] = [];
  for (const one of endpoints) {
    const now: Record<LimitChange['limit'], number | null> = { max_concurrency: one.max_concurrency, rpm: one.requests_per_minute, tpm: one.tokens_per_minute };
    for (const [limit, text] of Object.entries(typed[one.of] ?? {}) as Array<[LimitChange['limit'], string]>) {
      const given = text.trim().replaceAll(/[,_\s]/g, '');
      const to = given === '' ? null : Number(given);
      if (to === null && limit === 'max_concurrency') return `${one.of}: say how many calls at a time`;
      if (to !== null && !(Number.isFinite(to) && to > 0)) return `${one.of}: \`${text}\` is no number above 0`;
      if (limit === 'max_concurrency' && to !== null && !Number.isInteger(to)) return `${one.of}: calls at a time are a whole number`;
      if (to !== now[limit]) changes.push({ of: one.of, limit, to });
    }
  }
  return changes;
}
