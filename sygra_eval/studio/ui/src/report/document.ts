// The report as `sygra-eval report RUN --as json` prints it, as far as the page draws it. Nothing here is computed: every
// number of the page is a figure of this document.
export type Figure = { value: number | null; lower?: number; upper?: number; k?: number; n?: number; reason?: string };
type Spent = { calls: Figure; calls_from_cache: Figure; prompt_tokens: Figure; completion_tokens: Figure; cost_usd: Figure; latency_s: Figure };
export type Step = { step: string; rows: Figure };
export type Outcome = 'verified' | 'rejected' | 'failed' | 'unjudged';
export type Cause = { outcome: Outcome; reason: string; rows: Figure; examples: Array<{ row: string; reason: string }> };
export type Validator = {
  validator: string;
  use: string;
  required: boolean;
  pass: Figure;
  fail: Figure;
  error: Figure;
  skip: Figure;
  measured?: { false_accept_rate: Figure; false_reject_rate: Figure } | null;
};
export type Guardrail = { guardrail: string; at: string; node: string | null; pass: Figure; fail: Figure; error: Figure; skip: Figure; blocked: Figure };
type RoundLine = {
  round: number;
  ended: Figure;
  verified: Figure;
  verified_so_far: Figure;
  calls: Figure;
  tokens: Figure;
  cost_usd: Figure;
  usd_per_verified: Figure;
};
export type Gate = { name: string; state: string; reason: string; asks: string; is_warning: boolean; figure: Figure };
export type Agreement = { name: string; raters: string[]; statistic: string; beyond_chance: Figure; observed: Figure; rows: Figure; note: string | null };

export type ReportDocument = {
  suite: string;
  run: string;
  state: string;
  exit_reason: string;
  gates: Gate[];
  agreement: Agreement[];
  rows: Figure;
  not_reached: Figure;
  outcomes: Record<Outcome, Figure>;
  outcome_rates: Record<Outcome, Figure>;
  verified_rate: Figure;
  by_topic: Array<{ topic: string; rate: Figure }>;
  funnel: Step[];
  causes: Cause[];
  validators: Validator[];
  guardrails: Guardrail[];
  stop_reasons: Record<string, Record<string, Figure>>;
  rounds: RoundLine[];
  sentinels_refused: Figure;
  rows_with_refused_sentinel: Figure;
  critiques: { made: Figure; stops: Figure; ignored: Figure } | null;
  calls: Figure;
  spent: Spent;
  usd_per_verified_row: Figure;
  spent_by_model: Array<{ model: string } & Spent>;
  spent_by_step: Array<{ step: string } & Spent>;
  latency: Array<{ step: string; model: string; calls: Figure; p50_s: Figure; p90_s: Figure; p99_s: Figure; slowest_s: Figure }>;
  time: { wall_s: Figure };
  warnings: string[];
};
