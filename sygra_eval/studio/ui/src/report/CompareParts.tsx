// What a comparison of runs is drawn of; every figure comes from `sygra-eval compare`.
import { diffLines, folded } from '../rows/diff';
import { count, duration, percent, seen, UNKNOWN, usd } from '../format';
import { hashOf } from '../route';
import { Lines, Part, Share, type Column } from './Parts';
import { figure, probability, signed, type Change, type Comparison, type Setting, type Side } from './comparison';

const RATE = 'verified_rate';

// The run's own name where all are of one suite, as the columns are narrow.
export function shortNames(sides: Side[]): string[] {
  const isOne = new Set(sides.map((side) => side.suite)).size === 1;
  return sides.map((side) => seen(isOne && side.suite !== null && side.name.startsWith(`${side.suite}/`) ? side.name.slice(side.suite.length + 1) : side.name));
}

export function Overview({ found, runs, onBaseline, onRemove }: { found: Comparison[]; runs: string[]; onBaseline: (run: string) => void; onRemove: (run: string) => void }) {
  const sides = [found[0]!.before, ...found.map((one) => one.after)];
  const lines = sides.map((side, at) => ({ side, run: runs[at] ?? '', change: at === 0 ? undefined : found[at - 1]!.metrics[RATE], isFirst: at === 0 }));
  const columns: Array<Column<(typeof lines)[number]>> = [
    {
      name: 'Run',
      cell: (one) => (
        <>
          <a href={hashOf(['runs', ...one.run.split('/')])}>{seen(one.side.name)}</a> {one.isFirst && <span className="compare-baseline">baseline</span>}
        </>
      ),
    },
    { name: 'Rows', isNumber: true, cell: (one) => count(one.side.rows) },
    { name: 'Verified', cell: (one) => (one.side.verified_rate ? <Share of={{ value: one.side.verified_rate.value, lower: one.side.verified_rate.low, upper: one.side.verified_rate.high }} /> : UNKNOWN) },
    { name: 'Pairs', isNumber: true, cell: (one) => (one.change ? count(one.change.n) : '') },
    { name: 'Change', isNumber: true, cell: (one) => (one.change ? <Moved of={one.change} /> : '') },
    { name: 'p', isNumber: true, cell: (one) => (one.change ? probability(one.change.p_holm) : '') },
    { name: 'Verdict', cell: (one) => (one.isFirst ? '' : one.change ? <Verdict of={one.change} /> : UNKNOWN) },
    {
      name: 'Choice',
      cell: (one) => (
        <span className="compare-choice">
          {!one.isFirst && (
            <button type="button" onClick={() => onBaseline(one.run)} aria-label={`Make ${one.run} the baseline`}>
              As baseline
            </button>
          )}
          <button type="button" onClick={() => onRemove(one.run)} aria-label={`Leave out ${one.run}`}>
            Leave out
          </button>
        </span>
      ),
    },
  ];
  return (
    <Part title="Verified rate" note={`Of all rows of a run, with its 95 % interval; the change in points, over the pairs of rows that were judged in both. ${corrected(found)}`}>
      <Lines title="Runs" lines={lines} columns={columns} />
    </Part>
  );
}

function corrected(found: Comparison[]): string {
  const tests = found[0]!.tests;
  if (tests < 2) return '';
  return found.length > 1 ? `p is corrected for ${tests} tests: of all metrics of all ${found.length} comparisons (Holm).` : `p is corrected for ${tests} tests (Holm).`;
}

function Moved({ of }: { of: Change }) {
  return (
    <>
      {signed(of, of.change)} <span className="quiet">{of.low === null ? '' : `${signed(of, of.low)} … ${signed(of, of.high)}`}</span>
    </>
  );
}

export function Metrics({ found }: { found: Comparison[] }) {
  const names = shortNames([found[0]!.before, ...found.map((one) => one.after)]);
  const metrics = [...new Set(found.flatMap((one) => Object.keys(one.metrics)))];
  const lines = metrics.flatMap((name) => found.flatMap((one, at) => (one.metrics[name] ? [{ name, run: names[at + 1]!, ...one.metrics[name] }] : [])));
  const columns: Array<Column<(typeof lines)[number]>> = [
    { name: 'Metric', cell: (one) => one.name },
    ...(found.length > 1 ? [{ name: 'Run', cell: (one: (typeof lines)[number]) => one.run }] : []),
    { name: 'Pairs', isNumber: true, cell: (one) => count(one.n) },
    { name: 'Before', isNumber: true, cell: (one) => figure(one, one.before) },
    { name: 'After', isNumber: true, cell: (one) => figure(one, one.after) },
    { name: 'Change', isNumber: true, cell: (one) => <Moved of={one} /> },
    { name: 'p', isNumber: true, cell: (one) => probability(one.p_holm) },
    { name: 'Test', cell: (one) => one.test ?? UNKNOWN },
    { name: 'Verdict', cell: (one) => <Verdict of={one} /> },
  ];
  return (
    <Part title="What changed" note={`Bounds of ${((1 - found[0]!.alpha) * 100).toFixed(0)} %. ${corrected(found)}`}>
      <Lines title="Metrics" lines={lines} columns={columns} />
    </Part>
  );
}

const SIGNS: Record<string, string> = { better: '▲', worse: '▼', equivalent: '=', 'no evidence': '?' };

