"""Run the notebook in a fresh kernel and store what its cells show: ``python docs/run_notebook.py``.

Needs the extra ``test``. With a file's name behind it, the result is written there instead.
"""

import os
import sys
import tempfile
from pathlib import Path

NOTEBOOK = Path(__file__).with_name("notebook.ipynb")
_PATIENCE = 120


def run(target: Path) -> None:
    """Run every cell in an empty folder and write the notebook with its outputs.

    Raises ``CellExecutionError`` with the traceback where a cell raises.
    """
    with tempfile.TemporaryDirectory(prefix="nb-") as folder:
        # Neither the user's settings nor what was run before.
        for variable in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            os.environ[variable] = str(Path(folder, variable[:9].lower()))
        os.environ["JUPYTER_PLATFORM_DIRS"] = "1"
        work = Path(folder, "work")
        work.mkdir()
        _execute(target, work)


def _execute(target: Path, work: Path) -> None:
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    place = {"metadata": {"path": str(work)}}
    client = NotebookClient(
        notebook, kernel_name="python3", timeout=_PATIENCE, record_timing=False, coalesce_streams=True, resources=place
    )
    client.execute()
    nbformat.write(notebook, target)


if __name__ == "__main__":
    run(Path(sys.argv[1]) if len(sys.argv) > 1 else NOTEBOOK)
