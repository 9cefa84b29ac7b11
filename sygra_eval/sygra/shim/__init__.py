"""The names of `sygra` that task folders import, while one of them is read or runs here.

Nothing of it is found as `sygra` otherwise: `importing` puts it in place and takes it away. It is
written from the behaviour that tasks rely on (`docs/sygra.md`), and holds no code of theirs.
"""

__version__ = "1.0.0"


def __getattr__(name: str) -> object:
    """Give the library's names, which are loaded by who asks for them alone."""
    if name in ("Workflow", "create_graph"):
        from sygra_eval.sygra import library

        return getattr(library, name)
    raise AttributeError(f"module `sygra` has no `{name}` here")
