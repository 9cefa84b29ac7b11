// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.
// Not to be edited.

export type AskedBudget = {
  cost_usd?: number | null;
  tokens?: number | null;
  calls?: number | null;
  time_s?: number | null;
};

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

export type CritiqueTold = {
  text: Text;
  sentinel: string;
  tokens: number;
  latency_s: number;
  call: number | null;
  is_ignored: boolean | null;
};

export type Delta = {
  row: string;
  node: string;
  step: "draft" | "verify" | "critique" | "revise" | null;
  validator: string | null;
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

export type ExportFormat = "jsonl" | "parquet" | "csv";

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

export type Folder = {
  left_out: string;
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

export type Group = {
  group: string;
  passed: number;
  total: number;
};

export type GuardCount = {
  name: string;
  actions: Record<string, number>;
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

export type Isolation = {
  kind: string | null;
  said: string;
  missing: Array<Missing>;
};

export type JudgeAgain = {
  row: string;
  validator?: string | null;
  round?: number | null;
  attempt?: number | null;
  times?: number;
};

export type JudgedAgain = {
  row: string;
  told: string;
  validators: Array<ValidatorAgain>;
};

export type Light = {
  name: string;
  title: string;
  state: "waiting" | "running" | "ok" | "warning" | "failed" | "left out";
  told: string;
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
  steps: LoopSteps;
  refused: number;
};

export type LoopRule = {
  steps: Array<string>;
  max_rounds: number;
  sentinel: string | null;
  accepted_by: Array<string>;
};

export type LoopSteps = {
  draft: number;
  verify: number;
  critique: number;
  revise: number;
  back: number;
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

export type MadeSuite = {
  path: string;
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

export type Missing = {
  layer: string;
  found: string;
  fix: string;
};

export type ModelAsked = {
  name: string;
  entry?: Record<string, unknown> | null;
  file?: string;
};

export type ModelCard = {
  name: string;
  file: string;
  line: number;
  is_editable: boolean;
  provider: string;
  use: string;
  model: string;
  endpoint: string;
  entry: Record<string, unknown>;
  key: ModelKey;
  price: ModelPrice;
  used_by: Array<ModelUser>;
  problems: Array<ModelProblem>;
  last_test: ModelTestTold | null;
};

export type ModelDraft = {
  sha256: string;
  key: ModelKey;
  diff: Array<string>;
  problems: Array<ModelProblem>;
};

export type ModelKey = {
  field: string;
  name: string;
  is_set: boolean | null;
};

export type ModelPrice = {
  input: number | null;
  output: number | null;
  source: string;
  why: string;
};

export type ModelProblem = {
  field: string;
  code: string;
  severity: "error" | "warning";
  message: string;
  fix: string;
};

export type ModelTestTold = {
  id: string;
  name: string;
  state: "running" | "done" | "failed";
  headline: string;
  lights: Array<Light>;
  facts: Array<Light>;
  first_text_s: number | null;
};

export type ModelType = {
  id: string;
  use: string;
  title: string;
  about: string;
  plugin: string;
  begins_with: Record<string, unknown>;
  key: string;
  lists: boolean;
  form: Record<string, unknown>;
};

export type ModelUser = {
  suite: string;
  where: string;
};

export type ModelWanted = {
  entry: Record<string, unknown>;
  renamed_from?: string | null;
};

export type ModelsTold = {
  file: string;
  exists: boolean;
  sha256: string;
  locked: string;
  models: Array<ModelCard>;
  problems: Array<ModelProblem>;
};

export type Moved = {
  rows: Array<EndedRow>;
  rounds: Array<FinishedRound>;
  visits: Array<FinishedVisit>;
  left_out: number;
};

export type NewMark = {
  row: string;
  kind: MarkKind;
  text?: string;
  author?: string;
};

export type NewSecret = {
  value: string;
  keep?: boolean;
};

export type NewSuite = {
  template: string;
  name: string;
};

export type NodeCount = {
  waiting: number;
  running: number;
  ok: number;
  failed: number;
  blocked: number;
  guards: Record<string, number>;
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

export type Piece = {
  text: string;
  start: number;
  length: number;
};

export type PluginFile = {
  name: string;
  size: number;
  sha256: string;
};

export type PluginRoot = {
  path: string;
  content: string;
  is_trusted: boolean;
  files: Array<PluginFile>;
  left_out: number;
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

export type Rate = {
  value: number;
  low: number;
  high: number;
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

export type ReportFile = "html" | "markdown" | "json" | "csv";

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
  verified_rate: Rate | null;
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
  exit_code: number | null;
  exit_reason: string;
  gates: Array<string>;
  warnings: Array<string>;
  isolation: string;
  graph: SuiteGraph | null;
  validators: Array<GraphValidator>;
  counts: RunCounts;
  endpoints: Array<EndpointNow>;
  control: Control;
  error: string;
};

export type Secret = {
  name: string;
  is_set: boolean;
  is_named: boolean;
  source: "session" | "keyring" | "env" | null;
  fingerprint: string | null;
};

export type Secrets = {
  secrets: Array<Secret>;
  has_keyring: boolean;
};

export type Settings = {
  workspace: string;
  reports: string;
  is_read_only: boolean;
  plugins: Array<PluginRoot>;
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
  rows?: "all" | "limit" | "range" | "filter" | "failed_of" | "ids";
  limit?: number | null;
  first?: number | null;
  last?: number | null;
  filter?: string;
  failed_of?: string;
  ids?: Array<string>;
  of_run?: string;
  view?: string;
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

export type StateStep = {
  node: string;
  set: Array<Variable>;
  models: Array<string>;
};

export type SuiteCard = {
  path: string;
  name: string;
  description: string;
  nodes: Array<string>;
  models: Array<string>;
  errors: number | null;
  warnings: number | null;
  is_checked: boolean;
  is_local: boolean;
  last_run: RunCard | null;
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

export type SuiteModel = {
  name: string;
  kind: string;
  model: string;
  address: string;
  key_name: string;
  is_shared: boolean;
};

export type Template = {
  name: string;
  title: string;
  description: string;
  rows: number;
};

export type Text = {
  text: string;
  length: number;
  of: string | null;
};

export type Trust = {
  path: string;
  content: string;
};

export type ValidatorAgain = {
  validator: string;
  journalled: string;
  agreed: number;
  times: number;
  statuses: Record<string, number>;
  is_stable: boolean;
  now: VerdictTold;
};

export type ValidatorCount = {
  passed: number;
  failed: number;
  error: number;
  skipped: number;
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
  build: string;
  workspace: string;
  is_read_only: boolean;
};
