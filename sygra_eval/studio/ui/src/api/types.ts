// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.
// Not to be edited.

export type Isolation = {
  kind: string | null;
  said: string;
  missing: Array<Missing>;
};

export type LastRun = {
  suite: string;
  run: string;
  state: string;
  last: string | null;
  rows: number;
  verified: number;
  verified_rate: Rate | null;
  cost_usd: number | null;
};

export type Light = {
  name: string;
  title: string;
  state: "waiting" | "running" | "ok" | "warning" | "failed" | "left out";
  told: string;
};

export type MadeSuite = {
  path: string;
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

export type NewSecret = {
  value: string;
  keep?: boolean;
};

export type NewSuite = {
  template: string;
  name: string;
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

export type Rate = {
  value: number;
  low: number;
  high: number;
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
  last_run: LastRun | null;
};

export type Template = {
  name: string;
  title: string;
  description: string;
  rows: number;
};

export type Trust = {
  path: string;
  content: string;
};

export type Version = {
  version: string;
  build: string;
  workspace: string;
  is_read_only: boolean;
};
