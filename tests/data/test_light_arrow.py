import subprocess
import sys

import pytest

PROGRAM = """
import sys
from sygra_eval.data import leave_pandas_out, write_parquet
leave_pandas_out()
from pathlib import Path
write_parquet(Path(sys.argv[1]), lambda: [{"a": 1, "b": ["x"]}])
print("pandas" in sys.modules)
import pandas, pyarrow
frame = pandas.DataFrame({"a": [1, 2]})
print(len(pyarrow.table(frame)), len(pyarrow.Table.from_pandas(frame).to_pandas()))
"""


def test_files_are_written_without_pandas_which_can_be_used_afterwards(tmp_path):
    pytest.importorskip("pandas")

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path / "rows.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split() == ["False", "2", "2"]


def test_a_file_without_rows_needs_no_arrow(tmp_path):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from sygra_eval.data import write_parquet\n"
        "print(write_parquet(Path(sys.argv[1]), list).rows, 'pyarrow' in sys.modules)"
    )

    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", program, str(tmp_path / "rows.parquet")],
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout.split() == ["0", "False"]
