// One drawing a kind, 16 by 16. They say nothing to a screen reader: the kind is written beside them.
const PATHS: Record<string, string> = {
  llm: 'M3 3.5h10v7H8l-3 2.5v-2.5H3zM5.5 6h5M5.5 8h3',
  multi_llm: 'M2 2.5h8v5.5H6l-2 2V8H2zM12 6h2v5.5h-2v2l-2-2H7',
  best_of_n: 'M8 1.8l1.8 3.9 4.2.5-3.1 2.9.8 4.2L8 11.2l-3.7 2.1.8-4.2L2 6.2l4.2-.5z',
  loop: 'M12.8 6.2A5 5 0 1 0 13 9.2M13 2.5v3.7H9.3',
  draft: 'M3 13l.7-2.8L10.5 3.4l2.1 2.1-6.8 6.8zM9 5l2 2',
  verify: 'M8 1.8l5 2v3.7c0 3-2 5.3-5 6.7-3-1.4-5-3.7-5-6.7V3.8zM5.6 8l1.7 1.7 3.1-3.3',
  validator: 'M8 1.8l5 2v3.7c0 3-2 5.3-5 6.7-3-1.4-5-3.7-5-6.7V3.8zM5.6 8l1.7 1.7 3.1-3.3',
  critique: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3L13.8 13.8',
  revise: 'M3 5h8l-2.2-2.2M13 11H5l2.2 2.2',
  weighted_sampler: 'M3 3h10v10H3zM5.5 5.5h.1M10.4 5.5h.1M8 8h.1M5.5 10.5h.1M10.4 10.5h.1',
  lambda: 'M4 3h1.8l5 10h1.4M7.3 6.4L4 13',
  subgraph: 'M2.5 2.5h4v4h-4zM9.5 9.5h4v4h-4zM6.5 4.5h5v5',
  start: 'M3 4h10M3 8h10M3 12h6',
  end: 'M3 8.5l3.2 3.2L13 4.5',
};
const OTHER = 'M3 3h10v10H3z';
const SAME: Record<string, string> = { critique_loop: 'loop', quality: 'validator' };

export function Icon({ of }: { of: string }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
      <path d={PATHS[SAME[of] ?? of] ?? OTHER} fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
