"""The compiled loops of photometric.py; one file for the reason that render/kernels.py gives."""

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


@jit
def pixel_rows(corners, barycentric, by_light, basis, albedo_basis, albedo, light, moved, weight, out):
    """The part of the Jacobian that needs the bases, weighted: out (N, 3, K + 6 + A + 27); K and A of it are written.

    corners (N, 3), barycentric (N, 3), by_light (U, 3, K) how the light of vertices changes, basis (U, 3, K) how they
    move, albedo_basis (U, 3, A), albedo (N, 3), light (N, 3), moved (N, 3, 3) how the photo's colour changes with them,
    weight (N,).
    """
    shapes, colours = basis.shape[2], albedo_basis.shape[2]
    for n in range(corners.shape[0]):
        for channel in range(3):
            row = out[n, channel]
            for k in range(shapes):
                row[k] = 0
            for a in range(colours):
                row[shapes + 6 + a] = 0
            for corner in range(3):
                v, share = corners[n, corner], barycentric[n, corner] * weight[n]
                lit = by_light[v, channel]
                bx, by, bz = basis[v, 0], basis[v, 1], basis[v, 2]
                tint = share * albedo[n, channel]
                x, y, z = share * moved[n, channel, 0], share * moved[n, channel, 1], share * moved[n, channel, 2]
                for k in range(shapes):
                    row[k] += tint * lit[k] - x * bx[k] - y * by[k] - z * bz[k]
                colour, bright = albedo_basis[v, channel], share * light[n, channel]
                for a in range(colours):
                    row[shapes + 6 + a] += bright * colour[a]
