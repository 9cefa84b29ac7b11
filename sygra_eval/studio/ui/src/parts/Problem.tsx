import type { Refused } from '../api/client';
import { Ticked } from './Ticked';

// An error as people read it: the server's sentence and what to do, never a blank page.
export function Problem({ error, again }: { error: Refused; again?: () => void }) {
  return (
    <div className="problem" role="alert">
      <p>
        <Ticked text={error.message} />
      </p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}
