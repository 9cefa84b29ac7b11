// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.
// Not to be edited.

export type AttemptTold = {
  sample: number;
  label: string;
  answer: Text;
  code: Text | null;
  extraction: string;
  evidence: Text;
  verdicts: Array<VerdictTold>;
  is_accepted: boolean;
  is_kept: boolean;
  tokens: number;
  latency_s: number;
  call: number | null;
  fixed: Array<string>;
  broken: Array<string>;
};

export type CallLine = {
  number: number;
  node: string;
  step: string;
  visit: number;
  sample: number;
  model: string;
  began: number | null;
  ended: number | null;
  latency_s: number;
  first_text_s: number | null;
  cost_usd: number | null;
  prompt_tokens: number;
  completion_tokens: number;
  tries: number;
  is_cached: boolean;
  finish_reason: string;
};

export type CallTold = {
  number: number;
  row: string;
  label: string;
  messages: Array<MessageTold>;
  is_proven: boolean;
  prompt_is: string;
  answer: Text;
  request: Text | null;
  response: Text;
  curl: string | null;
  test: string | null;
};

export type CaseTold = {
  test: Text;
  input: Text;
  expected: Text;
  got: Text;
  traceback: Text;
};

export type CritiqueTold = {
  text: Text;
  sentinel: string;
  tokens: number;
  latency_s: number;
  call: number | null;
  is_ignored: boolean | null;
};

export type Facet = {
  facet: string;
  values: Array<FacetValue>;
};

export type FacetValue = {
  value: string;
  label: string;
  count: number;
};

export type FaultTold = {
  node: string;
  visit: number;
  sample: number;
  kind: string;
  message: string;
  raw: Text;
  is_final: boolean;
};

export type Group = {
  group: string;
  passed: number;
  total: number;
};

export type GuardTold = {
  name: string;
  status: string;
  reason: Text;
  at: string;
  node: string;
  visit: number;
  sample: number;
  is_blocking: boolean;
};

export type LoopTold = {
  node: string;
  stop_reason: string;
  rounds: number;
  samples: number;
  refused: number;
  kept_round: number;
  tokens: number;
};

export type MarkKind = "accept" | "reject" | "fix" | "label" | "note" | "undo";

export type MarkLine = {
  at: string;
  author: string;
  row: string;
  kind: MarkKind;
  text: string;
};

export type MessageTold = {
  role: string;
  content: Text;
};

export type NewMark = {
  row: string;
  kind: MarkKind;
  text?: string;
  author?: string;
};

export type Piece = {
  text: string;
  start: number;
  length: number;
};

export type RecordTold = {
  row: string;
  index: number | null;
  outcome: string;
  why: string;
  reason: Text;
  began: number | null;
  ended_s: number | null;
  input: Array<Variable>;
  rounds: Array<RoundTold>;
  loop: LoopTold | null;
  calls: Array<CallLine>;
  states: Array<StateStep>;
  answer: Text | null;
  code: Text | null;
  added: Array<Variable>;
  verdicts: Array<VerdictTold>;
  guards: Array<GuardTold>;
  faults: Array<FaultTold>;
  notes: Array<string>;
  way: Array<string>;
  weak_tests: string | null;
  damaged: number;
};

export type RoundTold = {
  node: string;
  number: number;
  kind: string;
  attempts: Array<AttemptTold>;
  shown: number;
  against: number | null;
  critique: CritiqueTold | null;
  checked_s: number | null;
  choice: string;
  unanswered: Array<string>;
};

export type RowLine = {
  row: string;
  index: number;
  outcome: string;
  group: string;
  reason: string;
  stop: string | null;
  rounds: number | null;
  kept_round: number | null;
  refused: number;
  guard: string | null;
  length: number;
  ended: number | null;
  mark: string | null;
  cost_usd: number | null;
  latency_s: number | null;
  tokens: number | null;
  calls: number | null;
  fails: Array<string>;
  errors: Array<string>;
  models: Array<string>;
  values: Record<string, string | null>;
  match: [string, string, string] | null;
};

export type RowMarks = {
  row: string;
  shown: string | null;
  lines: Array<MarkLine>;
};

export type RowsPage = {
  rows: Array<RowLine>;
  at: number;
  total: number;
  view: string;
  newer: number;
  read: number;
  ended: number;
  is_settled: boolean;
  damaged: number;
  is_running: boolean;
  columns: Array<string>;
};

export type StateStep = {
  node: string;
  set: Array<Variable>;
  models: Array<string>;
};

export type SuiteLine = {
  path: string;
  name: string;
};

export type Text = {
  text: string;
  length: number;
  of: string | null;
};

export type Variable = {
  name: string;
  value: Text;
  before?: Text | null;
};

export type VerdictTold = {
  validator: string;
  status: string;
  score: number | null;
  reason: Text;
  trust: string;
  is_required: boolean;
  command: Array<string>;
  exit_code: number | null;
  output: Text | null;
  isolation: string;
  limit_s: number | null;
  cases: Array<CaseTold>;
  tests: Array<Group>;
  measures: Record<string, number>;
};

export type Version = {
  version: string;
  workspace: string;
  is_read_only: boolean;
};
