"""The ROS 2 nodes: the only code that imports rclpy."""

import os

# Before numpy loads: for products as small as one mesh, waking OpenBLAS's threads on a busy robot costs up to 20 ms.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
