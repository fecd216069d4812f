"""FaceGPT for ROS 2: 3D morphable face model parameters for every camera frame."""

import os
from pkgutil import extend_path

# Before numpy is imported: after every small product the other threads of its BLAS look for work for so long that the
# language model, which comes next, has one core less (docs/engines.md). Whoever sets it means it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

# The interfaces (facegpt_ros.msg, .srv, .action) are generated elsewhere than a source checkout.
__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"
