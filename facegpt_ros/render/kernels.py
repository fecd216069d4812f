"""The compiled loops of the renderer.

One file, because numba's cache on disk is renewed by the age of the caller's file only: a loop that calls another must
not live elsewhere. Import it where it is used, not at the top of a module: numba costs 0.4 s and 60 MB.

Arrays come from rasterize.packed: C-contiguous, writable, float32 and int32. Points are (V, 3): x px, y px, z m. A
front face is counter-clockwise seen from outside in the model frame (y up); pixels have y down, so its area in pixels
is NEGATIVE. Indices are made unsigned: numba checks signed ones for Python's negative indexing.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.jit import jit

# Neighbouring triangles round their shared edge differently: without this tolerance single pixels fall through.
_EDGE_TOLERANCE = np.float32(-1e-5)
_LOW = np.int64(0xFFFFFFFF)
_ZERO, _ONE = np.float32(0), np.float32(1)


@jit
def depth_scale(points, near):
    """Inverse depths, 1/m, times this fit 30 bits."""
    nearest = np.float32(3e38)
    for i in range(points.shape[0]):
        if near < points[i, 2] < nearest:
            nearest = points[i, 2]
    return min(nearest * np.float32(1 << 30), np.float32(3e38))


@jit
def fill(points, triangles, near, cull, keys):
    """z-buffer. points (V, 3 or more).

    Writes keys (H, W) int64: the scaled inverse depth above, 2³² - 1 - triangle below, so that the greater key is the
    nearer surface, and of equals the first triangle; 0 where nothing is. One number and no branch in the inner loop let
    the compiler use vector instructions.
    """
    height, width = keys.shape
    keys[:, :] = 0
    scale_w = depth_scale(points, near)
    for t in range(triangles.shape[0]):
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        x0, y0 = points[a, 0], points[a, 1]
        x1, y1 = points[b, 0] - x0, points[b, 1] - y0
        x2, y2 = points[c, 0] - x0, points[c, 1] - y0
        area = x1 * y2 - x2 * y1
        if cull and not area < _ZERO:
            continue
        # These comparisons are written so that a NaN or an infinity fails them.
        if not np.float32(1e-12) < abs(area) < np.float32(1e12):
            continue
        z0, z1, z2 = points[a, 2], points[b, 2], points[c, 2]
        if not (z0 > near and z1 > near and z2 > near):
            continue
        left = max(np.ceil(x0 + min(x1, x2, _ZERO)), _ZERO)
        right = min(np.floor(x0 + max(x1, x2, _ZERO)), np.float32(width - 1))
        top = max(np.ceil(y0 + min(y1, y2, _ZERO)), _ZERO)
        bottom = min(np.floor(y0 + max(y1, y2, _ZERO)), np.float32(height - 1))
        if not (left <= right and top <= bottom):
            continue
        scale = _ONE / area
        b1_dx, b1_dy = y2 * scale, -x2 * scale
        b2_dx, b2_dy = -y1 * scale, x1 * scale
        w0 = scale_w / z0
        w1 = scale_w / z1 - w0
        w2 = scale_w / z2 - w0
        low = _LOW - np.int64(t)
        first, last = np.uint32(left), np.uint32(right)
        for row in range(np.uint32(top), np.uint32(bottom) + np.uint32(1)):
            dy = np.float32(row) - y0
            row_b1, row_b2 = dy * b1_dy, dy * b2_dy
            for column in range(first, last + np.uint32(1)):
                dx = np.float32(column) - x0
                b1 = row_b1 + dx * b1_dx
                b2 = row_b2 + dx * b2_dx
                key = (np.int64(np.int32(w0 + b1 * w1 + b2 * w2)) << 32) | low
                old = keys[row, column]
                inside = min(b1, b2, _ONE - b1 - b2) >= _EDGE_TOLERANCE
                keys[row, column] = key if inside & (key > old) else old


@jit
def triangle_of(key):
    """The triangle in a key of fill, -1 for none."""
    return np.int32(-1) if key == 0 else np.int32(_LOW - (key & _LOW))


@jit
def pixel_barycentrics(points, a, b, c, x, y):
    """Perspective-correct barycentrics of pixel (x, y) in triangle (a, b, c)."""
    x0, y0 = points[a, 0] - x, points[a, 1] - y
    x1, y1 = points[b, 0] - x, points[b, 1] - y
    x2, y2 = points[c, 0] - x, points[c, 1] - y
    u0 = (x1 * y2 - x2 * y1) * points[b, 2] * points[c, 2]
    u1 = (x2 * y0 - x0 * y2) * points[c, 2] * points[a, 2]
    u2 = (x0 * y1 - x1 * y0) * points[a, 2] * points[b, 2]
    scale = _ONE / (u0 + u1 + u2)
    return u0 * scale, u1 * scale, u2 * scale


@jit
def resolve(points, triangles, keys, triangle_id, out):
    """Keys of fill → triangle_id (H, W), -1 for none, and out (H, W, 3) perspective barycentrics, zero there."""
    height, width = triangle_id.shape
    for row in range(height):
        for column in range(width):
            t = triangle_of(keys[row, column])
            triangle_id[row, column] = t
            p0, p1, p2 = _ZERO, _ZERO, _ZERO
            if t >= 0:
                a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
                p0, p1, p2 = pixel_barycentrics(points, a, b, c, np.float32(column), np.float32(row))
            out[row, column, 0] = p0
            out[row, column, 1] = p1
            out[row, column, 2] = p2


@jit
def resolve_triangles(keys, triangle_id):
    """Keys of fill → triangle_id (H, W), -1 for none."""
    for row in range(keys.shape[0]):
        for column in range(keys.shape[1]):
            triangle_id[row, column] = triangle_of(keys[row, column])


@jit
def accumulate_normals(points, triangles, out):
    """Adds up each triangle's cross product (twice its area along its outward normal) at its vertices: out (V, 3)."""
    out[:, :] = 0
    for t in range(triangles.shape[0]):
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
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
def shade_vertices(colours, normals, light, constants, shadow, occlusion, specular, out):
    """Lit colour and highlight of each vertex into out (V, 4 or more), RGB and white.

    light (9, 3) φ; constants (9,); shadow (V, 3) or empty, added to the light; occlusion (V,) or empty, times it;
    specular (5,): halfway vector, strength, shininess.
    """
    scaled = np.empty((9, 3), np.float32)
    for k in range(9):
        for channel in range(3):
            scaled[k, channel] = light[k, channel] * constants[k]
    shadowed, occluded = shadow.shape[0] > 0, occlusion.shape[0] > 0
    for i in range(normals.shape[0]):
        x, y, z = normals[i, 0], normals[i, 1], normals[i, 2]
        factor = occlusion[i] if occluded else _ONE
        z2, d2 = np.float32(3) * z * z - _ONE, x * x - y * y
        xy, yz, xz = x * y, y * z, x * z
        for c in range(3):
            low = scaled[0, c] + scaled[1, c] * y + scaled[2, c] * z + scaled[3, c] * x
            high = scaled[4, c] * xy + scaled[5, c] * yz + scaled[6, c] * z2 + scaled[7, c] * xz + scaled[8, c] * d2
            kept = shadow[i, c] if shadowed else _ZERO
            out[i, c] = max(low + high + kept, _ZERO) * factor * colours[i, c]
        out[i, 3] = 0
        if specular[3] > 0:
            facing = x * specular[0] + y * specular[1] + z * specular[2]
            if facing > 0:
                out[i, 3] = specular[3] * facing ** specular[4] * factor


