import { useEffect, useState } from 'react';
import { address } from '../api/client';
import { useResource } from '../api/resource';
import { useVersion } from '../api/version';
import type { Folder, SuiteCard } from '../api/types';
import { Problem } from '../parts/Problem';
import { Recent, RunModels } from '../start/Beside';
import { Cards } from '../start/Cards';
import { isStillChecked, matching } from '../start/choosing';
import { Templates } from '../start/Templates';
import '../styles/start.css';

const FEW = 8;
const AGAIN_MS = 1000;

export function Start() {
  const suites = useResource<SuiteCard[]>(address('suites'));
  const folder = useResource<Folder>(suites.value ? address('folder') : undefined);
  const [sought, seek] = useState('');
  const isReadOnly = useVersion((known) => known.version?.is_read_only ?? false);
  useChecks(suites.value, suites.again);
  const found = suites.value && matching(suites.value, sought);
  const isEmpty = suites.value?.length === 0;
  return (
    <section className="screen start">
      <div className="start-main">
        <div className="start-head">
          <h1>Suites</h1>
          {suites.value && suites.value.length > FEW && (
            <label className="seek">
              <span className="hidden">Find a suite</span>
              <input type="search" value={sought} placeholder="Find a suite" onChange={(event) => seek(event.target.value)} />
            </label>
          )}
        </div>
        {suites.error && <Problem error={suites.error} again={suites.again} />}
        {suites.isLoading && <p className="quiet">Looking through the folder …</p>}
        {folder.value?.left_out && (
          <p className="note" role="note">
            {folder.value.left_out}
          </p>
        )}
        {isEmpty && <NoSuites isReadOnly={isReadOnly} />}
        {found && found.length > 0 && <Cards suites={found} />}
        {found?.length === 0 && !isEmpty && (
          <p className="quiet">
            No suite is called like <b>{sought}</b>.
          </p>
        )}
        {suites.value && !isReadOnly && <Templates isOpen={isEmpty ?? false} taken={suites.value} />}
      </div>
      <aside className="start-side" aria-label="Runs and models">
        <Recent />
        <RunModels />
      </aside>
    </section>
  );
}

function NoSuites({ isReadOnly }: { isReadOnly: boolean }) {
  const workspace = useVersion((known) => known.version?.workspace);
  return (
    <p className="empty">
      There is no suite in <code>{workspace ?? 'this folder'}</code> yet.{' '}
      {isReadOnly ? 'This Studio is read-only.' : 'Begin from one of these: each runs as it is, in seconds, without a network and without a key.'}
    </p>
  );
}

// The list comes at once and what is wrong with each suite a moment later.
function useChecks(suites: SuiteCard[] | undefined, again: () => void) {
  const isAwaited = suites !== undefined && isStillChecked(suites);
  useEffect(() => {
    if (!isAwaited) return;
    const timer = window.setTimeout(again, AGAIN_MS);
    return () => window.clearTimeout(timer);
  }, [isAwaited, suites, again]);
}
