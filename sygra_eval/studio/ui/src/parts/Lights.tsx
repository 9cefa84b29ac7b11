import type { Light, ModelTestTold } from '../api/types';
import { decimal } from '../format';
import { Ticked } from './Ticked';
import '../styles/lights.css';

const SIGNS: Record<Light['state'], string> = { waiting: '·', running: '▸', ok: '✓', warning: '!', failed: '✗', 'left out': '–' };

// The seven lights of a test, each with its own words.
export function Lights({ test }: { test: ModelTestTold }) {
  const isRunning = test.state === 'running';
  return (
    <div className="lights">
      <p className={`headline headline-${tone(test)}`} aria-live="polite">
        {isRunning ? `Testing: ${test.lights.find((one) => one.state === 'running')?.title ?? 'the price'} …` : test.headline}
      </p>
      <ol>
        {test.lights.map((light) => (
          <li key={light.name} className={`light light-${light.state.replace(' ', '-')}`}>
            <span className="sign" aria-hidden="true">
              {SIGNS[light.state]}
            </span>
            <span className="title">{light.title}</span>
            <span className="state">{light.state}</span>
            {light.told && <span className="told"><Ticked text={light.told} /></span>}
          </li>
        ))}
      </ol>
      {(test.facts.length > 0 || test.first_text_s !== null) && (
        <dl className="facts">
          {test.first_text_s !== null && (
            <>
              <dt>First text</dt>
              <dd>after {decimal(test.first_text_s, 2)} s</dd>
            </>
          )}
          {test.facts.map((fact) => (
            <div key={fact.name} className="fact">
              <dt>{fact.title}</dt>
              <dd className={fact.state === 'warning' ? 'warned' : undefined}><Ticked text={fact.told} /></dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

// The same in one line, for a card.
export function LightsInBrief({ test }: { test: ModelTestTold }) {
  return (
    <p className="brief">
      <span className="dots" aria-hidden="true">
        {test.lights.map((light) => (
          <span key={light.name} className={`sign light-${light.state.replace(' ', '-')}`} title={`${light.title}: ${light.state}`}>
            {SIGNS[light.state]}
          </span>
        ))}
      </span>
      <span className={`headline-${tone(test)}`}>{test.state === 'running' ? 'Testing …' : test.headline}</span>
    </p>
  );
}

function tone(test: ModelTestTold): string {
  if (test.state === 'running') return 'running';
  if (test.state === 'failed') return 'failed';
  return test.lights.some((one) => one.state === 'warning') ? 'warning' : 'ok';
}
