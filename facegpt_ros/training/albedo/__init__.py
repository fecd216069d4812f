"""Skin learnt from photographs: `facegpt morphable albedo`. Needs scipy (the `train` extra), no torch."""
