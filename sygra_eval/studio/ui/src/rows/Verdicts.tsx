import type { VerdictTold } from '../api/types';
import { Status } from '../parts/Status';
import { Again, type Which } from './Again';
import { LongText, type Whose } from './LongText';
import { decimal, duration, seen } from '../format';

// Each validator with what proves it: enough to say it again.
export function Verdicts({ verdicts, of, title, which }: { verdicts: VerdictTold[]; of: Whose; title: string; which?: Which }) {
  if (verdicts.length === 0) return null;
  return (
    <section className="card-flat" aria-label={title}>
      <h2>{title}</h2>
      <Again key={`${of.run} ${of.row} ${which?.round} ${which?.attempt}`} of={of} which={which} />
      {verdicts.map((verdict, at) => (
        <details key={at} className="verdict" open={verdict.status === 'fail' || verdict.status === 'error'}>
          <summary>
            <Status of={verdict.status} />
            <b>
              {seen(verdict.validator)}
              {verdict.is_required ? '*' : ''}
            </b>
            <span className="verdict-tests">{verdict.tests.map((group) => `${group.passed} of ${group.total} ${group.group}`).join(' · ')}</span>
          </summary>
          <LongText text={verdict.reason} of={of} className="reason" />
          {verdict.cases.map((one, number) => (
            <dl key={number} className="facts case">
              <dt>test</dt>
              <dd>
                <LongText text={one.test} of={of} />
              </dd>
              {one.input.text !== '' && (
                <>
                  <dt>input</dt>
                  <dd>
                    <LongText text={one.input} of={of} />
                  </dd>
                </>
              )}
              {one.expected.text !== '' && (
                <>
                  <dt>expected</dt>
                  <dd className="is-good">
                    <LongText text={one.expected} of={of} />
                  </dd>
                </>
              )}
              {one.got.text !== '' && (
                <>
                  <dt>got</dt>
                  <dd className="is-bad">
                    <LongText text={one.got} of={of} />
                  </dd>
                </>
              )}
              {one.traceback.text !== '' && (
                <>
                  <dt>traceback</dt>
                  <dd>
                    <LongText text={one.traceback} of={of} />
                  </dd>
                </>
              )}
            </dl>
          ))}
          <dl className="facts">
            {verdict.command.length > 0 && (
              <>
                <dt>command</dt>
                <dd>
                  <code>{seen(verdict.command.join(' '))}</code>
                </dd>
              </>
            )}
            {verdict.exit_code !== null && (
              <>
                <dt>exit code</dt>
                <dd>{verdict.exit_code}</dd>
              </>
            )}
            {verdict.isolation !== '' && (
              <>
                <dt>isolation</dt>
                <dd>
                  <code>{verdict.isolation}</code>, {verdict.trust}
                </dd>
              </>
            )}
            {verdict.limit_s !== null && (
              <>
                <dt>time limit</dt>
                <dd>{duration(verdict.limit_s)}</dd>
              </>
            )}
            {verdict.score !== null && (
              <>
                <dt>score</dt>
                <dd>{decimal(verdict.score, 2)}</dd>
              </>
            )}
            {Object.entries(verdict.measures).map(([name, value]) => (
              <div key={name} className="facts-pair">
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ))}
            {verdict.output && (
              <>
                <dt>output</dt>
                <dd>
                  <LongText text={verdict.output} of={of} className="output" />
                </dd>
              </>
            )}
          </dl>
        </details>
      ))}
      <p className="quiet small">* required</p>
    </section>
  );
}
