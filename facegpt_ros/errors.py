"""The errors of the package: each message names the thing, its value and the cure."""


class FaceGPTError(Exception):
    """Base of every error that facegpt_ros raises on purpose."""


class ConfigError(FaceGPTError, ValueError):
    """A parameter is unknown, of the wrong type or outside its range."""


class ImageError(FaceGPTError, ValueError):
    """An image cannot be used: size, step, encoding or content."""


class BagError(FaceGPTError, ValueError):
    """A bag cannot be read, or holds no such topic of images."""


class CameraError(FaceGPTError, ValueError):
    """Camera intrinsics or distortion cannot be used."""


class WeightsError(FaceGPTError, RuntimeError):
    """A weight file is missing, altered or not what it says it is."""


class CacheError(WeightsError):
    """The cache cannot be written, or has too little room."""


class ModelError(FaceGPTError, ValueError):
    """A morphable model file or its coefficients cannot be used."""


class ServerError(FaceGPTError, RuntimeError):
    """An inference server cannot be reached, is too slow, or gives what cannot be used."""


class ScanError(FaceGPTError, ValueError):
    """A 3D scan or its landmarks cannot be used."""


class RosMissingError(FaceGPTError, ImportError):
    """rclpy or the generated interfaces cannot be imported."""
