import pytest

from sygra_eval.models.other_model import is_another


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("gpt-x", "gpt-x"),
        ("gpt-x", "gpt-x-2026-01-01"),
        ("gpt-x", "GPT-X-0613"),
        ("org/llama", "llama"),
        ("llama", "/srv/models/llama.gguf"),
        ("claude-x", "claude-x-20260101"),
        ("claude-x-latest", "claude-x-20260101"),
        ("anthropic.claude-x", "anthropic.claude-x-v1:0"),
        ("qwen", "qwen:latest"),
        ("qwen:latest", "qwen"),
        ("gemini-x", "gemini-x-001"),
        ("gpt-x", ""),
    ],
)
def test_a_version_a_tag_and_a_path_are_the_same_model(asked, seen):
    assert not is_another(asked, seen)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4", "gpt-4o"),
        ("gpt-4", "gpt-4.1"),
        ("gpt-4", "gpt-4-32k"),
        ("gpt-4o", "gpt-4"),
        ("llama-8b", "llama-70b"),
        ("llama", "llama-lite"),
        ("gpt-x-2026-01-01", "gpt-x-2025-01-01"),
        ("scripted", "other"),
    ],
)
def test_another_size_kind_or_version_is_another_model(asked, seen):
    assert is_another(asked, seen)
