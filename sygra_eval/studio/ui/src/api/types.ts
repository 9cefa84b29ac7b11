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

export type MadeSuite = {
  path: string;
};

export type Missing = {
  layer: string;
  found: string;
  fix: string;
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
