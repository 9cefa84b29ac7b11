// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.
// Not to be edited.

export type Light = {
  name: string;
  title: string;
  state: "waiting" | "running" | "ok" | "warning" | "failed" | "left out";
  told: string;
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

export type SuiteLine = {
  path: string;
  name: string;
};

export type Typed = {
  value: string;
};

export type Version = {
  version: string;
  workspace: string;
  is_read_only: boolean;
};
