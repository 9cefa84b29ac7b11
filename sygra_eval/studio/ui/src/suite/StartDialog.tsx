// Starts a run: which rows, what it may spend, and what it will come to, before anything is paid.
import '../styles/suite.css';
import { useId, useState, type ReactNode } from 'react';
import { address, change, Refused } from '../api/client';
import type { Estimate, Figure, RunCard, Started, SuiteDocument } from '../api/types';
import { Dialog } from '../parts/Dialog';
import { Problem } from '../parts/Problem';
import { go } from '../route';
import { lineOf } from '../rows/ids';
import { UNKNOWN, count, counted, duration, seen, short, usd } from '../format';
import { askedOf, EMPTY, type Again, type Form, type Wrong } from './asked';

const WAYS: Array<[Form['rows'], string]> = [['all', 'All rows'], ['limit', 'The first'], ['range', 'A range'], ['filter', 'Those that match'], ['failed_of', 'Those not verified in']];

export function StartDialog({ suite, runs, onClose, again, variant = '' }: { suite: SuiteDocument; runs: RunCard[]; onClose: () => void; again?: Again; variant?: string }) {
  const [form, setForm] = useState<Form>({ ...EMPTY, variant, failed_of: runs[0] ? `${runs[0].suite}/${runs[0].run}` : '' });
  const [wrong, setWrong] = useState<Wrong[]>([]);
  const [error, setError] = useState<Refused>();
  const [estimate, setEstimate] = useState<Estimate>();
  const [busy, setBusy] = useState<'' | 'estimate' | 'start'>('');
  const set = (field: keyof Form, value: string) => {
    setForm({ ...form, [field]: value });
    setEstimate(undefined); // it was of something else
    setWrong(wrong.filter((one) => one.field !== field));
  };

  async function ask(what: 'estimate' | 'start'): Promise<void> {
    const made = askedOf(suite.path, form, again);
    setError(undefined);
    if ('wrong' in made) {
      setWrong(made.wrong);
      return;
    }
    setBusy(what);
    try {
      if (what === 'estimate') setEstimate(await change<Estimate>('POST', address('estimates'), made.asked));
      else {
        const started = await change<Started>('POST', address('runs'), made.asked);
        go(['runs', started.suite, started.run]);
        return;
      }
    } catch (reason) {
      setError(reason instanceof Refused ? reason : new Refused(0, 'internal', String(reason)));
    }
    setBusy('');
  }
  const field = (name: keyof Form, label: string, more: { size?: number; unit?: string; hint?: string } = {}) => <Field name={name} label={label} value={form[name]} wrong={wrong.find((one) => one.field === name)?.message} set={set} {...more} />;
  return (
    <Dialog title={again ? `Run ${counted(again.count, 'row')} again` : `Start a run of ${suite.name}`} onClose={onClose}>
      <form className="start-run" onSubmit={(event) => (event.preventDefault(), void ask('start'))} noValidate>
        <fieldset>
          <legend>Rows</legend>
          {again && <Named again={again} />}
          {(again ? [] : WAYS).filter(([way]) => way !== 'failed_of' || runs.length > 0).map(([way, label]) => (
            <div key={way} className="way">
              <label>
                <input type="radio" name="rows" checked={form.rows === way} onChange={() => set('rows', way)} /> {label}
              </label>
              {form.rows === way && way === 'limit' && field('limit', 'how many', { unit: 'rows' })}
              {form.rows === way && way === 'range' && (
                <>
                  {field('first', 'from row')}
                  {field('last', 'to row')}
                </>
              )}
              {form.rows === way && way === 'filter' && field('filter', 'expression, as of -k', { size: 28, hint: 'part of an id or a tag; and, or, not' })}
              {form.rows === way && way === 'failed_of' && (
                <label>
                  run{' '}
                  <select value={form.failed_of} onChange={(event) => set('failed_of', event.target.value)}>
                    {runs.map((run) => (
                      <option key={`${run.suite}/${run.run}`} value={`${run.suite}/${run.run}`}>
                        {run.run} ({run.state})
                      </option>
                    ))}
                  </select>
                </label>
              )}
            </div>
          ))}
          <div className="fields">
            {field('sample', 'Draw by chance', { unit: 'rows of them' })}
            {field('seed', 'Seed')}
          </div>
        </fieldset>
        <fieldset>
          <legend>It stops cleanly at</legend>
          <div className="fields">
            {field('cost_usd', 'Money', { unit: 'USD' })}
            {field('tokens', 'Tokens')}
            {field('calls', 'Calls')}
            {field('minutes', 'Time', { unit: 'minutes' })}
          </div>
          <p className="quiet">Empty leaves it to the suite.</p>
        </fieldset>
        <fieldset>
          <legend>How</legend>
          <div className="fields">
            {field('concurrency', 'Rows at a time', { hint: 'empty: as many as the models take' })}
            <label>
              Cache{' '}
              <select value={form.cache} onChange={(event) => set('cache', event.target.value)}>
                <option value="suite">as the suite says</option>
                <option value="on">on</option>
                <option value="off">off: ask anew</option>
              </select>
            </label>
            {suite.variants.length > 1 && (
              <label>
                Variant{' '}
                <select value={form.variant} onChange={(event) => set('variant', event.target.value)}>
                  <option value="">as the suite says</option>
                  {suite.variants.map((variant) => (
                    <option key={variant} value={variant}>
                      {variant}
                    </option>
                  ))}
                </select>
              </label>
            )}
          </div>
        </fieldset>
        {estimate && <Estimated estimate={estimate} />}
        {wrong.length > 0 && (
          <p className="is-bad" role="alert">
            {wrong.length === 1 ? 'One field is' : `${wrong.length} fields are`} not right yet.
          </p>
        )}
        {error && <Problem error={error} />}
        <footer>
          <button type="button" onClick={() => void ask('estimate')} disabled={busy !== ''}>
            {busy === 'estimate' ? 'Estimating …' : 'What will it come to?'}
          </button>
          <button type="submit" className="primary" disabled={busy !== ''}>
            {busy === 'start' ? 'Starting …' : 'Start'}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

const FEW = 5;

function Named({ again }: { again: Again }) {
  return (
    <p>
      {again.ids.length > 0 ? (
        <>
          {again.ids.slice(0, FEW).map((id) => (
            <code key={id} className="named-row">
              {seen(lineOf(id))}
            </code>
          ))}
          {again.ids.length > FEW && ` and ${count(again.ids.length - FEW)} more`}
        </>
      ) : (
        `All ${counted(again.count, 'row')} of the view`
      )}{' '}
      of <code>{again.run}</code>, by their ids. Ids that the source has no more are named as missing.
      {again.note && <span className="named-note">{again.note}</span>}
    </p>
  );
}

function Field({ name, label, value, wrong, set, size = 8, unit, hint }: { name: keyof Form; label: string; value: string; wrong: string | undefined; set: (field: keyof Form, value: string) => void; size?: number; unit?: string; hint?: string }) {
  const id = useId();
  return (
    <span className="field">
      <label htmlFor={id}>{label}</label>
      <input id={id} size={size} value={value} spellCheck={false} autoComplete="off" aria-invalid={wrong !== undefined} aria-describedby={`${id}-told`} onChange={(event) => set(name, event.target.value)} />
      <span id={`${id}-told`} className={wrong ? 'is-bad' : 'quiet'}>
        {wrong ?? unit ?? hint ?? ''}
      </span>
    </span>
  );
}

function Estimated({ estimate }: { estimate: Estimate }) {
  const lines: Array<[string, ReactNode, string | undefined]> = [
    ['Rows', estimate.rows === null ? UNKNOWN : count(estimate.rows), undefined],
    ['Calls', figure(estimate.calls, short), estimate.most_calls === null ? undefined : short(estimate.most_calls)],
    ['Tokens', figure(estimate.tokens, short), estimate.most_tokens === null ? undefined : short(estimate.most_tokens)],
    ['Money', figure(estimate.cost_usd, usd), estimate.most_usd === null ? undefined : usd(estimate.most_usd)],
    ['Time', figure(estimate.seconds, duration), undefined],
  ];
  return (
    <section className="estimate" aria-label="Estimate" aria-live="polite">
      <table className="small">
        <thead>
          <tr>
            <th scope="col">Estimate</th>
            <th scope="col" className="number">about</th>
            <th scope="col" className="number">at most</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(([name, value, most]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td className="number">{value}</td>
              <td className="number">{most ?? ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="quiet">{[estimate.basis, ...estimate.unpriced].join(' · ')}</p>
    </section>
  );
}

function figure(of: Figure | null, shown: (value: number) => string): string {
  if (of === null) return UNKNOWN;
  if (of.low === null || of.high === null) return shown(of.middle);
  return `${shown(of.middle)} (${shown(of.low)} – ${shown(of.high)})`;
}
