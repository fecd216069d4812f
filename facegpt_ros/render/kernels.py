"""The compiled loops of the renderer.

One file, because numba's cache on disk is renewed by the age of the caller's file only: a loop that calls another must
not live elsewhere. Import it where it is used, not at the top of a module: numba costs 0.4 s and 60 MB.

Arrays come from rasterize.packed: C-contiguous, writable, float32 and int32. Points are (V, 3): x px, y px, z m. A front face is
counter-clockwise seen from outside in the model frame (y up); pixels have y down, so its area in pixels is NEGATIVE.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.jit import jit

# Neighbouring triangles round their shared edge differently: without this tolerance single pixels fall through.
_EDGE_TOLERANCE = np.float32(-1e-5)


@jit
def fill(points, triangles, near, cull, triangle_id, inverse_depth):
    """z-buffer. Writes triangle_id (H, W), -1 where nothing is, and inverse_depth (H, W), 1/m, 0 where nothing is."""
    height, width = triangle_id.shape
    triangle_id[:, :] = -1
    inverse_depth[:, :] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        z0, z1, z2 = points[a, 2], points[b, 2], points[c, 2]
        if not (z0 > near and z1 > near and z2 > near):
            continue
        x0, y0 = points[a, 0], points[a, 1]
        x1, y1 = points[b, 0] - x0, points[b, 1] - y0
        x2, y2 = points[c, 0] - x0, points[c, 1] - y0
        area = x1 * y2 - x2 * y1
        if cull and not area < 0:
            continue
        if not 1e-12 < abs(area) < 1e12:
            continue
        left = max(np.ceil(x0 + min(x1, x2, np.float32(0))), np.float32(0))
        right = min(np.floor(x0 + max(x1, x2, np.float32(0))), np.float32(width - 1))
        top = max(np.ceil(y0 + min(y1, y2, np.float32(0))), np.float32(0))
        bottom = min(np.floor(y0 + max(y1, y2, np.float32(0))), np.float32(height - 1))
        if not (left <= right and top <= bottom):
            continue
        scale = np.float32(1) / area
        b1_dx, b1_dy = y2 * scale, -x2 * scale
        b2_dx, b2_dy = -y1 * scale, x1 * scale
        w0 = np.float32(1) / z0
        w1 = np.float32(1) / z1 - w0
        w2 = np.float32(1) / z2 - w0
        for row in range(int(top), int(bottom) + 1):
            dy = np.float32(row) - y0
            for column in range(int(left), int(right) + 1):
                dx = np.float32(column) - x0
                b1 = dx * b1_dx + dy * b1_dy
                b2 = dx * b2_dx + dy * b2_dy
                if b1 >= _EDGE_TOLERANCE and b2 >= _EDGE_TOLERANCE and np.float32(1) - b1 - b2 >= _EDGE_TOLERANCE:
                    w = w0 + b1 * w1 + b2 * w2
                    if w > inverse_depth[row, column]:
                        inverse_depth[row, column] = w
                        triangle_id[row, column] = t


@jit
def pixel_barycentrics(points, a, b, c, x, y):
    """Perspective-correct barycentrics of pixel (x, y) in triangle (a, b, c)."""
    x0, y0 = points[a, 0] - x, points[a, 1] - y
    x1, y1 = points[b, 0] - x, points[b, 1] - y
    x2, y2 = points[c, 0] - x, points[c, 1] - y
    u0 = (x1 * y2 - x2 * y1) * points[b, 2] * points[c, 2]
    u1 = (x2 * y0 - x0 * y2) * points[c, 2] * points[a, 2]
    u2 = (x0 * y1 - x1 * y0) * points[a, 2] * points[b, 2]
    scale = np.float32(1) / (u0 + u1 + u2)
    return u0 * scale, u1 * scale, u2 * scale


@jit
def barycentrics(points, triangles, triangle_id, out):
    """Writes out (H, W, 3), zero where triangle_id is -1."""
    height, width = triangle_id.shape
    for row in range(height):
        for column in range(width):
            t = triangle_id[row, column]
            if t < 0:
                out[row, column, 0] = 0
                out[row, column, 1] = 0
                out[row, column, 2] = 0
            else:
                p0, p1, p2 = pixel_barycentrics(
                    points, triangles[t, 0], triangles[t, 1], triangles[t, 2], np.float32(column), np.float32(row)
                )
                out[row, column, 0] = p0
                out[row, column, 1] = p1
                out[row, column, 2] = p2


@jit
def accumulate_normals(points, triangles, out):
    """Adds up each triangle's cross product (twice its area along its outward normal) at its vertices: out (V, 3)."""
    out[:, :] = 0
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        nx, ny, nz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
        for vertex in (a, b, c):
            out[vertex, 0] += nx
            out[vertex, 1] += ny
            out[vertex, 2] += nz