@jit
def sample_texture(texture, u, v):
    """Bilinear, clamped at the border: three factors. texture (T, T, 1 or 3); u right, v up (v = 0 is the last row)."""
    rows, columns = texture.shape[0], texture.shape[1]
    x = min(max(u * np.float32(columns) - np.float32(0.5), _ZERO), np.float32(columns - 1))
    y = min(max((_ONE - v) * np.float32(rows) - np.float32(0.5), _ZERO), np.float32(rows - 1))
    x0, y0 = np.uint32(x), np.uint32(y)
    x1, y1 = min(x0 + np.uint32(1), np.uint32(columns - 1)), min(y0 + np.uint32(1), np.uint32(rows - 1))
    fx, fy = x - np.float32(x0), y - np.float32(y0)
    w11 = fx * fy
    w10, w01 = fy - w11, fx - w11
    w00 = _ONE - fx - w10
    red = w00 * texture[y0, x0, 0] + w01 * texture[y0, x1, 0] + w10 * texture[y1, x0, 0] + w11 * texture[y1, x1, 0]
    if texture.shape[2] == 1:
        return red, red, red
    green = w00 * texture[y0, x0, 1] + w01 * texture[y0, x1, 1] + w10 * texture[y1, x0, 1] + w11 * texture[y1, x1, 1]
    blue = w00 * texture[y0, x0, 2] + w01 * texture[y0, x1, 2] + w10 * texture[y1, x0, 2] + w11 * texture[y1, x1, 2]
    return red, green, blue


