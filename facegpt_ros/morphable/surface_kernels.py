"""The compiled loops of surface.py: a tree of boxes over triangles, and the nearest surface point in it.

One file for the reason that render/kernels.py gives. The tree is implicit and complete: node i has the children 2 i and
2 i + 1, node 1 is the root, and the leaves, of LEAF triangles each, come last.
"""

from __future__ import annotations

import numpy as np

from facegpt_ros.render.jit import jit

LEAF = 4
_FAR = np.float64(1e300)


@jit
def fill_boxes(vertices, triangles, boxes):
    """Boxes (2 P, 6) low xyz, high xyz of the sorted triangles (F, 3) under P leaves; an empty leaf is inside out."""
    leaves = boxes.shape[0] // 2
    for leaf in range(leaves):
        node = leaves + leaf
        for k in range(3):
            boxes[node, k], boxes[node, 3 + k] = _FAR, -_FAR
        for t in range(LEAF * leaf, min(LEAF * (leaf + 1), triangles.shape[0])):
            for c in range(3):
                v = triangles[t, c]
                for k in range(3):
                    boxes[node, k] = min(boxes[node, k], vertices[v, k])
                    boxes[node, 3 + k] = max(boxes[node, 3 + k], vertices[v, k])
    for node in range(leaves - 1, 0, -1):
        for k in range(3):
            boxes[node, k] = min(boxes[2 * node, k], boxes[2 * node + 1, k])
            boxes[node, 3 + k] = max(boxes[2 * node, 3 + k], boxes[2 * node + 1, 3 + k])


@jit
def _box_gap(boxes, node, x, y, z):
    """Squared distance of a point to a node's box."""
    if boxes[node, 0] > boxes[node, 3]:
        return _FAR
    dx = max(boxes[node, 0] - x, 0.0, x - boxes[node, 3])
    dy = max(boxes[node, 1] - y, 0.0, y - boxes[node, 4])
    dz = max(boxes[node, 2] - z, 0.0, z - boxes[node, 5])
    return dx * dx + dy * dy + dz * dz


@jit
def _on_triangle(points, i, vertices, a, b, c, weights):
    """Writes the barycentric weights (3,) of the point of triangle a, b, c nearest to point i; its squared distance.

    (Ericson, 2004, 5.1.5.) In plain numbers: temporary arrays would cost ten times as much as the arithmetic.
    """
    d1 = d2 = d3 = d4 = d5 = d6 = 0.0
    for k in range(3):
        p = points[i, k]
        ab, ac = vertices[b, k] - vertices[a, k], vertices[c, k] - vertices[a, k]
        d1 += ab * (p - vertices[a, k])
        d2 += ac * (p - vertices[a, k])
        d3 += ab * (p - vertices[b, k])
        d4 += ac * (p - vertices[b, k])
        d5 += ab * (p - vertices[c, k])
        d6 += ac * (p - vertices[c, k])
    va, vb, vc = d3 * d6 - d5 * d4, d5 * d2 - d1 * d6, d1 * d4 - d3 * d2
    if d1 <= 0 and d2 <= 0:
        v, w = 0.0, 0.0
    elif d3 >= 0 and d4 <= d3:
        v, w = 1.0, 0.0
    elif d6 >= 0 and d5 <= d6:
        v, w = 0.0, 1.0
    elif vc <= 0 and d1 >= 0 and d3 <= 0:
        v, w = d1 / (d1 - d3), 0.0
    elif vb <= 0 and d2 >= 0 and d6 <= 0:
        v, w = 0.0, d2 / (d2 - d6)
    elif va <= 0 and d4 - d3 >= 0 and d5 - d6 >= 0:
        w = (d4 - d3) / ((d4 - d3) + (d5 - d6))
        v = 1 - w
    else:
        whole = va + vb + vc
        v, w = vb / whole, vc / whole
    weights[0], weights[1], weights[2] = 1 - v - w, v, w
    gap = 0.0
    for k in range(3):
        d = weights[0] * vertices[a, k] + v * vertices[b, k] + w * vertices[c, k] - points[i, k]
        gap += d * d
    return gap


@jit
def nearest(points, vertices, triangles, boxes, found, barycentric, squared):
    """For each point (N, 3): triangle (N,), barycentric (N, 3) and squared distance (N,) of the nearest surface point.

    found holds a guess of the triangle before: the nearer it is, the less of the tree is looked at. A triangle without
    area counts as its longest edge; points must be finite.
    """
    leaves = boxes.shape[0] // 2
    stack = np.empty(128, np.int64)
    gaps = np.empty(128, np.float64)
    weights = np.empty(3, np.float64)
    for i in range(points.shape[0]):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        t = found[i]
        best = _on_triangle(points, i, vertices, triangles[t, 0], triangles[t, 1], triangles[t, 2], weights)
        for k in range(3):
            barycentric[i, k] = weights[k]
        stack[0], gaps[0], depth = 1, 0.0, 1
        while depth > 0:
            depth -= 1
            if gaps[depth] >= best:
                continue
            node = stack[depth]
            if node >= leaves:
                first = LEAF * (node - leaves)
                for t in range(first, min(first + LEAF, triangles.shape[0])):
                    gap = _on_triangle(points, i, vertices, triangles[t, 0], triangles[t, 1], triangles[t, 2], weights)
                    if gap < best:
                        best = gap
                        found[i] = t
                        for k in range(3):
                            barycentric[i, k] = weights[k]
                continue
            left, right = 2 * node, 2 * node + 1
            gap_left = _box_gap(boxes, left, x, y, z)
            gap_right = _box_gap(boxes, right, x, y, z)
            if gap_left < gap_right:  # the nearer one last, so that it is looked at first
                left, right, gap_left, gap_right = right, left, gap_right, gap_left
            if gap_left < best:
                stack[depth], gaps[depth] = left, gap_left
                depth += 1
            if gap_right < best:
                stack[depth], gaps[depth] = right, gap_right
                depth += 1
        squared[i] = best


@jit
def project_basis(corners, weights, normals, basis, out):
    """out (N, K): how far each of K shapes moves N surface points along their normals.

    corners (N, 3) vertices and weights (N, 3) of each point, normals (N, 3), basis (V, 3, K) float32.
    """
    shapes = basis.shape[2]
    for i in range(corners.shape[0]):
        for k in range(shapes):
            out[i, k] = 0
        for c in range(3):
            for axis in range(3):
                factor = np.float32(weights[i, c] * normals[i, axis])
                row = basis[corners[i, c], axis]
                for k in range(shapes):
                    out[i, k] += factor * row[k]