@jit
def normalise(vectors):
    """Makes rows unit in place; a row without length becomes (0, 0, -1), facing the camera."""
    for i in range(vectors.shape[0]):
        x, y, z = vectors[i, 0], vectors[i, 1], vectors[i, 2]
        length = np.sqrt(x * x + y * y + z * z)
        if length > 1e-20:
            vectors[i, 0] = x / length
            vectors[i, 1] = y / length
            vectors[i, 2] = z / length
        else:
            vectors[i, 0] = 0
            vectors[i, 1] = 0
            vectors[i, 2] = -1


@jit
def light_vertices(normals, light, constants, occlusion, specular, out):
    """Irradiance and highlight of each vertex: out (V, 4) = RGB factor of the albedo, and white added on top.

    light (9, 3) φ; constants (9,); occlusion (V,) or empty; specular (5,): halfway vector, strength, shininess.
    """
    scaled = np.empty((9, 3), np.float32)
    for k in range(9):
        for channel in range(3):
            scaled[k, channel] = light[k, channel] * constants[k]
    shadowed = occlusion.shape[0] > 0
    for i in range(normals.shape[0]):
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        factor = occlusion[i] if shadowed else np.float32(1)
        z2, d2 = np.float32(3) * z * z - np.float32(1), x * x - y * y
        xy, yz, xz = x * y, y * z, x * z
        for c in range(3):
            low = scaled[0, c] + scaled[1, c] * y + scaled[2, c] * z + scaled[3, c] * x
            high = scaled[4, c] * xy + scaled[5, c] * yz + scaled[6, c] * z2 + scaled[7, c] * xz + scaled[8, c] * d2
            out[i, c] = max(low + high, np.float32(0)) * factor
        out[i, 3] = 0
        if specular[3] > 0:
            facing = x * specular[0] + y * specular[1] + z * specular[2]
            if facing > 0:
                out[i, 3] = specular[3] * facing ** specular[4] * factor


@jit
def sample_texture(texture, u, v, channel):
    """Bilinear, clamped at the border. texture (T, T, C); u right, v up (v = 0 is the last row), 0..1."""
    rows, columns = texture.shape[0], texture.shape[1]
    x = min(max(u * columns - np.float32(0.5), np.float32(0)), np.float32(columns - 1))
    y = min(max((np.float32(1) - v) * rows - np.float32(0.5), np.float32(0)), np.float32(rows - 1))
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, columns - 1), min(y0 + 1, rows - 1)
    fx, fy = x - np.float32(x0), y - np.float32(y0)
    upper = texture[y0, x0, channel] * (1 - fx) + texture[y0, x1, channel] * fx
    lower = texture[y1, x0, channel] * (1 - fx) + texture[y1, x1, channel] * fx
    return upper * (1 - fy) + lower * fy


