import subprocess
import sys


def test_registering_the_types_loads_neither_aiohttp_nor_the_engine():
    program = """if True:
        import sys
        import sygra_eval.models.builtin
        import sygra_eval.testing
        heavy = {"aiohttp", "xllamacpp", "litellm", "datasets", "numpy"}
        print(sorted(heavy & sys.modules.keys()))
    """

    ran = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "[]\n"
