// Asks the server. Every error comes as `Refused` with the server's own sentence, which is written for people.

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: unknown = undefined,
  ) {
    super(message);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return ask<T>(path, signal ? { signal } : {});
}

export async function change<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, more: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { 'X-Sygra-Eval': '1', ...more };
  const stop = signal ? { signal } : {};
  if (body === undefined) return ask<T>(path, { method, headers, ...stop });
  headers['Content-Type'] = 'application/json';
  return ask<T>(path, { method, headers, body: JSON.stringify(body), ...stop });
}

// `./api/…`, so that it works behind a path prefix too.
export function address(path: string, query: Record<string, string | number | readonly string[] | undefined> = {}): string {
  const given = Object.entries(query).flatMap(([name, value]) => (typeof value === 'object' ? value : [value === undefined ? '' : String(value)]).map((one) => [name, one]));
  const asked = new URLSearchParams(given.filter(([, value]) => value !== '')).toString();
  return `./api/${path}${asked ? `?${asked}` : ''}`;
}

async function ask<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Refused(0, 'no-connection', 'Studio does not answer. Was it stopped? Start `sygra-eval studio` again.');
  }
  const text = await answer.text();
  const told: unknown = text === '' ? undefined : parsed(text);
  if (answer.ok) return told as T;
  const error = (told as { error?: { code?: string; message?: string; details?: unknown } } | undefined)?.error;
  throw new Refused(answer.status, error?.code ?? 'unknown', error?.message ?? `the server answered ${answer.status}`, error?.details);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