@jit
def render_face(points, triangles, lit, uv, detail, opacity, samples, image, alpha, ids):
    """One shaded face; see batch.render_face. lit (V, 4) of shade_vertices; image straight colour."""
    height, width = ids.shape
    textured, veiled = detail.shape[0] > 0, opacity.shape[0] > 0
    # x, y, z, red, green, blue, highlight, opacity: half a cache line
    corners = np.empty((points.shape[0], 8), np.float32)
    fine = np.float32(samples)
    for i in range(points.shape[0]):
        corners[i, 0] = (points[i, 0] + np.float32(0.5)) * fine - np.float32(0.5)
        corners[i, 1] = (points[i, 1] + np.float32(0.5)) * fine - np.float32(0.5)
        corners[i, 2] = points[i, 2]
        # A texture dims the colour but not the highlight, so only then are they kept apart.
        bare = _ZERO if textured else lit[i, 3]
        corners[i, 3], corners[i, 4], corners[i, 5] = lit[i, 0] + bare, lit[i, 1] + bare, lit[i, 2] + bare
        corners[i, 6] = lit[i, 3]
        corners[i, 7] = opacity[i] if veiled else _ONE
    keys = np.empty((height * samples, width * samples), np.int64)
    fill(corners, triangles, np.float32(1e-4), True, keys)
    share = _ONE / np.float32(samples * samples)
    for row in range(height):
        for column in range(width):
            red, green, blue, cover = _ZERO, _ZERO, _ZERO, _ZERO
            covered = 0
            first = np.int32(-1)
            for sub_row in range(np.uint32(row * samples), np.uint32((row + 1) * samples)):
                for sub_column in range(np.uint32(column * samples), np.uint32((column + 1) * samples)):
                    key = keys[sub_row, sub_column]
                    if key == 0:
                        continue
                    t = np.uint32(_LOW - (key & _LOW))
                    if covered == 0:
                        first = np.int32(t)
                    covered += 1
                    a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
                    p, q, r = pixel_barycentrics(corners, a, b, c, np.float32(sub_column), np.float32(sub_row))
                    red_here = p * corners[a, 3] + q * corners[b, 3] + r * corners[c, 3]
                    green_here = p * corners[a, 4] + q * corners[b, 4] + r * corners[c, 4]
                    blue_here = p * corners[a, 5] + q * corners[b, 5] + r * corners[c, 5]
                    if textured:
                        shine = p * corners[a, 6] + q * corners[b, 6] + r * corners[c, 6]
                        u = p * uv[t, 0, 0] + q * uv[t, 1, 0] + r * uv[t, 2, 0]
                        v = p * uv[t, 0, 1] + q * uv[t, 1, 1] + r * uv[t, 2, 1]
                        tint = sample_texture(detail, u, v)
                        red_here = red_here * tint[0] + shine
                        green_here = green_here * tint[1] + shine
                        blue_here = blue_here * tint[2] + shine
                    cover += p * corners[a, 7] + q * corners[b, 7] + r * corners[c, 7] if veiled else _ONE
                    red += min(red_here, _ONE)
                    green += min(green_here, _ONE)
                    blue += min(blue_here, _ONE)
            weight = _ONE / np.float32(max(covered, 1))
            image[row, column, 0] = max(red * weight, _ZERO)
            image[row, column, 1] = max(green * weight, _ZERO)
            image[row, column, 2] = max(blue * weight, _ZERO)
            alpha[row, column] = cover * share
            ids[row, column] = first


@jit
def composite(image, alpha, opacity, unit, background):
    """Blends image (H, W, 3) 0..1 over background (H, W, 3) in place; unit: what 1.0 is there (1 or 255)."""
    for row in range(alpha.shape[0]):
        for column in range(alpha.shape[1]):
            weight = alpha[row, column] * opacity
            if weight > 0:
                for channel in range(3):
                    old = np.float32(background[row, column, channel])
                    blended = old + (image[row, column, channel] * unit - old) * weight
                    background[row, column, channel] = blended + np.float32(0.5) if unit > 1 else blended
