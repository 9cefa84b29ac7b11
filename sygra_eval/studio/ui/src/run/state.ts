// What a run's page knows: the snapshot that it began with, and what the events told since. A pure function of both, so
// that a reload comes to the same. Start at `took`.
import type { ControlNow, Delta, EndedRow, FinishedRound, FinishedVisit, Moved, RunCounts, RunSnapshot } from '../api/types';
import type { StudioEvent } from '../api/events';
import { placeOf } from './writing';

// An answer that is being written; `text` is the end of it, `place` the id of who writes it in the graph.
export type Writing = { call: string; row: string; place: string; text: string; isCut: boolean; number: number };
export type RunPage = {
  snapshot: RunSnapshot;
  counts: RunCounts;
  rows: EndedRow[]; // the newest first, as all three
  rounds: FinishedRound[];
  visits: FinishedVisit[];
  leftOut: number; // so many more happened than were told
  writing: Writing[]; // the newest last
  needsSnapshot: boolean;
  isGone: boolean;
  refused: string;
};

export const MOST_KEPT = 200;
const MOST_WRITING = 24;
const MOST_TEXT = 4000;

export function begun(snapshot: RunSnapshot, before?: RunPage): RunPage {
  const kept = before && { rows: before.rows, rounds: before.rounds, visits: before.visits, leftOut: before.leftOut, writing: before.writing };
  const nothing = { rows: [], rounds: [], visits: [], leftOut: 0, writing: [] };
  return { ...nothing, ...kept, snapshot, counts: snapshot.counts, needsSnapshot: false, isGone: false, refused: '' };
}

export function took(page: RunPage, { event, data }: StudioEvent): RunPage {
  switch (event) {
    case 'counts':
      return tookCounts(page, data as RunCounts);
    case 'moved':
      return tookMoved(page, data as Moved);
    case 'control':
      return { ...page, snapshot: { ...page.snapshot, ...(data as ControlNow) } };
    case 'deltas':
      return { ...page, writing: (data as Delta[]).reduce(wrote, page.writing) };
    case 'ended':
    case 'resync':
      return { ...page, writing: event === 'ended' ? [] : page.writing, needsSnapshot: true };
    case 'gone':
      return { ...page, isGone: true };
    case 'refused':
      return { ...page, refused: String(data) };
    default:
      return page; // of a newer server
  }
}

// A run that begins has no graph yet; when it has begun, there is one to read.
function tookCounts(page: RunPage, counts: RunCounts): RunPage {
  const hasBegun = page.counts.state === 'starting' && counts.state !== 'starting';
  return { ...page, counts, needsSnapshot: page.needsSnapshot || hasBegun };
}

function tookMoved(page: RunPage, moved: Moved): RunPage {
  const ended = new Set(moved.rows.map((row) => row.row));
  return {
    ...page,
    rows: newest(moved.rows, page.rows),
    rounds: newest(moved.rounds, page.rounds),
    visits: newest(moved.visits, page.visits),
    leftOut: page.leftOut + moved.left_out,
    writing: ended.size === 0 ? page.writing : page.writing.filter((one) => !ended.has(one.row)),
  };
}

const newest = <T>(added: T[], old: T[]): T[] => (added.length === 0 ? old : [...added.toReversed(), ...old].slice(0, MOST_KEPT));

function wrote(writing: Writing[], delta: Delta): Writing[] {
  const place = placeOf(delta);
  const at = writing.findIndex((one) => one.call === delta.call && one.row === delta.row && one.place === place);
  const old = writing[at];
  const text = ((old?.text ?? '') + delta.text).slice(-MOST_TEXT);
  const number = (writing[writing.length - 1]?.number ?? 0) + 1;
  const now: Writing = { call: delta.call, row: delta.row, place, text, isCut: (old?.isCut ?? false) || delta.is_cut || text.length === MOST_TEXT, number };
  const others = at < 0 ? writing : writing.toSpliced(at, 1);
  return [...others, now].slice(-MOST_WRITING);
}
