"""Compiled forward and backward loops of interpolate.py, for one mesh at a time on the CPU.

With e_i the edge functions of a pixel in pixels and z_i the depths, the perspective barycentrics are
p_i = u_i / Σu, u_i = e_i / z_i; the backward loops follow the chain rule through these by hand.
Arrays are C-contiguous float32, indices int32. Each loop touches one mesh, so meshes run in parallel threads.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.jit import jit


@jit
def interpolate_forward(screen, attributes, triangles, triangle_id, pixels, width, values):
    """values (P, C) of the pixels (P,) = row * width + column, which all lie on the mesh."""
    channels = attributes.shape[1]
    for i in range(pixels.shape[0]):
        pixel = pixels[i]
        t = triangle_id[pixel]
        row = pixel // width
        x, y = np.float32(pixel - row * width), np.float32(row)
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by = screen[a, 0] - x, screen[a, 1] - y, screen[b, 0] - x, screen[b, 1] - y
        cx, cy = screen[c, 0] - x, screen[c, 1] - y
        p = (bx * cy - cx * by) / screen[a, 2]
        q = (cx * ay - ax * cy) / screen[b, 2]
        r = (ax * by - bx * ay) / screen[c, 2]
        scale = np.float32(1) / (p + q + r)
        p, q, r = p * scale, q * scale, r * scale
        for k in range(channels):
            values[i, k] = p * attributes[a, k] + q * attributes[b, k] + r * attributes[c, k]


@jit
def interpolate_backward(screen, attributes, triangles, triangle_id, pixels, width, grad, grad_screen, grad_attributes):
    """Adds to grad_screen (V, 3) and grad_attributes (V, C) what grad (P, C) brings."""
    channels = attributes.shape[1]
    for i in range(pixels.shape[0]):
        pixel = pixels[i]
        t = triangle_id[pixel]
        row = pixel // width
        x, y = np.float32(pixel - row * width), np.float32(row)
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
        ax, ay, bx, by = screen[a, 0] - x, screen[a, 1] - y, screen[b, 0] - x, screen[b, 1] - y
        cx, cy = screen[c, 0] - x, screen[c, 1] - y
        wa, wb, wc = np.float32(1) / screen[a, 2], np.float32(1) / screen[b, 2], np.float32(1) / screen[c, 2]
        ua, ub, uc = (bx * cy - cx * by) * wa, (cx * ay - ax * cy) * wb, (ax * by - bx * ay) * wc
        scale = np.float32(1) / (ua + ub + uc)
        p, q, r = ua * scale, ub * scale, uc * scale
        ga, gb, gc = np.float32(0), np.float32(0), np.float32(0)
        for k in range(channels):
            g = grad[i, k]
            grad_attributes[a, k] += p * g
            grad_attributes[b, k] += q * g
            grad_attributes[c, k] += r * g
            ga += g * attributes[a, k]
            gb += g * attributes[b, k]
            gc += g * attributes[c, k]
        mean = p * ga + q * gb + r * gc
        ga, gb, gc = (ga - mean) * scale, (gb - mean) * scale, (gc - mean) * scale
        grad_screen[a, 2] -= ga * ua * wa
        grad_screen[b, 2] -= gb * ub * wb
        grad_screen[c, 2] -= gc * uc * wc
        ga, gb, gc = ga * wa, gb * wb, gc * wc
        grad_screen[a, 0] += gc * by - gb * cy
        grad_screen[a, 1] += gb * cx - gc * bx
        grad_screen[b, 0] += ga * cy - gc * ay
        grad_screen[b, 1] += gc * ax - ga * cx
        grad_screen[c, 0] += gb * ay - ga * by
        grad_screen[c, 1] += ga * bx - gb * ax


@jit
def normals_backward(points, triangles, grad, grad_points):
    """Backward of kernels.accumulate_normals: adds to grad_points (V, 3) what grad (V, 3) of the sums brings."""
    for t in range(triangles.shape[0]):
        a, b, c = triangles[t, 0], triangles[t, 1], triangles[t, 2]
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


@jit
def shade_forward(values, light, constants, image):
    """image (P, 3) of values (P, 6): albedo RGB, normal of any length; light (9, 3) φ."""
    for i in range(values.shape[0]):
        x, y, z = values[i, 3], values[i, 4], values[i, 5]
        scale = np.float32(1) / max(np.sqrt(x * x + y * y + z * z), np.float32(1e-12))
        x, y, z = x * scale, y * scale, z * scale
        h0, h1, h2, h3 = constants[0], constants[1] * y, constants[2] * z, constants[3] * x
        h4, h5, h7 = constants[4] * x * y, constants[5] * y * z, constants[7] * x * z
        h6, h8 = constants[6] * (np.float32(3) * z * z - np.float32(1)), constants[8] * (x * x - y * y)
        for k in range(3):
            low = light[0, k] * h0 + light[1, k] * h1 + light[2, k] * h2 + light[3, k] * h3
            high = light[4, k] * h4 + light[5, k] * h5 + light[6, k] * h6 + light[7, k] * h7 + light[8, k] * h8
            image[i, k] = values[i, k] * (low + high)


@jit
def shade_backward(values, light, constants, grad, grad_values, grad_light):
    """Writes grad_values (P, 6), adds to grad_light (9, 3)."""
    basis = np.empty(9, np.float32)
    slope = np.empty(9, np.float32)
    for i in range(values.shape[0]):
        x, y, z = values[i, 3], values[i, 4], values[i, 5]
        scale = np.float32(1) / max(np.sqrt(x * x + y * y + z * z), np.float32(1e-12))
        x, y, z = x * scale, y * scale, z * scale
        basis[0], basis[1], basis[2], basis[3] = constants[0], constants[1] * y, constants[2] * z, constants[3] * x
        basis[4], basis[5], basis[7] = constants[4] * x * y, constants[5] * y * z, constants[7] * x * z
        basis[6], basis[8] = constants[6] * (np.float32(3) * z * z - np.float32(1)), constants[8] * (x * x - y * y)
        slope[:] = 0
        for k in range(3):
            irradiance = np.float32(0)
            g = grad[i, k] * values[i, k]
            for h in range(9):
                irradiance += light[h, k] * basis[h]
                grad_light[h, k] += g * basis[h]
                slope[h] += g * light[h, k]
            grad_values[i, k] = grad[i, k] * irradiance
        for h in range(9):
            slope[h] *= constants[h]
        gx = slope[3] + slope[4] * y + slope[7] * z + np.float32(2) * slope[8] * x
        gy = slope[1] + slope[4] * x + slope[5] * z - np.float32(2) * slope[8] * y
        gz = slope[2] + slope[5] * y + np.float32(6) * slope[6] * z + slope[7] * x
        along = gx * x + gy * y + gz * z
        grad_values[i, 3] = (gx - along * x) * scale
        grad_values[i, 4] = (gy - along * y) * scale
        grad_values[i, 5] = (gz - along * z) * scale
