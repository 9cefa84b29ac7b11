"""The OpenTelemetry names that we write, all of them, and the conventions that they are from.

The conventions for generative AI are still in development, and names of theirs have changed before:
so they stand here once, and a test compares them with the package `opentelemetry-semconv`.
"""

SCHEMA_URL = "https://opentelemetry.io/schemas/1.44.0"

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
WORKFLOW = "gen_ai.workflow.name"
CONVERSATION = "gen_ai.conversation.id"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_PARAMETERS = {
    "temperature": "gen_ai.request.temperature",
    "top_p": "gen_ai.request.top_p",
    "max_tokens": "gen_ai.request.max_tokens",
    "seed": "gen_ai.request.seed",
    "n": "gen_ai.request.choice.count",
    "frequency_penalty": "gen_ai.request.frequency_penalty",
    "presence_penalty": "gen_ai.request.presence_penalty",
}
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
REASONING_TOKENS = "gen_ai.usage.reasoning.output_tokens"
OUTPUT_MESSAGES = "gen_ai.output.messages"
TOOL_NAME = "gen_ai.tool.name"
TOOL_TYPE = "gen_ai.tool.type"
EVALUATION_NAME = "gen_ai.evaluation.name"
EVALUATION_SCORE = "gen_ai.evaluation.score.value"
EVALUATION_LABEL = "gen_ai.evaluation.score.label"
EVALUATION_WHY = "gen_ai.evaluation.explanation"
TOKEN_TYPE = "gen_ai.token.type"
ERROR_TYPE = "error.type"
SERVICE_NAME = "service.name"
SERVICE_VERSION = "service.version"

EVALUATION_EVENT = "gen_ai.evaluation.result"
TOKEN_USAGE = "gen_ai.client.token.usage"
OPERATION_DURATION = "gen_ai.client.operation.duration"

CHAT, WORKFLOW_RUN, TOOL_RUN = "chat", "invoke_workflow", "execute_tool"
"""Values of `OPERATION`."""

PROVIDERS = {"azure": "azure.ai.openai", "openai": "openai"}
"""By the type of a model in the suite; another type is a value of its own, which is allowed."""

CONTENT_SWITCH = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

# Ours: what the conventions have no name for.
COST = "sygra.cost.usd"
SUITE = "sygra.suite.name"
SUITE_SHA256 = "sygra.suite.sha256"
RUN = "sygra.run.name"
RUN_STATE = "sygra.run.state"
EXIT = "sygra.run.exit_code"
ROWS = "sygra.run.rows"
ROW = "sygra.row.id"
OUTCOME = "sygra.row.outcome"
ROUNDS = "sygra.row.rounds"
STOP_REASON = "sygra.row.stop_reason"
TIMES = "sygra.times"
NODE = "sygra.node"
ROUND = "sygra.round"
SENTINEL = "sygra.round.sentinel"
SAMPLE = "sygra.call.sample"
TRIES = "sygra.call.tries"
FROM_CACHE = "sygra.call.from_cache"
IS_ESTIMATED = "sygra.call.tokens_are_estimated"
REQUIRED = "sygra.validator.required"
ISOLATION = "sygra.validator.isolation"
TRUST = "sygra.validator.trust"
FAULT_EVENT = "sygra.call.fault"
