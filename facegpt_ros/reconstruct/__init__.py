"""`facegpt reconstruct`: photos, folders and bags to overlays, textured meshes and coefficients."""
