import { tryNow, useConnection } from '../api/events';

// Said at the top of what is live, while nothing live comes.
export function Connection() {
  if (useConnection() !== 'lost') return null;
  return (
    <div className="connection-lost" role="alert">
      <span>Connection lost, trying again. What is shown may be old.</span>
      <button type="button" onClick={tryNow}>
        Try now
      </button>
    </div>
  );
}
