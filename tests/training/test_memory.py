import subprocess
import sys

import pytest

# A process of its own: what malloc is told holds for all that comes after.
_SCRIPT = """
import resource, sys
import numpy as np
from facegpt_ros.training.memory import keep_memory
if sys.argv[1] == "keep" and not keep_memory():
    sys.exit("not glibc")
for _ in range(2):
    np.ones(2**22)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    np.ones(2**22)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _SCRIPT, how], capture_output=True, text=True)
    if "not glibc" in done.stderr:
        pytest.skip("the C library is not glibc")
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_memory_that_is_kept_is_not_asked_for_again():
    assert faults("keep") < 100 < faults("leave")
