// Made by `python -m sygra_eval.studio.browser_types` from the server's shapes.
// Not to be edited.

export type SuiteLine = {
  path: string;
  name: string;
};

export type Version = {
  version: string;
  workspace: string;
  is_read_only: boolean;
};
