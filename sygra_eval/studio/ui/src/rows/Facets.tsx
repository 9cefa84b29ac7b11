import { useState } from 'react';
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { Facet, FacetValue } from '../api/types';
import { Problem } from '../parts/Problem';
import { count, seen } from '../format';
import { askedOf, FACETS, isFiltered, toggled, type View } from './view';

const FEW = 6;
const TITLES = new Map(FACETS);

// Filters with how many rows each would leave.
export function Facets({ run, view, token, onChange }: { run: string; view: View; token: string | undefined; onChange: (view: View) => void }) {
  const query = askedOf(view);
  query.delete('column');
  query.delete('sort');
  if (token !== undefined) query.set('view', token);
  const told = useResource<Facet[]>(token === undefined ? undefined : `${address(`${run}/facets`)}?${query}`);
  const [last, setLast] = useState<Facet[]>([]);
  if (told.value && told.value !== last) setLast(told.value); // what was there stays while it is counted again
  const ordered = FACETS.map(([facet]) => last.find((one) => one.facet === facet)).filter((one) => one !== undefined);
  return (
    <aside className="facets" aria-label="Filters">
      <div className="facets-head">
        <h2>Filters</h2>
        {isFiltered(view) && (
          <button type="button" className="link" onClick={() => onChange({ ...view, filters: {}, q: '' })}>
            Clear all
          </button>
        )}
      </div>
      {told.error && <Problem error={told.error} again={told.again} />}
      {ordered.filter((one) => isOfUse(one, view)).map((one) => (
        <Values key={one.facet} facet={one} view={view} onChange={onChange} />
      ))}
    </aside>
  );
}

function isOfUse(facet: Facet, view: View): boolean {
  if (view.filters[facet.facet]) return true;
  const isTag = ['fails', 'test', 'error', 'skips', 'guardrail', 'model'].includes(facet.facet);
  return facet.values.length > (isTag ? 0 : 1) || (facet.facet === 'outcome' && facet.values.length > 0);
}

function Values({ facet, view, onChange }: { facet: Facet; view: View; onChange: (view: View) => void }) {
  const [isWhole, setIsWhole] = useState(false);
  const chosen = view.filters[facet.facet] ?? [];
  const missing = chosen.filter((value) => !facet.values.some((one) => one.value === value));
  const all: FacetValue[] = [...facet.values, ...missing.map((value) => ({ value, label: value, count: 0 }))];
  const most = Math.max(1, ...all.map((one) => one.count));
  const shown = isWhole ? all : all.filter((one, at) => at < FEW || chosen.includes(one.value));
  return (
    <fieldset className="facet">
      <legend>{TITLES.get(facet.facet)}</legend>
      {shown.map((one) => (
        <label key={one.value} className={`facet-value${chosen.includes(one.value) ? ' is-chosen' : ''}`}>
          <input type="checkbox" checked={chosen.includes(one.value)} onChange={() => onChange(toggled(view, facet.facet, one.value))} />
          <span className="facet-label" title={seen(one.label)}>
            {seen(one.label)}
          </span>
          <span className="facet-count">{count(one.count)}</span>
          <span className={`facet-bar of-${facet.facet === 'outcome' ? one.value : 'any'}`} style={{ width: `${(100 * one.count) / most}%` }} />
        </label>
      ))}
      {all.length > shown.length && (
        <button type="button" className="link" onClick={() => setIsWhole(true)}>
          {all.length - shown.length} more
        </button>
      )}
    </fieldset>
  );
}
