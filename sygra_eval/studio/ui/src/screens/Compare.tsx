// S8: up to five runs, row by row against one of them: paired tests, what a verified row costs in each, the rows that
// turned, and what they were made with. All figures are those of `sygra-eval compare`.
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { RunCard } from '../api/types';
import { Problem } from '../parts/Problem';
import { Beside, Latencies, Metrics, Overview, Rounds, Settings } from '../report/CompareParts';
import { TurnedRows } from '../report/TurnedRows';
import { comparisonsOf, MOST_RUNS, type Comparison, type Kind, type Told, type View } from '../report/comparison';
import { go, type Route } from '../route';
import { count, counted, percent, seen } from '../format';
import '../styles/run.css';
import '../styles/report.css';
import '../styles/compare.css';

export default function Compare({ route }: { route: Route }) {
  const first = route.query.get('a') ?? '';
  const others = [...new Set(route.query.getAll('b'))].filter((one) => one !== '' && one !== first).slice(0, MOST_RUNS - 1);
  const chosen = [first, ...others].filter((one) => one !== '');
  const isAsked = first !== '' && others.length > 0;
  const { value: told, error, again, isLoading } = useResource<Told>(isAsked ? address('compare', { a: first, b: others }) : undefined);
  const { value: runs } = useResource<RunCard[]>(address('runs'));
  const show = (names: string[], more: Record<string, string | undefined> = {}) => go(['compare'], { a: names[0], b: names.slice(1), ...more });
  const view: View = { metric: route.query.get('metric') ?? '', kind: (route.query.get('kind') ?? '') as Kind | '', isAll: route.query.get('rows') === 'all' };
  return (
    <section className="rp compare">
      <header className="rp-top">
        <h1>Compare runs</h1>
        <div className="rp-actions">
          {first === '' && others.length > 0 ? (
            <Choice label="Compare with" runs={runs} taken={chosen} choose={(name) => show([name, ...others])} />
          ) : (
            chosen.length < MOST_RUNS && <Choice label={chosen.length === 0 ? 'Baseline' : 'Add a run'} runs={runs} taken={chosen} choose={(name) => show([...chosen, name])} />
          )}
          {chosen.length === 2 && isAsked && (
            <button type="button" onClick={() => show([others[0]!, first])}>
              Swap
            </button>
          )}
        </div>
      </header>
      <div className="rp-body">
        {!isAsked && <Nothing chosen={chosen} remove={(name) => show(chosen.filter((one) => one !== name))} />}
        {error && (
          <>
            <Problem error={error} again={again} />
            <Nothing chosen={chosen} remove={(name) => show(chosen.filter((one) => one !== name))} />
          </>
        )}
        {isLoading && <p className="loading">Matching rows …</p>}
        {told && (
          <Found
            told={told}
            runs={chosen}
            onBaseline={(name) => show([name, ...chosen.filter((one) => one !== name)])}
            onRemove={(name) => show(chosen.filter((one) => one !== name))}
            view={view}
            onView={(next) => go(['compare'], { a: first, b: others, metric: next.metric || undefined, kind: next.kind || undefined, rows: next.isAll ? 'all' : undefined }, true)}
          />
        )}
      </div>
    </section>
  );
}

function Found(props: { told: Told; runs: string[]; onBaseline: (run: string) => void; onRemove: (run: string) => void; view: View; onView: (view: View) => void }) {
  const { told, runs } = props;
  const found = comparisonsOf(told);
  const sides = [found[0]!.before, ...found.map((one) => one.after)];
  return (
    <>
      {found.map((one, at) => (
        <Said key={runs[at + 1]} of={one} isAlone={found.length === 1} />
      ))}
      <div className="rp-grid">
        <div className="rp-wide">
          <Overview found={found} runs={runs} onBaseline={props.onBaseline} onRemove={props.onRemove} />
        </div>
        <div className="rp-wide">
          <Metrics found={found} />
        </div>
        <div className="rp-wide">
          <TurnedRows found={found} runs={runs} view={props.view} onView={props.onView} />
        </div>
        <Beside sides={sides} />
        <Rounds sides={sides} />
        <div className="rp-wide">
          <Latencies sides={sides} />
        </div>
        <div className="rp-wide">
          <Settings settings={told.settings} sides={sides} />
        </div>
      </div>
    </>
  );
}

function Said({ of, isAlone }: { of: Comparison; isAlone: boolean }) {
  return (
    <>
      <p className={of.regressions.length > 0 ? 'run-how is-bad' : 'run-how'}>
        {!isAlone && <b>{seen(of.after.name)}: </b>}
        {of.regressions.length > 0 ? `Worse in ${of.regressions.join(', ')}.` : 'No regression was shown.'} {counted(of.matched, 'row')} matched by id
        {of.changed_input.length > 0 && `, ${counted(of.changed_input.length, 'row')} with a changed input compared nowhere`}
        {of.only_before > 0 && `, ${count(of.only_before)} in the baseline only`}
        {of.only_after > 0 && `, ${count(of.only_after)} in this run only`}.
      </p>
      {of.notes.length > 0 && (
        <ul className="compare-notes">
          {of.notes.map((note) => (
            <li key={note}>{seen(note)}</li>
          ))}
        </ul>
      )}
    </>
  );
}

function Choice({ label, runs, taken, choose }: { label: string; runs: RunCard[] | undefined; taken: string[]; choose: (name: string) => void }) {
  const suites = new Set(taken.map((one) => one.split('/')[0]));
  const free = (runs ?? []).filter((one) => !taken.includes(`${one.suite}/${one.run}`) && one.error === '');
  const nearest = [...free].sort((one, other) => Number(suites.has(other.suite)) - Number(suites.has(one.suite)));
  return (
    <label className="rp-choice">
      <span>{label}</span>
      <select value="" onChange={(event) => choose(event.target.value)}>
        <option value="">choose a run</option>
        {nearest.map((one) => (
          <option key={`${one.suite}/${one.run}`} value={`${one.suite}/${one.run}`}>
            {one.suite}/{one.run} ({percent(one.verified_rate?.value)} verified)
          </option>
        ))}
      </select>
    </label>
  );
}

function Nothing({ chosen, remove }: { chosen: string[]; remove: (name: string) => void }) {
  return (
    <>
      <p className="quiet">{chosen.length === 1 ? 'Choose a run to stand beside this one.' : `Choose two to ${MOST_RUNS} runs whose rows have the same ids; the first is the baseline of all others.`} Rows are matched by id, and one whose input changed is compared nowhere.</p>
      {chosen.length > 0 && (
        <ul className="compare-chosen" aria-label="Chosen runs">
          {chosen.map((one) => (
            <li key={one}>
              <code>{seen(one)}</code>
              <button type="button" onClick={() => remove(one)} aria-label={`Leave out ${one}`}>
                Leave out
              </button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
