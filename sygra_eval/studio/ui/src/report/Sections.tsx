// The parts of a report, each number with a way to its rows where the table has such a filter.
import { Status } from '../parts/Status';
import { count, decimal, duration, percent, seen, usd } from '../format';
import type { Outcome, ReportDocument } from './document';
import { Bar, Lines, Part, Rows, Share, Value } from './Parts';

export type To = (filters: Record<string, string>) => string;
type Of = { report: ReportDocument; to: To };

const OUTCOMES: Outcome[] = ['verified', 'rejected', 'failed', 'unjudged'];

export function Outcomes({ report, to }: Of) {
  return (
    <Part title="Outcomes" note="Failed is of infrastructure: nobody knows whether such a row is right.">
      <Lines
        title="Outcomes"
        lines={OUTCOMES.filter((outcome) => outcome === 'verified' || report.outcomes[outcome].value !== 0)}
        columns={[
          { name: 'Outcome', cell: (outcome) => <Status of={outcome} /> },
          { name: 'Rows', isNumber: true, cell: (outcome) => <Rows of={report.outcomes[outcome]} to={to({ outcome })} /> },
          { name: 'Share, 95 % interval', cell: (outcome) => <Share of={report.outcome_rates[outcome]} kind={outcome} /> },
        ]}
      />
    </Part>
  );
}

export function Funnel({ report, to }: Of) {
  const whole = report.funnel[0]?.rows.value ?? null;
  const led = (step: string) => (step === 'verified' || step === 'accepted' ? to({ outcome: 'verified' }) : step === 'rows read' ? to({}) : undefined);
  return (
    <Part title="Funnel" note="Rows that came through a step and all steps before it.">
      <Lines
        title="Funnel"
        lines={report.funnel}
        columns={[
          { name: 'Step', cell: (line) => seen(line.step) },
          { name: 'Rows', isNumber: true, cell: (line) => <Rows of={line.rows} to={led(line.step)} /> },
          { name: 'Of all', cell: (line) => <Bar part={line.rows.value} whole={whole} /> },
        ]}
      />
    </Part>
  );
}

export function ByRound({ report, to }: Of) {
  if (report.rounds.length === 0) return null;
  return (
    <Part title="Does another round pay?" note="What each round adds, and what one more verified row costs in it.">
      <Lines
        title="By round"
        lines={report.rounds}
        columns={[
          { name: 'Round', cell: (line) => line.round },
          { name: 'Rows ended', isNumber: true, cell: (line) => <Rows of={line.ended} to={to({ rounds: String(line.round) })} /> },
          { name: 'Verified', isNumber: true, cell: (line) => <Rows of={line.verified} to={to({ outcome: 'verified', rounds: String(line.round) })} /> },
          { name: 'Verified by then, 95 % interval', cell: (line) => <Share of={line.verified_so_far} /> },
          { name: 'Tokens', isNumber: true, cell: (line) => <Value of={line.tokens} as={count} /> },
          { name: 'Cost', isNumber: true, cell: (line) => <Value of={line.cost_usd} as={usd} /> },
          { name: 'Cost of one more', isNumber: true, cell: (line) => <Value of={line.usd_per_verified} as={usd} /> },
        ]}
      />
    </Part>
  );
}

export function Causes({ report, to }: Of) {
  if (report.causes.length === 0) return null;
  return (
    <Part title="Why rows fell out">
      <Lines
        title="Causes"
        lines={report.causes}
        columns={[
          { name: 'Cause', cell: (line) => seen(line.reason) },
          { name: 'Outcome', cell: (line) => <Status of={line.outcome} /> },
          { name: 'Rows', isNumber: true, cell: (line) => <Rows of={line.rows} to={to({ outcome: line.outcome, group: line.reason })} /> },
        ]}
      />
    </Part>
  );
}

export function Validators({ report, to }: Of) {
  if (report.validators.length === 0) return null;
  return (
    <Part title="Validators" note="False accepts and rejects were measured on answers whose truth is known, not on this run. * required">
      <Lines
        title="Validators"
        lines={report.validators}
        columns={[
          { name: 'Validator', cell: (line) => `${seen(line.validator)}${line.required ? '*' : ''}` },
          { name: 'Pass', isNumber: true, cell: (line) => <Rows of={line.pass} to={undefined} /> },
          { name: 'Fail', isNumber: true, cell: (line) => <Rows of={line.fail} to={to({ fails: line.validator })} /> },
          { name: 'Error', isNumber: true, cell: (line) => <Rows of={line.error} to={to({ error: line.validator })} /> },
          { name: 'Skip', isNumber: true, cell: (line) => <Rows of={line.skip} to={to({ skips: line.validator })} /> },
          { name: 'False accepts', isNumber: true, cell: (line) => (line.measured ? <Value of={line.measured.false_accept_rate} as={percent} /> : '–') },
          { name: 'False rejects', isNumber: true, cell: (line) => (line.measured ? <Value of={line.measured.false_reject_rate} as={percent} /> : '–') },
        ]}
      />
    </Part>
  );
}

export function Agreements({ report }: Of) {
  if (report.agreement.length === 0) return null;
  return (
    <Part title="Agreement of raters">
      <Lines
        title="Agreement"
        lines={report.agreement}
        columns={[
          { name: 'Raters', cell: (line) => seen(line.raters.join(' and ')) },
          { name: 'Statistic', cell: (line) => line.statistic },
          { name: 'Beyond chance', isNumber: true, cell: (line) => <Value of={line.beyond_chance} as={(value) => decimal(value, 2)} /> },
          { name: 'Observed', isNumber: true, cell: (line) => <Value of={line.observed} as={percent} /> },
          { name: 'Rows', isNumber: true, cell: (line) => <Value of={line.rows} as={count} /> },
          { name: 'Note', cell: (line) => seen(line.note ?? '') },
        ]}
      />
    </Part>
  );
}