@jit
def render_face(
    points, triangles, colours, normals, light, constants, occlusion, specular, uv, detail, samples, image, alpha, ids
):
    """One shaded face; see batch.render_face. image (H, W, 3) straight colour, alpha (H, W), ids (H, W)."""
    height, width = ids.shape
    lit = np.empty((points.shape[0], 4), np.float32)
    light_vertices(normals, light, constants, occlusion, specular, lit)
    fine = points
    if samples > 1:
        fine = np.empty_like(points)
        for i in range(points.shape[0]):
            fine[i, 0] = (points[i, 0] + np.float32(0.5)) * samples - np.float32(0.5)
            fine[i, 1] = (points[i, 1] + np.float32(0.5)) * samples - np.float32(0.5)
            fine[i, 2] = points[i, 2]
    fine_ids = np.empty((height * samples, width * samples), np.int32)
    inverse_depth = np.empty((height * samples, width * samples), np.float32)
    fill(fine, triangles, np.float32(1e-4), True, fine_ids, inverse_depth)
    textured = detail.shape[0] > 0
    channels = detail.shape[2]
    share = np.float32(1) / np.float32(samples * samples)
    for row in range(height):
        for column in range(width):
            red, green, blue = np.float32(0), np.float32(0), np.float32(0)
            covered = 0
            first = -1
            for sub_row in range(row * samples, (row + 1) * samples):
                for sub_column in range(column * samples, (column + 1) * samples):
                    t = fine_ids[sub_row, sub_column]
                    if t < 0:
                        continue
                    covered += 1
                    if first < 0:
                        first = t
                    a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
                    p, q, r = pixel_barycentrics(fine, a, b, c, np.float32(sub_column), np.float32(sub_row))
                    tint0, tint1, tint2 = np.float32(1), np.float32(1), np.float32(1)
                    if textured:
                        u = p * uv[t, 0, 0] + q * uv[t, 1, 0] + r * uv[t, 2, 0]
                        v = p * uv[t, 0, 1] + q * uv[t, 1, 1] + r * uv[t, 2, 1]
                        tint0 = sample_texture(detail, u, v, 0)
                        tint1 = sample_texture(detail, u, v, 1) if channels == 3 else tint0
                        tint2 = sample_texture(detail, u, v, 2) if channels == 3 else tint0
                    shine = p * lit[a, 3] + q * lit[b, 3] + r * lit[c, 3]
                    bright0 = p * lit[a, 0] + q * lit[b, 0] + r * lit[c, 0]
                    bright1 = p * lit[a, 1] + q * lit[b, 1] + r * lit[c, 1]
                    bright2 = p * lit[a, 2] + q * lit[b, 2] + r * lit[c, 2]
                    flat0 = p * colours[a, 0] + q * colours[b, 0] + r * colours[c, 0]
                    flat1 = p * colours[a, 1] + q * colours[b, 1] + r * colours[c, 1]
                    flat2 = p * colours[a, 2] + q * colours[b, 2] + r * colours[c, 2]
                    red += min(max(flat0 * tint0 * bright0 + shine, np.float32(0)), np.float32(1))
                    green += min(max(flat1 * tint1 * bright1 + shine, np.float32(0)), np.float32(1))
                    blue += min(max(flat2 * tint2 * bright2 + shine, np.float32(0)), np.float32(1))
            weight = np.float32(1) / np.float32(max(covered, 1))
            image[row, column, 0] = red * weight
            image[row, column, 1] = green * weight
            image[row, column, 2] = blue * weight
            alpha[row, column] = np.float32(covered) * share
            ids[row, column] = first


@jit
def composite(image, alpha, opacity, unit, background):
    """Blends image (H, W, 3) 0..1 over background (H, W, 3) in place; unit: what 1.0 is in the background (1 or 255)."""
    for row in range(alpha.shape[0]):
        for column in range(alpha.shape[1]):
            weight = alpha[row, column] * opacity
            if weight > 0:
                for channel in range(3):
                    old = np.float32(background[row, column, channel])
                    blended = old + (image[row, column, channel] * unit - old) * weight
                    background[row, column, channel] = blended + np.float32(0.5) if unit > 1 else blended