function Verdict({ of }: { of: Change }) {
  if (of.verdict === null) return <span className="quiet">{seen(of.why_none ?? UNKNOWN)}</span>;
  const kind = of.verdict === 'better' ? 'pass' : of.verdict === 'worse' ? 'fail' : 'skip';
  return (
    <>
      <span className={`status status-${kind}`}>
        <span aria-hidden="true">{SIGNS[of.verdict] ?? '·'}</span> {of.verdict}
      </span>
      {of.verdict === 'no evidence' && of.smallest !== null && <span className="quiet compare-power"> {figure(of, of.smallest).replace(' %', ' points')} would show in 80 %</span>}
    </>
  );
}

export function Beside({ sides }: { sides: Side[] }) {
  const lines: Array<[string, (side: Side) => string]> = [
    ['Cost of a verified row', (side) => usd(side.cost_per_verified_row)],
    ['Tokens of a verified row', (side) => count(side.tokens_per_verified_row)],
    ['Time of a verified row', (side) => duration(side.seconds_per_verified_row)],
    ['Verified rows', (side) => count(side.verified)],
    ['Cost', (side) => usd(side.cost_usd)],
    ['Tokens', (side) => count(side.tokens)],
    ['Took, by the clock', (side) => duration(side.seconds)],
  ];
  const isSame = new Set(sides.map((side) => side.suite_sha256)).size === 1;
  return (
    <Part title="For each verified row" note={isSame ? 'All runs are of the very same suite.' : 'The suite is not the same in all of them.'}>
      <Lines title="Sides" lines={lines} columns={[{ name: 'Figure', cell: ([name]) => name }, ...perSide(sides, ([, told]: (typeof lines)[number], side) => told(side))]} />
    </Part>
  );
}

// A column for each run, in their order.
function perSide<T>(sides: Side[], cell: (line: T, side: Side, at: number) => React.ReactNode, isNumber = true): Array<Column<T>> {
  const names = shortNames(sides);
  const clash = new Set(names).size < names.length;
  return sides.map((side, at) => ({ name: clash ? `${at + 1}. ${names[at]}` : names[at]!, isNumber, cell: (line: T) => cell(line, side, at) }));
}

export function Rounds({ sides }: { sides: Side[] }) {
  const numbers = [...new Set(sides.flatMap((side) => Object.keys(side.rounds)))].sort((one, other) => Number(one) - Number(other));
  if (numbers.length === 0) return null;
  const all = (side: Side) => Object.values(side.rounds).reduce((sum, one) => sum + one, 0);
  return (
    <Part title="Rounds" note="How many rows ended after so many rounds of their loop.">
      <Lines
        title="Rounds"
        lines={numbers}
        columns={[
          { name: 'Rounds', cell: (number) => number },
          ...perSide(sides, (number: string, side) => (
            <>
              {count(side.rounds[number] ?? 0)} <span className="quiet">{all(side) > 0 ? percent((side.rounds[number] ?? 0) / all(side)) : ''}</span>
            </>
          )),
        ]}
      />
    </Part>
  );
}

export function Latencies({ sides }: { sides: Side[] }) {
  const steps = new Map(sides.flatMap((side) => side.latency.map((one) => [`${one.step}\u0000${one.model}`, one] as const)));
  if (steps.size === 0) return null;
  return (
    <Part title="Latency of calls" note="Half of the calls took no longer than the first figure, 90 of 100 no longer than the second.">
      <Lines
        title="Latency"
        lines={[...steps.values()]}
        columns={[
          { name: 'Step', cell: (one) => seen(one.step) },
          { name: 'Model', cell: (one) => seen(one.model) },
          ...perSide(sides, (line: Side['latency'][number], side) => {
            const its = side.latency.find((one) => one.step === line.step && one.model === line.model);
            return its ? `${duration(its.p50_s)} · ${duration(its.p90_s)}` : UNKNOWN;
          }),
        ]}
      />
    </Part>
  );
}

export function Settings({ settings, sides }: { settings: Setting[]; sides: Side[] }) {
  return (
    <Part title="What differs in configuration" note={settings.length === 0 ? 'Nothing: the suites as they were resolved, and what was asked beside them, are the same.' : 'Of the suites as they were resolved, and what was asked beside them; a dash is a setting that is not there.'}>
      {settings.length > 0 && (
        <Lines
          title="Settings"
          lines={settings}
          columns={[{ name: 'Setting', cell: (one) => <code>{seen(one.setting)}</code> }, ...perSide(sides, (one: Setting, _side, at) => <SettingValue value={one.values[at] ?? null} first={at === 0 ? null : (one.values[0] ?? null)} />, false)]}
        />
      )}
    </Part>
  );
}

const SHORT = 90;

// A long text is shown as what differs in it from the baseline's, line by line.
function SettingValue({ value, first }: { value: string | null; first: string | null }) {
  if (value === null) return <>{UNKNOWN}</>;
  if (first === value) return <span className="quiet">as the baseline</span>;
  if (value.length <= SHORT && !value.includes('\n')) return <code className="compare-value">{seen(value)}</code>;
  if (first === null)
    return (
      <details className="compare-long">
        <summary>{seen(value.slice(0, SHORT))} …</summary>
        <pre>{seen(value)}</pre>
      </details>
    );
  return (
    <pre className="compare-diff">
      {folded(diffLines(first, value), (line) => line.kind !== 'same', 1).map((line, at) =>
        typeof line === 'number' ? (
          <span key={at} className="quiet">{`… ${count(line)} lines\n`}</span>
        ) : (
          <span key={at} className={line.kind === 'new' ? 'added' : line.kind === 'gone' ? 'removed' : undefined}>{`${line.kind === 'new' ? '+' : line.kind === 'gone' ? '−' : ' '} ${seen(line.text)}\n`}</span>
        ),
      )}
    </pre>
  );
}

