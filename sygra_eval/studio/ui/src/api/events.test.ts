import { expect, test } from 'vitest';
import { Events, type Source, type StudioEvent, type World } from './events';

function world() {
  const opened: Array<{ address: string; source: Source; isClosed: boolean }> = [];
  const timers: Array<{ ms: number; run: () => void }> = [];
  const state = { isHidden: false, seen: () => {} };
  const made: World = {
    open(address) {
      const one = { address, isClosed: false, source: { onopen: null, onerror: null, onmessage: null, close: () => void (one.isClosed = true) } as Source };
      opened.push(one);
      return one.source;
    },
    after(ms, run) {
      const timer = { ms, run };
      timers.push(timer);
      return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
    },
    isHidden: () => state.isHidden,
    onVisible: (changed) => void (state.seen = changed),
  };
  const open = () => opened.filter((one) => !one.isClosed);
  const pass = () => timers.splice(0).forEach((timer) => timer.run());
  const hide = (isHidden: boolean) => {
    state.isHidden = isHidden;
    state.seen();
  };
  return { made, opened, open, timers, pass, hide };
}
const message = (topic: string, event: string, data: unknown, id = '') => ({ data: JSON.stringify({ topic, event, data }), lastEventId: id });

test('one stream carries all topics, and each handler hears its own', () => {
  const { made, open, pass } = world();
  const events = new Events(made);
  const heard: StudioEvent[] = [];
  events.subscribe('run:a/1', (event) => heard.push(event));
  events.subscribe('test:7', () => expect.unreachable());
  pass();
  expect(open().map((one) => one.address)).toEqual(['./api/events?topics=run%253Aa%252F1%2Ctest%253A7']);

  open()[0]!.source.onmessage!(message('run:a/1', 'counts', { ok: 1 }));
  open()[0]!.source.onmessage!({ data: '{"topic": "run:a/1", "eve', lastEventId: '' });

  expect(heard).toEqual([{ topic: 'run:a/1', event: 'counts', data: { ok: 1 } }]);
});

test('other topics open the stream anew from the last event, and leaving a screen for another does so once', () => {
  const { made, open, opened, pass } = world();
  const events = new Events(made);
  const leave = events.subscribe('a', () => {});
  pass();
  open()[0]!.source.onmessage!(message('a', 'x', null, 'run/41'));

  leave();
  events.subscribe('b', () => {});
  pass();

  expect(opened.length).toBe(2);
  expect(open().map((one) => one.address)).toEqual(['./api/events?topics=b&last=run%2F41']);
});

test('a tab that nobody sees has no stream; shown again it goes on from where it was', () => {
  const { made, open, pass, hide } = world();
  const events = new Events(made);
  events.subscribe('a', () => {});
  pass();
  open()[0]!.source.onmessage!(message('a', 'x', null, '5'));

  hide(true);
  expect(open()).toEqual([]);
  hide(false);

  expect(open().map((one) => one.address)).toEqual(['./api/events?topics=a&last=5']);
});

test('a lost stream is tried again, each time later, and said so until it is there again', () => {
  const { made, open, timers, pass } = world();
  const events = new Events(made);
  events.subscribe('a', () => {});
  pass();
  const waits: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    open()[0]!.source.onerror!();
    expect(events.connection).toBe('lost');
    expect(open()).toEqual([]);
    waits.push(timers[0]!.ms);
    pass();
    expect(events.connection).toBe('lost');
  }
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15000, 15000]);

  open()[0]!.source.onopen!();

  expect(events.connection).toBe('open');
  open()[0]!.source.onerror!();
  expect(timers[0]!.ms).toBe(500);
});

test('where too much was lost, everybody is told to read anew', () => {
  const { made, open, pass } = world();
  const events = new Events(made);
  const told: string[] = [];
  events.subscribe('a', (event) => told.push(`a ${event.event}`));
  events.subscribe('b', (event) => told.push(`b ${event.event}`));
  pass();

  open()[0]!.source.onmessage!(message('', 'resync', null));

  expect(told).toEqual(['a resync', 'b resync']);
});

test('when nobody listens there is no stream', () => {
  const { made, open, pass } = world();
  const events = new Events(made);
  events.subscribe('a', () => {})();
  pass();
  expect([open(), events.connection]).toEqual([[], 'idle']);
});
