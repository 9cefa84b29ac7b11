// What happens on the server, as it happens: one stream a tab, whatever is listened to. Start at `subscribe`.
// A browser lets six streams through to one host, so there is never a second one; a tab that nobody sees has none.
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { address } from './client';

export type StudioEvent = { topic: string; event: string; data: unknown };
type Handler = (event: StudioEvent) => void;
export type Connection = 'idle' | 'open' | 'connecting' | 'lost';

// A stream as we use it; the browser's `EventSource` is one.
export type Source = {
  onopen: (() => void) | null;
  onerror: (() => void) | null;
  onmessage: ((message: { data: string; lastEventId: string }) => void) | null;
  close: () => void;
};
export type World = {
  open: (address: string) => Source;
  after: (ms: number, run: () => void) => () => void; // a timer, and what ends it
  isHidden: () => boolean;
  onVisible: (changed: () => void) => void;
};

const RESYNC = 'resync';
const FIRST_WAIT = 500;
const LONGEST_WAIT = 15_000;

export class Events {
  private readonly handlers = new Map<string, Set<Handler>>();
  private readonly listeners = new Set<() => void>();
  private source: Source | undefined;
  private opened = ''; // the topics of the stream that is open
  private last = ''; // the id of the last event that came
  private wait = FIRST_WAIT;
  private cancel: (() => void) | undefined;
  private wasLost = false;
  connection: Connection = 'idle';

  constructor(private readonly world: World) {
    world.onVisible(() => this.renew());
  }

  // Hear of a topic; what is returned ends it.
  subscribe(topic: string, handler: Handler): () => void {
    const those = this.handlers.get(topic) ?? new Set();
    those.add(handler);
    this.handlers.set(topic, those);
    this.renewSoon();
    return () => {
      those.delete(handler);
      if (those.size === 0 && this.handlers.get(topic) === those) this.handlers.delete(topic);
      this.renewSoon();
    };
  }

  listen(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  tryNow(): void {
    if (this.connection !== 'lost') return;
    this.wait = FIRST_WAIT;
    this.close();
    this.renew();
  }

  // A screen that is left unsubscribes just before the next one subscribes: that is one change of the stream.
  private renewSoon(): void {
    if (this.cancel !== undefined) return; // soon, or after the wait of a lost stream: with the topics of then
    this.cancel = this.world.after(0, () => {
      this.cancel = undefined;
      this.renew();
    });
  }

  private renew(): void {
    const topics = [...this.handlers.keys()].toSorted().map(encodeURIComponent).join(',');
    if (this.world.isHidden() || topics === '') {
      this.close();
      this.wasLost = false;
      this.say('idle');
      return;
    }
    if (this.source && this.opened === topics) return;
    this.close();
    this.opened = topics;
    this.say(this.wasLost ? 'lost' : 'connecting');
    this.source = this.world.open(address('events', { topics, last: this.last }));
    this.source.onopen = () => {
      this.wait = FIRST_WAIT;
      this.wasLost = false;
      this.say('open');
    };
    this.source.onerror = () => this.lost();
    this.source.onmessage = (message) => this.take(message);
  }

  private take(message: { data: string; lastEventId: string }): void {
    if (message.lastEventId) this.last = message.lastEventId;
    let told: Partial<StudioEvent>;
    try {
      told = JSON.parse(message.data) as Partial<StudioEvent>;
    } catch {
      return; // half a message of a server that was stopped; what it told is in the next snapshot
    }
    if (typeof told.event !== 'string') return;
    const event: StudioEvent = { topic: told.topic ?? '', event: told.event, data: told.data };
    // Too much was lost to catch up: everybody reads anew.
    const those = event.event === RESYNC && event.topic === '' ? [...this.handlers.values()] : [this.handlers.get(event.topic) ?? new Set<Handler>()];
    for (const handlers of those) for (const handler of handlers) handler(event);
  }

  private lost(): void {
    this.close();
    this.wasLost = true;
    this.say('lost');
    this.cancel = this.world.after(this.wait, () => {
      this.cancel = undefined;
      this.renew();
    });
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  private close(): void {
    this.cancel?.();
    this.cancel = undefined;
    if (this.source) {
      this.source.onopen = this.source.onerror = this.source.onmessage = null;
      this.source.close();
    }
    this.source = undefined;
    this.opened = '';
  }

  private say(connection: Connection): void {
    if (this.connection === connection) return;
    this.connection = connection;
    for (const listener of this.listeners) listener();
  }
}

let ours: Events | undefined;

function theEvents(): Events {
  ours ??= new Events({
    open: (path) => new EventSource(path) as unknown as Source,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    isHidden: () => document.visibilityState === 'hidden',
    onVisible: (changed) => document.addEventListener('visibilitychange', changed),
  });
  return ours;
}

export function subscribe(topic: string, handler: Handler): () => void {
  return theEvents().subscribe(topic, handler);
}

export const tryNow = (): void => theEvents().tryNow();

export function useConnection(): Connection {
  return useSyncExternalStore(
    (changed) => theEvents().listen(changed),
    () => theEvents().connection,
  );
}

// Hears of a topic while a screen is shown; `undefined` hears nothing.
export function useTopic(topic: string | undefined, handler: Handler): void {
  const latest = useRef(handler);
  useEffect(() => {
    latest.current = handler;
  });
  useEffect(() => (topic === undefined ? undefined : subscribe(topic, (event) => latest.current(event))), [topic]);
}
