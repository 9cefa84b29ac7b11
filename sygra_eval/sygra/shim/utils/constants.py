"""Words that tasks and graphs share."""

from pathlib import Path

SYGRA_START = "__start__"
SYGRA_END = "__end__"
START = "START"
END = "END"
ERROR_PREFIX = "###SERVER_ERROR###"
VAR_CHAT_HISTORY = "__chat_history__"
KEY_NAME = "name"
KEY_REQUEST = "request"
KEY_RESPONSE = "response"
GRAPH_OUTPUT_KEY = "output_keys"
ALIAS_JOINER = "->"
CHAT_CONVERSATION_SINGLETURN = "singleturn"
CHAT_CONVERSATION_MULTITURN = "multiturn"
BACKEND = "langgraph"
ROOT_DIR = str(Path(__file__).resolve().parent.parent)
