"""Where each triangle lies in the texture: the head flattened with the face large, eyes and mouth parts beside it.

The head is cut along the middle of its back and pressed into a rounded square. Every vertex is a weighted mean of its
neighbours (mean value coordinates; Floater, 2003), so that with a convex border no triangle can turn over or cover
another; the weights are then changed, as Yoshizawa, Belyaev and Seidel (2004) do, until areas are what was asked for.
Needs scipy (the `train` extra): it runs when a model is built, the file keeps what comes out.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.sparse.linalg import splu

from facegpt_ros.errors import ModelError
from facegpt_ros.morphable.islands import MARGIN, STRIP, island_kind, islands
from facegpt_ros.morphable.pose import matrix_from_euler
from facegpt_ros.render.rasterize import rasterize

#: Texture per square millimetre: of the face, of small features on it, of the rest of the head.
_FACE, _FEATURE, _NEAR, _REST = 1.0, 0.9, 0.15, 0.04
_NEARBY = ("ears", "neck", "beard")
_HIDDEN = 0.03  # of that, for what nobody sees: the inside of mouth, nose and eye sockets
_FEATURES = ("lids", "lips", "brows")
_ROUNDS = 24
_STEP, _POWER = (0.2, 5.0), 0.4
#: Exponent of the superellipse that the border of the head lies on: nearly a square, yet strictly convex.
_SQUARENESS = 7.0
_VIEW = 768  # px of the pictures that say which triangles are ever seen


def texture_layout(
    vertices: np.ndarray, triangles: np.ndarray, regions: dict[str, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Texture coordinates for a head of any topology.

    Args:
        vertices: (V, 3) m, model frame, the mean face.
        triangles: (F, 3), counter-clockwise seen from outside. The largest connected part is the head; it must be a
            disc with holes, or closed.
        regions: masks (V,) 0..1; "face" gets most of the texture, "eyes", "teeth" and "gums" say what an island is.

    Returns:
        uv_corners (F, 3, 2) float32, one coordinate a corner, and uv (V, 2) float32 by vertex (one side of the seam),
        both in 0..1, (0, 0) bottom left.

    Raises:
        ModelError: the head's surface is not a disc, e.g. because an edge has three triangles.
    """
    vertices = np.asarray(vertices, np.float64)
    parts = connected_parts(triangles, len(vertices))
    part_of = parts[triangles[:, 0]]
    order = np.argsort(-np.bincount(parts[triangles[:, 0]]), kind="stable")
    corners = np.zeros((len(triangles), 3, 2))
    head = part_of == order[0]
    wanted = _density(regions, len(vertices))[triangles].mean(1) * np.where(_seen(vertices, triangles), 1, _HIDDEN)
    corners[head] = _head(vertices, triangles[head], wanted[head]) * (1 - STRIP - MARGIN, 1) + (STRIP, 0)
    others = [part_of == part for part in order[1:] if (part_of == part).any()]
    kinds = [island_kind(triangles[other], regions) for other in others]
    for other, flat in zip(others, islands([vertices[triangles[other]] for other in others], kinds), strict=True):
        corners[other] = flat
    corners = np.clip(corners, 0, 1).astype(np.float32)
    uv = np.zeros((len(vertices), 2), np.float32)
    # Backwards, so that a vertex on the seam gets the coordinate of its first triangle.
    uv[triangles[::-1].ravel()] = corners[::-1].reshape(-1, 2)
    return corners, uv


def connected_parts(triangles: np.ndarray, count: int) -> np.ndarray:
    """Number of the connected part that each of count vertices belongs to, (count,) int."""
    i, j = triangles.ravel(), np.roll(triangles, 1, 1).ravel()
    return connected_components(coo_matrix((np.ones(i.size), (i, j)), shape=(count, count)), directed=False)[1]


