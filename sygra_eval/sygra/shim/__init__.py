"""The names of `sygra` that task folders and programs import, while they are run here.

Nothing of it is found as `sygra` otherwise: `importing` puts it in place and takes it away. It is
written from the behaviour that tasks rely on (`docs/sygra.md`), and holds no code of theirs. The
names of the library are taken from its modules when somebody first asks for one: a task needs none.
"""

import importlib
from typing import Any

__version__ = "1.0.0"

_MODULES = {
    "workflow": ("Workflow", "create_graph"),
    "quickly": (
        *("quick_llm", "quick_agent", "quick_multi_llm", "execute_task"),
        *("create_multimodal_workflow", "create_resumable_workflow", "create_quality_workflow"),
        *("create_chat_workflow", "create_structured_schema", "pydantic_schema"),
        *("create_processor_config", "create_transformation_config", "list_available_models"),
        *("get_model_info", "get_info", "validate_environment", "setup_logging", "get_version"),
    ),
    "configuration": ("ConfigLoader", "load_config"),
    "models": ("ModelConfigBuilder",),
    "data": (
        *("DataSource", "DataSink", "DataSourceFactory", "DataSinkFactory", "from_file"),
        *("from_huggingface", "from_list", "from_servicenow", "to_file", "to_huggingface"),
        "to_servicenow",
    ),
    "nodes": (
        *("LLMNodeBuilder", "AgentNodeBuilder", "MultiLLMNodeBuilder", "LambdaNodeBuilder"),
        *("WeightedSamplerNodeBuilder", "SubgraphNodeBuilder"),
    ),
    "exceptions": (
        *("GraSPError", "ValidationError", "ExecutionError", "ConfigurationError", "NodeError"),
        *("DataError", "ModelError", "TimeoutError"),
    ),
    "core.base_task_executor": ("BaseTaskExecutor", "DefaultTaskExecutor"),
    "core.judge_task_executor": ("JudgeQualityTaskExecutor",),
    "core.graph.sygra_message": ("SygraMessage",),
    "core.graph.sygra_state": ("SygraState",),
    "core.graph.functions.edge_condition": ("EdgeCondition",),
    "core.graph.functions.lambda_function": ("LambdaFunction", "AsyncLambdaFunction"),
    "core.graph.functions.node_processor": (
        *("NodePreProcessor", "NodePostProcessor", "NodePostProcessorWithState"),
    ),
    "core.graph.graph_postprocessor": ("GraphPostProcessor", "SemanticDedupPostProcessor"),
    "processors.output_record_generator": ("BaseOutputGenerator",),
    "processors.data_transform": ("DataTransform",),
}
LIBRARY = {name: module for module, names in _MODULES.items() for name in names}
"""What a program imports from `sygra` itself, and the module that has it."""


def __getattr__(name: str) -> Any:
    """Return a name of the library."""
    if name not in LIBRARY:
        raise AttributeError(f"module 'sygra' has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{LIBRARY[name]}"), name)
