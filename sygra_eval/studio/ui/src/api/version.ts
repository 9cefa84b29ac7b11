// Who answers, asked again while the tab is looked at: a Studio that was started anew has another page or lets this tab in
// no more, and the tab says so.
import { create } from 'zustand';
import { address, get, Refused } from './client';
import type { Version } from './types';

const SECONDS = 30;

type Known = { version: Version | undefined; first: string | undefined; trouble: 'updated' | 'locked' | 'gone' | undefined };

export const useVersion = create<Known>(() => ({ version: undefined, first: undefined, trouble: undefined }));

export function told(known: Known, version: Version): Known {
  const first = known.first ?? version.build;
  return { version, first, trouble: version.build === first ? undefined : 'updated' };
}

export async function look(): Promise<void> {
  try {
    const version = await get<Version>(address('version'));
    useVersion.setState((known) => told(known, version));
  } catch (error) {
    if (!(error instanceof Refused)) return;
    useVersion.setState({ trouble: error.status === 401 || error.status === 421 ? 'locked' : 'gone' });
  }
}

export function keepLooking(): void {
  void look();
  const again = () => {
    if (document.visibilityState === 'visible') void look();
  };
  document.addEventListener('visibilitychange', again);
  window.setInterval(again, SECONDS * 1000);
}
