"""Face models that users own: BFM, FLAME, ICT-FaceKit, Surrey, all behind load_model."""

from facegpt_ros.morphable.loaders.load import load_model

__all__ = ["load_model"]
