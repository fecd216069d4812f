"""FaceGPT for ROS 2: 3D morphable face model parameters for every camera frame."""

from pkgutil import extend_path

# The interfaces (facegpt_ros.msg, .srv, .action) are generated elsewhere than a source checkout.
__path__ = extend_path(__path__, __name__)
__version__ = "0.1.0"
