"""Training, validation and export. Needs the `train` extra (torch); the robot never imports it."""

import os

# Threads that spin while they wait starve each other as soon as anything else wants the two cores: with one other busy
# process a step took three times as long. Read by OpenMP when torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("GOMP_SPINCOUNT", "0")
