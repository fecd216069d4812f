"""Meshes as Wavefront .obj with a .mtl, which every 3D program opens."""

from __future__ import annotations

import numpy as np

from facegpt_ros.errors import ModelError

MODEL_FRAME = "metres, y up, z out of the face, x to the subject's left"


def obj_text(
    vertices: np.ndarray,
    triangles: np.ndarray,
    uv_corners: np.ndarray,
    material_file: str | None,
    name: str = "face",
    *,
    frame: str = MODEL_FRAME,
) -> str:
    """A textured mesh, its units and frame left as they are.

    Args:
        vertices: (V, 3); written to 8 digits, in metres to the micrometre.
        triangles: (F, 3), counter-clockwise seen from outside.
        uv_corners: (F, 3, 2), (0, 0) bottom left.
        material_file: the .mtl's name, as seen from the .obj's folder, or None; see material_text.
        name: of the object.
        frame: what the numbers are, for the first line.

    Raises:
        ModelError: arrays of the wrong shape, or a vertex that is not finite.
    """
    vertices, triangles, uv_corners = (np.asarray(x) for x in (vertices, triangles, uv_corners))
    if vertices.ndim != 2 or vertices.shape[1] != 3 or uv_corners.shape != (*triangles.shape, 2):
        shapes = f"{vertices.shape}, {triangles.shape} and {uv_corners.shape}"
        raise ModelError(f"mesh arrays have the shapes {shapes}; give (V, 3), (F, 3) and (F, 3, 2)")
    if not np.isfinite(vertices).all():
        raise ModelError("the mesh has a vertex that is not finite; its coefficients are broken")
    uv, used = np.unique(np.round(uv_corners.reshape(-1, 2).astype(np.float64), 6), axis=0, return_inverse=True)
    corners = np.stack([triangles.ravel(), used.ravel()], 1).reshape(-1, 6) + 1
    # Metres need six digits behind the point, a scan's millimetres four.
    digits = int(np.clip(7 - np.ceil(np.log10(max(float(np.ptp(vertices)), 1e-6))), 0, 6)) if len(vertices) else 6
    return "".join(
        [
            f"# {frame}\n{f'mtllib {material_file}' if material_file else ''}\no {name}\n",
            *(f"v {x:.{digits}f} {y:.{digits}f} {z:.{digits}f}\n" for x, y, z in vertices.tolist()),
            *(f"vt {u:.6f} {v:.6f}\n" for u, v in uv.tolist()),
            "usemtl face\ns 1\n" if material_file else "s 1\n",
            *(f"f {a}/{p} {b}/{q} {c}/{r}\n" for a, p, b, q, c, r in corners.tolist()),
        ]
    )


def material_text(texture_file: str) -> str:
    """The .mtl of obj_text: one matt material "face" that shows a texture, lit or not."""
    return f"newmtl face\nKa 1 1 1\nKd 1 1 1\nKs 0 0 0\nd 1\nillum 1\nmap_Kd {texture_file}\n"
