"""What fails is counted, and nothing about it is printed."""

import subprocess
import sys


def test_errors_that_python_would_print_are_counted() -> None:
    """Of a library's thread, of what nobody can be told of, and of a library's log."""
    code = """
import logging, threading
from intake.drop.tally import silence
tally = silence()
def fail():
    raise KeyError("who came")
thread = threading.Thread(target=fail); thread.start(); thread.join()
class Last:
    def __del__(self):
        fail()
Last()
logging.getLogger("some.library").error("who came")
print(sorted(tally.counts.items()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == "[('KeyError at __main__:6', 2), ('some.library error', 1)]\n"
