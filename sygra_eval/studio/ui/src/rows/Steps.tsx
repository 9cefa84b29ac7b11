import type { RecordTold, Variable } from '../api/types';
import { LongText, type Whose } from './LongText';
import { seen } from '../format';

// The record's variables: as they came in, then after each step what it set.
export function Steps({ record, of }: { record: RecordTold; of: Whose }) {
  return (
    <div className="steps">
      <section aria-label="Input">
        <h2>Input</h2>
        <Variables variables={record.input} of={of} />
      </section>
      {record.states.map((step, at) => (
        <section key={at} aria-label={`After ${step.node}`}>
          <h2>
            After <code>{seen(step.node)}</code> {step.models.length > 0 && <span className="quiet">by {[...new Set(step.models)].join(', ')}</span>}
          </h2>
          {step.set.length === 0 ? <p className="quiet">It set nothing.</p> : <Variables variables={step.set} of={of} />}
        </section>
      ))}
      {record.added.length > 0 && (
        <section aria-label="In the data set">
          <h2>Added to the data set</h2>
          <Variables variables={record.added} of={of} />
        </section>
      )}
    </div>
  );
}

function Variables({ variables, of }: { variables: Variable[]; of: Whose }) {
  return (
    <dl className="variables">
      {variables.map((one) => (
        <div key={one.name}>
          <dt>
            {seen(one.name)}
            {one.before && <span className="tag tag-warn">changed</span>}
          </dt>
          <dd>
            <LongText text={one.value} of={of} />
            {one.before && (
              <details>
                <summary>what it was</summary>
                <LongText text={one.before} of={of} />
              </details>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
