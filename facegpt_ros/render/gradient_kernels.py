"""Compiled forward and backward loops of paint.py, for one mesh at a time on the CPU.

With e_i the edge functions of a pixel in pixels and z_i the depths, the perspective barycentrics are
p_i = u_i / Σu, u_i = e_i / z_i; the backward loops follow the chain rule through these by hand.
Arrays are C-contiguous float32, indices int32. Each call touches one mesh, so meshes run in parallel threads.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.jit import jit

_ZERO, _ONE, _TWO, _THREE, _SIX = np.float32(0), np.float32(1), np.float32(2), np.float32(3), np.float32(6)


@jit
def polynomials(x, y, z, out):
    """The nine of shading.SH_ORDER at a unit normal."""
    out[0], out[1], out[2], out[3] = _ONE, y, z, x
    out[4], out[5], out[7] = x * y, y * z, x * z
    out[6], out[8] = _THREE * z * z - _ONE, x * x - y * y


@jit
def scaled_light(light, constants):
    """φ (9, 3) times the constants (9,), as (3, 9): harmonics side by side make vector instructions."""
    out = np.empty((3, 9), np.float32)
    for k in range(3):
        for h in range(9):
            out[k, h] = light[h, k] * constants[h]
    return out


@jit
def paint_forward(screen, colours, normals, light, constants, triangles, triangle_id, image):
    """Writes image (3, H, W) where triangle_id (H, W) is not -1; normals of any length."""
    scaled = scaled_light(light, constants)
    term = np.empty(9, np.float32)
    for row in range(triangle_id.shape[0]):
        for column in range(triangle_id.shape[1]):
            t = triangle_id[row, column]
            if t < 0:
                continue
            x, y = np.float32(column), np.float32(row)
            a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
            ax, ay, bx, by = screen[a, 0] - x, screen[a, 1] - y, screen[b, 0] - x, screen[b, 1] - y
            cx, cy = screen[c, 0] - x, screen[c, 1] - y
            p = (bx * cy - cx * by) / screen[a, 2]
            q = (cx * ay - ax * cy) / screen[b, 2]
            r = (ax * by - bx * ay) / screen[c, 2]
            scale = _ONE / (p + q + r)
            p, q, r = p * scale, q * scale, r * scale
            nx = p * normals[a, 0] + q * normals[b, 0] + r * normals[c, 0]
            ny = p * normals[a, 1] + q * normals[b, 1] + r * normals[c, 1]
            nz = p * normals[a, 2] + q * normals[b, 2] + r * normals[c, 2]
            scale = _ONE / max(np.sqrt(nx * nx + ny * ny + nz * nz), np.float32(1e-12))
            polynomials(nx * scale, ny * scale, nz * scale, term)
            for k in range(3):
                bright = _ZERO
                for h in range(9):
                    bright += scaled[k, h] * term[h]
                image[k, row, column] = (p * colours[a, k] + q * colours[b, k] + r * colours[c, k]) * bright


@jit
def paint_backward(
    screen,
    colours,
    normals,
    light,
    constants,
    triangles,
    triangle_id,
    grad,
    to_screen,
    to_colours,
    to_normals,
    to_light,
):
    """Adds what grad (3, H, W) brings to to_screen, to_colours and to_normals (V, 3); writes to_light (9, 3)."""
    scaled = scaled_light(light, constants)
    total = np.zeros((3, 9), np.float32)
    term, slope = np.empty(9, np.float32), np.empty(9, np.float32)
    for row in range(triangle_id.shape[0]):
        for column in range(triangle_id.shape[1]):
            t = triangle_id[row, column]
            if t < 0:
                continue
            x, y = np.float32(column), np.float32(row)
            a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
            ax, ay, bx, by = screen[a, 0] - x, screen[a, 1] - y, screen[b, 0] - x, screen[b, 1] - y
            cx, cy = screen[c, 0] - x, screen[c, 1] - y
            wa, wb, wc = _ONE / screen[a, 2], _ONE / screen[b, 2], _ONE / screen[c, 2]
            ua, ub, uc = (bx * cy - cx * by) * wa, (cx * ay - ax * cy) * wb, (ax * by - bx * ay) * wc
            per_sum = _ONE / (ua + ub + uc)
            p, q, r = ua * per_sum, ub * per_sum, uc * per_sum
            nx = p * normals[a, 0] + q * normals[b, 0] + r * normals[c, 0]
            ny = p * normals[a, 1] + q * normals[b, 1] + r * normals[c, 1]
            nz = p * normals[a, 2] + q * normals[b, 2] + r * normals[c, 2]
            per_length = _ONE / max(np.sqrt(nx * nx + ny * ny + nz * nz), np.float32(1e-12))
            nx, ny, nz = nx * per_length, ny * per_length, nz * per_length
            polynomials(nx, ny, nz, term)

            slope[:] = _ZERO  # of the loss by each polynomial
            ga, gb, gc = _ZERO, _ZERO, _ZERO  # of the loss by each barycentric
            for k in range(3):
                g = grad[k, row, column]
                g_light = g * (p * colours[a, k] + q * colours[b, k] + r * colours[c, k])
                bright = _ZERO
                for h in range(9):
                    bright += scaled[k, h] * term[h]
                    total[k, h] += g_light * term[h]
                    slope[h] += g_light * scaled[k, h]
                g *= bright
                ga += g * colours[a, k]
                gb += g * colours[b, k]
                gc += g * colours[c, k]
                to_colours[a, k] += p * g
                to_colours[b, k] += q * g
                to_colours[c, k] += r * g

            gx = slope[3] + slope[4] * ny + slope[7] * nz + _TWO * slope[8] * nx
            gy = slope[1] + slope[4] * nx + slope[5] * nz - _TWO * slope[8] * ny
            gz = slope[2] + slope[5] * ny + _SIX * slope[6] * nz + slope[7] * nx
            along = gx * nx + gy * ny + gz * nz
            gx, gy, gz = (gx - along * nx) * per_length, (gy - along * ny) * per_length, (gz - along * nz) * per_length
            ga += gx * normals[a, 0] + gy * normals[a, 1] + gz * normals[a, 2]
            gb += gx * normals[b, 0] + gy * normals[b, 1] + gz * normals[b, 2]
            gc += gx * normals[c, 0] + gy * normals[c, 1] + gz * normals[c, 2]
            to_normals[a, 0] += p * gx
            to_normals[a, 1] += p * gy
            to_normals[a, 2] += p * gz
            to_normals[b, 0] += q * gx
            to_normals[b, 1] += q * gy
            to_normals[b, 2] += q * gz
            to_normals[c, 0] += r * gx
            to_normals[c, 1] += r * gy
            to_normals[c, 2] += r * gz

            mean = p * ga + q * gb + r * gc
            ga, gb, gc = (ga - mean) * per_sum * wa, (gb - mean) * per_sum * wb, (gc - mean) * per_sum * wc
            to_screen[a, 0] += gc * by - gb * cy
            to_screen[a, 1] += gb * cx - gc * bx
            to_screen[a, 2] -= ga * ua
            to_screen[b, 0] += ga * cy - gc * ay
            to_screen[b, 1] += gc * ax - ga * cx
            to_screen[b, 2] -= gb * ub
            to_screen[c, 0] += gb * ay - ga * by
            to_screen[c, 1] += ga * bx - gb * ax
            to_screen[c, 2] -= gc * uc
    for k in range(3):
        for h in range(9):
            to_light[h, k] = total[k, h] * constants[h]


@jit
def normals_backward(points, triangles, grad, grad_points):
    """Backward of kernels.accumulate_normals: adds to grad_points (V, 3) what grad (V, 3) of the sums brings."""
    for t in range(triangles.shape[0]):
        a, b, c = np.uint32(triangles[t, 0]), np.uint32(triangles[t, 1]), np.uint32(triangles[t, 2])
        gx = grad[a, 0] + grad[b, 0] + grad[c, 0]
        gy = grad[a, 1] + grad[b, 1] + grad[c, 1]
        gz = grad[a, 2] + grad[b, 2] + grad[c, 2]
        if gx == 0 and gy == 0 and gz == 0:
            continue
        ux, uy, uz = points[b, 0] - points[a, 0], points[b, 1] - points[a, 1], points[b, 2] - points[a, 2]
        vx, vy, vz = points[c, 0] - points[a, 0], points[c, 1] - points[a, 1], points[c, 2] - points[a, 2]
        # d(g·(u×v))/du = v×g, d/dv = g×u
        dux, duy, duz = vy * gz - vz * gy, vz * gx - vx * gz, vx * gy - vy * gx
        dvx, dvy, dvz = gy * uz - gz * uy, gz * ux - gx * uz, gx * uy - gy * ux
        grad_points[b, 0] += dux
        grad_points[b, 1] += duy
        grad_points[b, 2] += duz
        grad_points[c, 0] += dvx
        grad_points[c, 1] += dvy
        grad_points[c, 2] += dvz
        grad_points[a, 0] -= dux + dvx
        grad_points[a, 1] -= duy + dvy
        grad_points[a, 2] -= duz + dvz