export function Guardrails({ report, to }: Of) {
  if (report.guardrails.length === 0) return null;
  return (
    <Part title="Guardrails" note="In calls of rows that ended. Blocked: a prompt that was not sent, or a reply that was not used.">
      <Lines
        title="Guardrails"
        lines={report.guardrails}
        columns={[
          { name: 'Guardrail', cell: (line) => seen(line.guardrail) },
          { name: 'At', cell: (line) => `${line.at}${line.node ? ` of ${seen(line.node)}` : ''}` },
          { name: 'Pass', isNumber: true, cell: (line) => <Rows of={line.pass} to={undefined} /> },
          { name: 'Fail', isNumber: true, cell: (line) => <Rows of={line.fail} to={to({ guardrail: line.guardrail })} /> },
          { name: 'Error', isNumber: true, cell: (line) => <Rows of={line.error} to={undefined} /> },
          { name: 'Skip', isNumber: true, cell: (line) => <Rows of={line.skip} to={undefined} /> },
          { name: 'Blocked', isNumber: true, cell: (line) => <Rows of={line.blocked} to={to({ guardrail: line.guardrail })} /> },
        ]}
      />
    </Part>
  );
}

export function Loops({ report, to }: Of) {
  const lines = Object.entries(report.stop_reasons).flatMap(([outcome, reasons]) => Object.entries(reasons).map(([stop, rows]) => ({ outcome, stop, rows })));
  if (lines.length === 0) return null;
  return (
    <Part title="What stopped the loops">
      <Lines
        title="Stops"
        lines={lines}
        columns={[
          { name: 'Stopped by', cell: (line) => line.stop },
          { name: 'Outcome', cell: (line) => <Status of={line.outcome} /> },
          { name: 'Rows', isNumber: true, cell: (line) => <Rows of={line.rows} to={to({ outcome: line.outcome, stop: line.stop })} /> },
        ]}
      />
      <p className="rp-note">
        Rows whose critic wanted to stop while the checks disagreed: <Rows of={report.rows_with_refused_sentinel} to={to({ refused: 'yes' })} />.
        {report.critiques && (
          <>
            {' '}
            Critiques that the next revision ignored: <Value of={report.critiques.ignored} as={percent} /> of {count(report.critiques.ignored.n ?? 0)} that name something of the code.
          </>
        )}
      </p>
    </Part>
  );
}

export function Costs({ report, to }: Of) {
  const lines = [
    ...report.spent_by_step.map((one) => ({ ...one, name: one.step, of: 'node', link: undefined as string | undefined })),
    ...report.spent_by_model.map((one) => ({ ...one, name: one.model, of: 'model', link: to({ model: one.model }) })),
  ];
  if (lines.length === 0) return null;
  const whole = report.spent.cost_usd.value;
  return (
    <Part title="Cost by node and model">
      <Lines
        title="Cost"
        lines={lines}
        columns={[
          { name: 'Node or model', cell: (line) => (line.link ? <a href={line.link}>{seen(line.name)}</a> : seen(line.name)) },
          { name: 'Of', cell: (line) => line.of },
          { name: 'Calls', isNumber: true, cell: (line) => <Value of={line.calls} as={count} /> },
          { name: 'Cached', isNumber: true, cell: (line) => <Value of={line.calls_from_cache} as={count} /> },
          { name: 'Prompt tokens', isNumber: true, cell: (line) => <Value of={line.prompt_tokens} as={count} /> },
          { name: 'Answer tokens', isNumber: true, cell: (line) => <Value of={line.completion_tokens} as={count} /> },
          { name: 'Cost', isNumber: true, cell: (line) => <Value of={line.cost_usd} as={usd} /> },
          { name: 'Of all', cell: (line) => <Bar part={line.cost_usd.value} whole={whole} /> },
        ]}
      />
    </Part>
  );
}

export function Latency({ report }: Of) {
  if (report.latency.length === 0) return null;
  const most = Math.max(...report.latency.map((line) => line.slowest_s.value ?? 0));
  return (
    <Part title="Latency of calls">
      <Lines
        title="Latency"
        lines={report.latency}
        columns={[
          { name: 'Node', cell: (line) => seen(line.step) },
          { name: 'Model', cell: (line) => seen(line.model) },
          { name: 'Calls', isNumber: true, cell: (line) => <Value of={line.calls} as={count} /> },
          { name: 'p50', isNumber: true, cell: (line) => <Value of={line.p50_s} as={duration} /> },
          { name: 'p90', isNumber: true, cell: (line) => <Value of={line.p90_s} as={duration} /> },
          { name: 'p99', isNumber: true, cell: (line) => <Value of={line.p99_s} as={duration} /> },
          { name: 'Slowest', isNumber: true, cell: (line) => <Value of={line.slowest_s} as={duration} /> },
          { name: 'p90 of the slowest', cell: (line) => <Bar part={line.p90_s.value} whole={most} /> },
        ]}
      />
    </Part>
  );
}

export function Gates({ report }: Of) {
  if (report.gates.length === 0) return null;
  return (
    <Part title="Gates">
      <Lines
        title="Gates"
        lines={report.gates}
        columns={[
          { name: 'Gate', cell: (line) => seen(line.name) },
          { name: 'State', cell: (line) => <Status of={line.state === 'passed' ? 'pass' : line.state === 'failed' ? 'fail' : line.state} /> },
          { name: 'Value', isNumber: true, cell: (line) => <Value of={line.figure} as={(value) => decimal(value, 3)} /> },
          { name: 'Why', cell: (line) => seen(line.reason) },
        ]}
      />
    </Part>
  );
}
