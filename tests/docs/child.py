"""What a process of a page does: one command of erc-bench, or the Python blocks of the page as they come.

It is forked from a server that has imported the libraries, so that a page does not wait for them at
every command. ``job`` is put into this module by whoever starts it.
"""

import contextlib
import io
import os
import site
import sys
import traceback


def enter(job):
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    for folder in job["sites"]:
        site.addsitedir(folder)


def command(job):
    nothing, out = os.open(os.devnull, os.O_RDONLY), os.open(job["out"], os.O_WRONLY | os.O_APPEND)
    for opened, descriptor in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(opened, descriptor)
    sys.stdin = os.fdopen(0)
    sys.argv = ["erc-bench", *job["arguments"]]
    from erc_bench.cli import main

    main(job["arguments"])


def python(job):
    sys.path.insert(0, job["folder"])
    namespace, pipe = {"__name__": "__main__"}, job["pipe"]
    while (block := pipe.recv()) is not None:
        source, name, line = block
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                # Errors name the page's own line.
                exec(compile("\n" * line + source, name, "exec"), namespace)
                failed = ""
            except Exception:
                failed = traceback.format_exc()
        pipe.send((printed.getvalue(), failed))


job = globals()["job"]
enter(job)
{"command": command, "python": python}[job["kind"]](job)
sys.stdout.flush()
