// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.
// Not to be edited.

export type AskedBudget = {
  cost_usd?: number | null;
  tokens?: number | null;
  calls?: number | null;
  time_s?: number | null;
};

export type Control = {
  can_pause: boolean;
  can_kill: boolean;
  can_resume: boolean;
  why_not: string;
  has_deltas: boolean;
};

export type ControlNow = {
  control: Control;
  endpoints: Array<EndpointNow>;
};

export type Delta = {
  row: string;
  node: string;
  call: string;
  text: string;
  is_cut: boolean;
};

export type Done = {
  told: string;
};

export type EdgeCount = {
  source: string;
  target: string;
  times: number;
};

export type EndedRow = {
  row: string;
  index: number;
  outcome: string;
  reason: string;
};

export type EndpointNow = {
  of: string;
  is_model: boolean;
  in_flight: number;
  waiting: number;
  max_concurrency: number;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  circuit: string | null;
};

export type Estimate = {
  basis: string;
  rows: number | null;
  calls: Figure | null;
  tokens: Figure | null;
  cost_usd: Figure | null;
  seconds: Figure | null;
  most_calls: number | null;
  most_tokens: number | null;
  most_usd: number | null;
  unpriced: Array<string>;
};

export type EventShapes = {
  card: RunCard;
  gone: RunName;
  counts: RunCounts;
  moved: Moved;
  control: ControlNow;
  deltas: Array<Delta>;
  ended: string;
};

export type Figure = {
  middle: number;
  low: number | null;
  high: number | null;
};

export type FinishedRound = {
  row: string;
  node: string;
  number: number;
  accepted: boolean;
  passed: number | null;
  tests: number | null;
  sentinel: string;
};

export type FinishedVisit = {
  row: string;
  node: string;
};

export type GraphEdge = {
  source: string;
  target: string;
  when: string | null;
  most: number | null;
  is_back: boolean;
};

export type GraphNode = {
  name: string;
  kind: string;
  models: Array<string>;
  outputs: Array<string>;
  loop: LoopRule | null;
  inner: SuiteGraph | null;
  line: number | null;
};

export type GraphValidator = {
  name: string;
  kind: string;
  is_required: boolean;
};

export type GuardCount = {
  name: string;
  actions: Record<string, number>;
};

export type LimitChange = {
  of: string;
  limit: "max_concurrency" | "rpm" | "tpm";
  to: number | null;
};

export type LimitChanges = {
  changes: Array<LimitChange>;
};

export type LoopCount = {
  node: string;
  ended: number;
  rounds_min: number | null;
  rounds_max: number | null;
  rounds_mean: number | null;
  stop_reasons: Record<string, number>;
  by_round: Record<string, number>;
  refused: number;
};

export type LoopRule = {
  steps: Array<string>;
  max_rounds: number;
  sentinel: string | null;
  accepted_by: Array<string>;
};

export type Moved = {
  rows: Array<EndedRow>;
  rounds: Array<FinishedRound>;
  visits: Array<FinishedVisit>;
  left_out: number;
};

export type NodeCount = {
  waiting: number;
  running: number;
  ok: number;
  failed: number;
  blocked: number;
  calls: number;
  tokens: number;
  cost_usd: number;
  latency_s: number | null;
};

export type Outcomes = {
  verified: number;
  rejected: number;
  failed: number;
  unjudged: number;
};

export type Pace = {
  rows_per_s: number | null;
  elapsed_s: number;
  left_s: number | null;
};

export type Problem = {
  code: string;
  severity: string;
  path: string;
  line: number;
  column: number;
  message: string;
  fix: string;
};

export type RunBudget = {
  cost_usd: number | null;
  tokens: number | null;
  calls: number | null;
  time_s: number | null;
};

export type RunCard = {
  suite: string;
  run: string;
  state: "starting" | "running" | "paused" | "draining" | "finished" | "interrupted" | "incomplete" | "killed" | "unreadable";
  last: string | null;
  outcomes: Outcomes;
  total: number | null;
  verified_rate: number | null;
  cost_usd: number | null;
  size: number;
  error: string;
};

export type RunCounts = {
  state: "starting" | "running" | "paused" | "draining" | "finished" | "interrupted" | "incomplete" | "killed" | "unreadable";
  rows: number;
  total: number | null;
  in_flight: number;
  outcomes: Outcomes;
  verified_low: number | null;
  verified_high: number | null;
  nodes: Record<string, NodeCount>;
  edges: Array<EdgeCount>;
  loops: Array<LoopCount>;
  validators: Record<string, ValidatorCount>;
  guardrails: Array<GuardCount>;
  spending: Spending;
  pace: Pace;
  is_whole: boolean;
  is_live: boolean;
  damaged: number;
};

export type RunName = {
  suite: string;
  run: string;
};

export type RunSnapshot = {
  suite: string;
  run: string;
  suite_path: string | null;
  variant: string;
  command: string;
  started: string | null;
  cause: string;
  gates: Array<string>;
  isolation: string;
  graph: SuiteGraph | null;
  validators: Array<GraphValidator>;
  counts: RunCounts;
  endpoints: Array<EndpointNow>;
  control: Control;
  error: string;
};

export type Spending = {
  cost_usd: number;
  tokens: number;
  calls: number;
  from_cache: number;
  unpriced: number;
  all_cost_usd: number | null;
  all_tokens: number | null;
  budget: RunBudget;
  left_usd: number | null;
  left_tokens: number | null;
};

export type StartRun = {
  suite: string;
  variant?: string | null;
  rows?: "all" | "limit" | "range" | "filter" | "failed_of";
  limit?: number | null;
  first?: number | null;
  last?: number | null;
  filter?: string;
  failed_of?: string;
  sample?: number | null;
  seed?: number;
  concurrency?: number | null;
  budget?: AskedBudget;
  cache?: "suite" | "off" | "on";
};

export type Started = {
  suite: string;
  run: string;
  command: string;
  keys: Array<string>;
};

export type SuiteDocument = {
  path: string;
  name: string;
  description: string;
  sha256: string;
  text: string;
  problems: Array<Problem>;
  graph: SuiteGraph | null;
  validators: Array<GraphValidator>;
  variants: Array<string>;
  models: Array<SuiteModel>;
  needs_trust: boolean;
};

export type SuiteGraph = {
  nodes: Array<GraphNode>;
  edges: Array<GraphEdge>;
  loops: Array<Array<string>>;
  max_visits: number;
};

export type SuiteLine = {
  path: string;
  name: string;
};

export type SuiteModel = {
  name: string;
  kind: string;
  model: string;
  address: string;
  key_name: string;
  is_shared: boolean;
};

export type ValidatorCount = {
  passed: number;
  failed: number;
  error: number;
  skipped: number;
};

export type Version = {
  version: string;
  workspace: string;
  is_read_only: boolean;
};
