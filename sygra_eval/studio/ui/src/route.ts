// Where the page is: `#/runs/SUITE/RUN/rows?outcome=failed`. All of a view is in the address, so that it can be sent
// to somebody else, and Back goes back.
import { useSyncExternalStore } from 'react';

export type Route = { parts: string[]; query: URLSearchParams };

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  return { parts: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

export type Query = Record<string, string | readonly string[] | undefined>;

// A name with several values stands there several times.
export function hashOf(parts: string[], query: Query = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) => (typeof value === 'object' ? value : [value ?? '']).filter((one) => one !== '').map((one) => [name, one]));
  const asked = new URLSearchParams(given).toString();
  return `#/${parts.map(encodeURIComponent).join('/')}${asked ? `?${asked}` : ''}`;
}

// Told at once and not by the browser's own event, which comes later: a box that is ticked stays ticked meanwhile.
export function go(parts: string[], query: Query = {}, replace = false): void {
  const hash = hashOf(parts, query);
  if (replace) window.history.replaceState(null, '', hash);
  else if (hash !== window.location.hash) window.history.pushState(null, '', hash);
  window.dispatchEvent(new HashChangeEvent('hashchange'));
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(listen, () => window.location.hash));
}

function listen(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
