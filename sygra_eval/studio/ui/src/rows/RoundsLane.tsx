// oxlint-disable jsx-a11y/prefer-tag-over-role -- laid out as a grid, which takes the meaning from table tags
import type { RecordTold } from '../api/types';
import { Status } from '../parts/Status';
import { lanesOf, spanOf, sumOf, type Lane } from './lane';
import { count, duration, seen, usd } from '../format';

// One row a round: draft or revision, what the checks said, the critique, and when all of that was.
export function RoundsLane({ record, current, onCurrent }: { record: RecordTold; current: number; onCurrent: (at: number) => void }) {
  const lanes = lanesOf(record);
  const nodes = new Set(record.rounds.map((round) => round.node));
  return (
    <div className="lane" role="table" aria-label="Rounds">
      <div role="row" className="lane-row lane-head">
        <span role="columnheader">Round</span>
        <span role="columnheader">Draft → revise</span>
        <span role="columnheader">Verify</span>
        <span role="columnheader">Critique</span>
        <span role="columnheader" className="lane-axis">
          <span>0</span>
          <span>{duration(spanOf(record))}</span>
        </span>
      </div>
      {lanes.map((lane, at) => (
        <Row key={`${lane.round.node} ${lane.round.number}`} lane={lane} isCurrent={at === current} node={nodes.size > 1} isLast={at === lanes.length - 1} onClick={() => onCurrent(at)} />
      ))}
    </div>
  );
}

function Row({ lane, isCurrent, node, isLast, onClick }: { lane: Lane; isCurrent: boolean; node: boolean; isLast: boolean; onClick: () => void }) {
  const { round, shown } = lane;
  const spent = sumOf(lane.drafts);
  const what = round.kind !== 'loop' ? round.kind : round.number === 1 ? 'draft' : 'revision';
  return (
    <div role="row" className={`lane-row${isCurrent ? ' is-current' : ''}`}>
      <span role="cell">
        <button type="button" className="lane-round" aria-current={isCurrent ? 'step' : undefined} aria-label={`Round ${round.number} of ${round.node}`} onClick={onClick}>
          {round.number}
        </button>
        {node && <span className="quiet lane-node">{seen(round.node)}</span>}
      </span>
      <span role="cell" className="lane-cell">
        <b>
          {what}
          {round.attempts.length > 1 ? `s ×${round.attempts.length}` : ''}
        </b>
        {shown?.is_kept ? <span className="tag tag-kept">kept</span> : <span className="tag">not kept</span>}
        <small>
          {duration(spent.latency)} · {count(spent.tokens)} tok · {usd(spent.cost)}
        </small>
      </span>
      <span role="cell" className="lane-cell">
        {lane.verdict === 'none' ? <span className="quiet">not judged</span> : <Status of={lane.verdict} />}
        {lane.total > 0 && (
          <span className="lane-tests">
            {lane.passed} of {lane.total}
          </span>
        )}
        <small>
          {shown && shown.fixed.length > 0 && <span className="is-good">↑ {shown.fixed.length} fixed </span>}
          {shown && shown.broken.length > 0 && <span className="is-bad">↓ {shown.broken.length} broken </span>}
          {round.checked_s !== null && `within ${duration(round.checked_s)}`}
        </small>
      </span>
      <span role="cell" className="lane-cell">
        {lane.critique === null ? (
          <span className="quiet">{isLast ? 'not asked' : '–'}</span>
        ) : (
          <>
            <Critic sentinel={lane.critique.sentinel} isIgnored={lane.critique.is_ignored} />
            <small>
              {duration(lane.critique.latency_s)} · {count(lane.critique.tokens)} tok · {usd(lane.critiqueCall?.cost_usd)}
            </small>
          </>
        )}
      </span>
      <span role="cell" className="lane-time" aria-hidden="true">
        {lane.bars.map((bar) => (
          <span key={bar.number} className={`bar-of bar-${bar.step}`} style={{ left: `${bar.from}%`, width: `max(3px, ${bar.to - bar.from}%)` }} />
        ))}
      </span>
    </div>
  );
}

function Critic({ sentinel, isIgnored }: { sentinel: string; isIgnored: boolean | null }) {
  if (sentinel === 'granted') return <span className="tag tag-good">✓ stop granted</span>;
  if (sentinel === 'refused') return <span className="tag tag-warn">⊘ stop refused</span>;
  return (
    <>
      <b>critique</b>
      {isIgnored && <span className="tag tag-warn">ignored</span>}
    </>
  );
}