def _head(vertices: np.ndarray, triangles: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """One part, flattened: corners (f, 3, 2) in 0..1; wanted (f,) is texture per area."""
    used, local = np.unique(triangles, return_inverse=True)
    local = local.reshape(-1, 3)
    points = vertices[used]
    path = _seam(points, local)
    local, source = _cut(local, path, len(used))
    points = points[source]
    loops = _loops(local)
    outer = next(loop for loop in loops if path[-1] in loop)
    filled, count = [local], len(points)
    for loop in loops:  # a lid over each hole, so that what is around it cannot fold into it
        if loop is not outer:
            filled.append(np.array([(b, a, count) for a, b in zip(loop, np.roll(loop, -1), strict=True)]))
            points = np.vstack([points, points[loop].mean(0)])
            wanted = np.append(wanted, np.full(len(loop), _REST * _HIDDEN))
            count += 1
    closed = np.concatenate(filled)
    edges = len(np.unique(np.sort(np.stack([closed, np.roll(closed, 1, 1)], -1), -1).reshape(-1, 2), axis=0))
    if count - edges + len(closed) != 1:
        raise ModelError(
            f"the head's surface has Euler number {count - edges + len(closed)}, not 1; check its triangles"
        )
    outer = outer[outer.index(path[-1]) :] + outer[: outer.index(path[-1])]  # from the crown on
    flat = _flatten(points, closed, outer, _border(points[outer]), wanted)
    return flat[local]


def _density(regions: dict[str, np.ndarray], count: int) -> np.ndarray:
    """(V,) texture wanted per area."""
    nothing = np.zeros(count)
    features = np.max([regions.get(name, nothing) for name in _FEATURES], axis=0)
    face = regions.get("face", nothing)
    near = np.max([regions.get(name, nothing) for name in _NEARBY], axis=0)
    return _REST + _NEAR * near + _FACE * face + _FEATURE * features * face


def _seen(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(F,) bool: triangles that some camera around the head sees."""
    seen = np.zeros(len(triangles), bool)
    centre, reach = (vertices.max(0) + vertices.min(0)) / 2, np.ptp(vertices, axis=0).max()
    for yaw in (-120, -60, -30, 0, 30, 60, 120, 180):
        for pitch in (-35, 0, 35) if abs(yaw) < 90 else (0,):
            points = (vertices - centre) @ matrix_from_euler(yaw, pitch, 0).T
            points = (points / reach * 0.95 + 0.5) * (_VIEW, _VIEW, 1) + (0, 0, 10)
            ids, _ = rasterize(points.astype(np.float32), triangles.astype(np.int32), _VIEW, _VIEW)
            seen[ids[ids >= 0]] = True
    return seen


def _seam(points: np.ndarray, triangles: np.ndarray) -> list[int]:
    """Vertices of the cut: from the rim of the neck (or the lowest point behind) up the back to the crown."""
    loops = _loops(triangles)
    rim = np.array(max(loops, key=len)) if loops else np.arange(len(points))
    span = np.ptp(points, axis=0)
    start = int(rim[np.argmin(points[rim, 2] / span[2] + points[rim, 1] / span[1] + np.abs(points[rim, 0]) / span[0])])
    behind = np.abs(points[:, 0]) < 0.1 * span[0]
    # The crown: of the points on the middle line the one furthest up and a little to the back.
    height = np.where(behind, points[:, 1] / span[1] - 0.35 * points[:, 2] / span[2], -np.inf)
    crown = int(np.argmax(height - 2 * np.abs(points[:, 0]) / span[0]))
    i, j = triangles.ravel(), np.roll(triangles, 1, 1).ravel()
    middle = (points[i] + points[j]) / 2
    length = np.linalg.norm(points[i] - points[j], axis=1)
    cost = length * (
        1 + 30 * np.abs(middle[:, 0]) / span[0] + 20 * np.maximum(middle[:, 2] - np.median(points[:, 2]), 0) / span[2]
    )
    graph = csr_matrix((len(points),) * 2) + coo_matrix((cost, (i, j)), shape=(len(points),) * 2).tocsr()
    graph = graph.maximum(graph.T)
    _, before = dijkstra(graph, indices=start, return_predecessors=True)
    path = [crown]
    while path[-1] != start:
        if before[path[-1]] < 0:
            raise ModelError("the head falls apart into several pieces; weld its vertices")
        path.append(int(before[path[-1]]))
    return path[::-1]


def _cut(triangles: np.ndarray, path: list[int], count: int) -> tuple[np.ndarray, np.ndarray]:
    """Opens the surface along a path of vertices: new triangles, and the old vertex (V',) behind each new one."""
    cut = {frozenset(edge) for edge in zip(path, path[1:], strict=False)}
    out, source = triangles.copy(), list(range(count))
    for vertex in path:
        around = np.flatnonzero((triangles == vertex).any(1))
        # Triangles around a vertex stay together where they share an edge that is not cut.
        by_edge: dict[int, list[int]] = {}
        for k, t in enumerate(around):
            for other in triangles[t]:
                if other != vertex and frozenset((vertex, int(other))) not in cut:
                    by_edge.setdefault(int(other), []).append(k)
        pairs = np.array([(two[0], two[-1]) for two in by_edge.values()]).reshape(-1, 2)
        graph = coo_matrix((np.ones(len(pairs)), tuple(pairs.T)), shape=(len(around),) * 2)
        number, wedge = connected_components(graph, directed=False)
        for k in range(1, number):
            for t in around[wedge == k]:
                out[t][triangles[t] == vertex] = len(source)
            source.append(vertex)
    return out, np.array(source)


def _loops(triangles: np.ndarray) -> list[list[int]]:
    """The borders of a surface, each a list of vertices in the direction of its triangles."""
    edges = np.stack([triangles, np.roll(triangles, -1, 1)], -1).reshape(-1, 2)
    there = set(map(tuple, edges.tolist()))
    if len(there) != len(edges):
        raise ModelError("the head's triangles share an edge in the same direction; orient them alike")
    after = {a: b for a, b in sorted(there) if (b, a) not in there}
    loops = []
    while after:
        loop = [min(after)]
        while (following := after.pop(loop[-1], None)) is not None and following != loop[0]:
            loop.append(following)
        loops.append(loop)
    return loops


def _border(points: np.ndarray) -> np.ndarray:
    """Places of the border's points (N, 3), from the crown on, on the rounded square: (N, 2) in 0..1."""
    step = np.linalg.norm(np.diff(points, axis=0, append=points[:1]), axis=1)
    along = np.concatenate([[0], np.cumsum(step)[:-1]]) / step.sum()
    # Crown at the top, then, the triangles being to the left, down the side of smaller u.
    angle = np.pi / 2 + 2 * np.pi * along
    direction = np.stack([np.cos(angle), np.sin(angle)], -1)
    radius = (np.abs(direction) ** _SQUARENESS).sum(1) ** (-1 / _SQUARENESS)
    return 0.5 + (0.5 - MARGIN) * direction * radius[:, None]


def _flatten(
    points: np.ndarray, triangles: np.ndarray, border: list[int], places: np.ndarray, wanted: np.ndarray
) -> np.ndarray:
    """Flat positions (V, 2) of a disc whose border is held, with areas near wanted (F,) times those of the surface."""
    count = len(points)
    corner = points[triangles]  # (F, 3, 3)
    i, j, weight = [], [], []
    for k in range(3):
        a, b, c = (triangles[:, (k + n) % 3] for n in range(3))
        ab, ac = (corner[:, (k + n) % 3] - corner[:, k] for n in (1, 2))
        lab, lac = (np.maximum(np.linalg.norm(e, axis=1), 1e-7) for e in (ab, ac))
        half = np.tan(np.arccos(np.clip((ab * ac).sum(1) / (lab * lac), -0.9999, 0.9999)) / 2)
        i += [a, a]
        j += [b, c]
        weight += [half / lab, half / lac]
    rows, columns = np.concatenate(i), np.concatenate(j)
    weights = coo_matrix((np.concatenate(weight), (rows, columns)), shape=(count, count)).tocsr()
    inner = np.setdiff1d(np.arange(count), border)
    area = np.linalg.norm(np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), axis=1) / 2
    target = np.bincount(triangles.ravel(), np.repeat(area * wanted, 3), count)
    flat = np.zeros((count, 2))
    flat[border] = places
    for _ in range(_ROUNDS):
        inside = weights[inner]
        system = diags(np.asarray(inside.sum(1)).ravel()) - inside[:, inner]
        flat[inner] = splu(system.tocsc()).solve(inside[:, border] @ places)
        (ax, ay), (bx, by) = ((flat[triangles[:, k]] - flat[triangles[:, 0]]).T for k in (1, 2))
        has = np.bincount(triangles.ravel(), np.repeat((ax * by - ay * bx) / 2, 3), count)
        lack = (target / target.sum()) / np.maximum(has / has.sum(), 1e-12)
        # Whoever has too little area is pulled at less; in small steps, or the border region runs away.
        weights = weights @ diags(1 / np.clip(lack, *_STEP) ** _POWER)
    return flat
