// Starts a new run on rows of this one: what is asked is the dialog of every run, with the rows named.
import { address } from '../api/client';
import { useResource } from '../api/resource';
import type { RunSnapshot, SuiteDocument } from '../api/types';
import { Dialog } from '../parts/Dialog';
import { Problem } from '../parts/Problem';
import type { Again } from '../suite/asked';
import { StartDialog } from '../suite/StartDialog';

export function RunAgain({ place, again, onClose }: { place: string; again: Again; onClose: () => void }) {
  const run = useResource<RunSnapshot>(address(place));
  const path = run.value?.suite_path;
  const suite = useResource<SuiteDocument>(path ? address(`suites/${path.split('/').map(encodeURIComponent).join('/')}`) : undefined);
  const variant = run.value?.variant === 'default' ? '' : (run.value?.variant ?? '');
  const note = run.value?.command.includes(' --model ') ? 'On its command line that run replaced models of the suite; this one asks those of the suite. To replace them again, copy the command of that run.' : '';
  if (suite.value) return <StartDialog suite={suite.value} runs={[]} onClose={onClose} again={{ ...again, note }} variant={suite.value.variants.includes(variant) ? variant : ''} />;
  const error = run.error ?? suite.error;
  return (
    <Dialog title="Run rows again" onClose={onClose}>
      {error && <Problem error={error} />}
      {run.value && !path && <p>The suite of this run is not in the folder that Studio was opened on, so nothing can be started from here.</p>}
      {!error && !(run.value && !path) && <p className="loading">Reading the suite …</p>}
    </Dialog>
  );
}
