"""How vertex normals turn when coefficients change; one file for the reason that render/kernels.py gives."""

from __future__ import annotations

from facegpt_ros.render.jit import jit


@jit
def normals_by_coefficient(vertices, triangles, basis, normals, slopes):
    """Area-weighted normals (V, 3), not of unit length, and their derivatives (V, 3, K), all float32.

    vertices (V, 3), triangles (F, 3), basis (V, 3, K): of n = Σ (b - a) × (c - a) over a vertex's triangles.
    """
    normals[:] = 0
    slopes[:] = 0
    shapes = basis.shape[2]
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = vertices[b, 0] - vertices[a, 0], vertices[b, 1] - vertices[a, 1], vertices[b, 2] - vertices[a, 2]
        vx, vy, vz = vertices[c, 0] - vertices[a, 0], vertices[c, 1] - vertices[a, 1], vertices[c, 2] - vertices[a, 2]
        for corner in range(3):
            i = triangles[t, corner]
            normals[i, 0] += uy * vz - uz * vy
            normals[i, 1] += uz * vx - ux * vz
            normals[i, 2] += ux * vy - uy * vx
        for k in range(shapes):
            dux, duy, duz = (
                basis[b, 0, k] - basis[a, 0, k],
                basis[b, 1, k] - basis[a, 1, k],
                basis[b, 2, k] - basis[a, 2, k],
            )
            dvx, dvy, dvz = (
                basis[c, 0, k] - basis[a, 0, k],
                basis[c, 1, k] - basis[a, 1, k],
                basis[c, 2, k] - basis[a, 2, k],
            )
            nx = duy * vz - duz * vy + uy * dvz - uz * dvy
            ny = duz * vx - dux * vz + uz * dvx - ux * dvz
            nz = dux * vy - duy * vx + ux * dvy - uy * dvx
            for corner in range(3):
                i = triangles[t, corner]
                slopes[i, 0, k] += nx
                slopes[i, 1, k] += ny
                slopes[i, 2, k] += nz
