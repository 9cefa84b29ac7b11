// oxlint-disable jsx-a11y/prefer-tag-over-role -- a group of buttons is no fieldset
import { useState } from 'react';
import type { AttemptTold, RecordTold } from '../api/types';
import { DiffView } from './DiffView';
import { askedBy, codeOf, isCut } from './lane';
import { LongText, type Whose } from './LongText';
import { Verdicts } from './Verdicts';

// A round between the others: what it changed, the critique that asked for it, and the tests that turned.
export function RoundDetail({ record, at, of }: { record: RecordTold; at: number; of: Whose }) {
  const round = record.rounds[at]!;
  const [chosen, setChosen] = useState<{ at: number; attempt: number }>({ at, attempt: round.shown });
  const which = chosen.at === at ? chosen.attempt : round.shown;
  const attempt = round.attempts[which];
  const earlier = round.against === null ? undefined : record.rounds[round.against];
  const before = earlier?.attempts[earlier.shown];
  return (
    <div className="detail">
      <section className="detail-code" aria-label={`Code of round ${round.number}`}>
        {round.attempts.length > 1 && (
          <div className="detail-attempts" role="group" aria-label="Candidates of this round">
            {round.attempts.map((one, number) => (
              <button key={number} type="button" aria-pressed={number === which} onClick={() => setChosen({ at, attempt: number })}>
                {one.label || `draft ${one.sample + 1}`}
                {one.is_kept ? ' ✓ kept' : ''}
              </button>
            ))}
          </div>
        )}
        {attempt === undefined ? <p className="quiet">The author came to no answer in this round.</p> : <Code attempt={attempt} before={before} names={[`round ${earlier?.number}`, `round ${round.number}`]} of={of} />}
        {round.choice !== '' && <p className="quiet">Kept: {round.choice}</p>}
        {round.unanswered.map((one) => (
          <p key={one} className="is-bad">
            No answer: {one}
          </p>
        ))}
      </section>
      <div className="detail-side">
        <Asked record={record} at={at} of={of} />
        {attempt && <Flips attempt={attempt} />}
        {attempt && <Verdicts verdicts={attempt.verdicts} of={of} title="Verdicts of this round" which={{ round: at, attempt: which }} />}
        {round.critique && (
          <section className="card-flat" aria-label="Critique of this round">
            <h2>{round.critique.sentinel === 'absent' ? 'Then the critic said' : 'Then the critic wanted to stop'}</h2>
            <LongText text={round.critique.text} of={of} className="quote" />
            {round.critique.sentinel === 'refused' && <p className="tag-warn note-line">⊘ Refused: the checks do not pass, whatever the critic says.</p>}
            {round.critique.sentinel === 'granted' && <p className="tag-good note-line">✓ Granted: the checks agree.</p>}
            {round.critique.is_ignored && <p className="tag-warn note-line">The next revision touches nothing that this names.</p>}
          </section>
        )}
      </div>
    </div>
  );
}

function Code({ attempt, before, names, of }: { attempt: AttemptTold; before: AttemptTold | undefined; names: [string, string]; of: Whose }) {
  const [how, setHow] = useState<'sides' | 'unified' | 'code' | 'answer'>('sides');
  const shown = before === undefined && how !== 'answer' ? 'code' : how;
  const ways: Array<[typeof how, string]> = before === undefined ? [] : [['sides', 'Side by side'], ['unified', 'Unified']];
  ways.push(['code', 'Code'], ['answer', 'Whole answer']);
  return (
    <>
      <div className="detail-ways" role="group" aria-label="How the code is shown">
        {ways.map(([way, title]) => (
          <button key={way} type="button" aria-pressed={shown === way} onClick={() => setHow(way)}>
            {title}
          </button>
        ))}
        <span className="quiet">{attempt.code === null ? `no code found: ${attempt.extraction}` : attempt.extraction}</span>
      </div>
      {(shown === 'sides' || shown === 'unified') && (isCut(attempt) || isCut(before)) && <p className="quiet">Only the beginnings of the two texts are compared: they are very long.</p>}
      {shown === 'sides' || shown === 'unified' ? (
        <DiffView before={codeOf(before)} after={codeOf(attempt)} labels={names} isUnified={shown === 'unified'} />
      ) : (
        <LongText text={shown === 'code' ? (attempt.code ?? attempt.answer) : attempt.answer} of={of} className="code-block" />
      )}
    </>
  );
}

function Asked({ record, at, of }: { record: RecordTold; at: number; of: Whose }) {
  const critique = askedBy(record, at);
  if (critique === null) return null;
  return (
    <section className="card-flat" aria-label="What asked for this revision">
      <h2>Asked for by</h2>
      <LongText text={critique.text} of={of} className="quote" />
      {critique.sentinel === 'refused' && <p className="tag-warn note-line">⊘ The critic wanted to stop here; the checks said no, so their evidence was sent instead.</p>}
      {critique.is_ignored && <p className="tag-warn note-line">Ignored: this revision touches nothing that the critique names.</p>}
    </section>
  );
}

function Flips({ attempt }: { attempt: AttemptTold }) {
  if (attempt.fixed.length + attempt.broken.length === 0) return null;
  return (
    <section className="card-flat" aria-label="Tests that flipped">
      <h2>Tests that flipped</h2>
      <ul className="flips">
        {attempt.fixed.map((name) => (
          <li key={name}>
            <span className="is-bad">red</span> → <span className="is-good">green</span> <code>{name}</code>
          </li>
        ))}
        {attempt.broken.map((name) => (
          <li key={name}>
            <span className="is-good">green</span> → <span className="is-bad">red</span> <code>{name}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}
