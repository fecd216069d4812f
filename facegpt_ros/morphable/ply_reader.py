"""Stanford's .ply: text, or binary of either byte order, with any further properties."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

_TYPES = {
    **dict.fromkeys(("char", "int8"), "i1"),
    **dict.fromkeys(("uchar", "uint8"), "u1"),
    **dict.fromkeys(("short", "int16"), "i2"),
    **dict.fromkeys(("ushort", "uint16"), "u2"),
    **dict.fromkeys(("int", "int32"), "i4"),
    **dict.fromkeys(("uint", "uint32"), "u4"),
    **dict.fromkeys(("float", "float32"), "f4"),
    **dict.fromkeys(("double", "float64"), "f8"),
}
_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}
_CORNERS = ("vertex_indices", "vertex_index")


@dataclass
class _Element:
    name: str
    count: int
    scalars: list[tuple[str, str]] = field(default_factory=list)
    lists: list[tuple[str, str, str]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)  # of all properties


def parse_ply(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (V, 3) float64 and triangles (F, 3) int64.

    Raises:
        ValueError, KeyError, IndexError: not that, or cut off.
    """
    order, elements, body = _header(data)
    vertices, triangles = np.empty((0, 3)), np.empty((0, 3), np.int64)
    read = _read_text(data[body:]) if order == "=" else _read_binary(data, body, order)
    for element in elements:
        scalars, lists = read(element)
        if element.name == "vertex":
            vertices = np.stack([scalars[axis] for axis in "xyz"], 1).astype(np.float64)
        elif element.name == "face":
            for name in _CORNERS:
                if name in lists:
                    triangles = fans(*lists[name])
    return vertices, triangles


def fans(sizes: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """Triangles (F, 3) of polygons: sizes (P,) corners each, one after the other in flat."""
    if (sizes < 0).any() or int(sizes.sum()) != len(flat):
        raise ValueError("a polygon has another number of corners than it says")
    starts = np.cumsum(sizes) - sizes
    out = [np.empty((0, 3), np.int64)]
    for corner in range(1, int(sizes.max(initial=0)) - 1):
        first = starts[sizes > corner + 1]
        out.append(np.stack([flat[first], flat[first + corner], flat[first + corner + 1]], 1).astype(np.int64))
    return np.concatenate(out)


def _header(data: bytes) -> tuple[str, list[_Element], int]:
    """Byte order, elements, and where the data begin."""
    end = data.find(b"end_header")
    if data[:3] != b"ply" or end < 0:
        raise ValueError("it has no header")
    order, elements = "", []
    for line in data[:end].decode("ascii", "replace").splitlines():
        words = line.split()
        if not words or words[0] in ("ply", "comment", "obj_info"):
            continue
        if words[0] == "format":
            order = _ORDERS[words[1]]
        elif words[0] == "element":
            elements.append(_Element(words[1], int(words[2])))
            if not 0 <= elements[-1].count <= len(data):
                raise ValueError(f"{words[2]} of '{words[1]}' in {len(data)} bytes")
        elif words[0] == "property" and words[1] == "list":
            elements[-1].lists.append((words[4], _TYPES[words[2]], _TYPES[words[3]]))
            elements[-1].order.append(words[4])
        elif words[0] == "property":
            elements[-1].scalars.append((words[2], _TYPES[words[1]]))
            elements[-1].order.append(words[2])
    if not order:
        raise ValueError("its header names no format")
    return order, elements, data.index(b"\n", end) + 1


def _read_text(data: bytes):
    lines = iter(data.splitlines())

    def read(element: _Element):
        rows = [line.split() for _, line in zip(range(element.count), lines, strict=False)]
        if len(rows) < element.count:
            raise ValueError(f"{len(rows)} of {element.count} lines of '{element.name}': it is cut off")
        if not element.lists:
            table = np.array(rows, np.float64).reshape(element.count, -1)
            return {name: table[:, i] for i, name in enumerate(element.order)}, {}
        types = dict(element.scalars)
        scalars: dict[str, list] = {name: [] for name in types}
        lists: dict[str, tuple[list, list]] = {name: ([], []) for name, _, _ in element.lists}
        for row in rows:
            at = 0
            for name in element.order:
                if name in types:
                    scalars[name].append(float(row[at]))
                    at += 1
                else:
                    size = int(row[at])
                    lists[name][0].append(size)
                    lists[name][1].extend(int(float(word)) for word in row[at + 1 : at + 1 + size])
                    at += 1 + size
        arrays = {name: (np.array(s, np.int64), np.array(f, np.int64)) for name, (s, f) in lists.items()}
        return {name: np.array(values) for name, values in scalars.items()}, arrays

    return read


def _read_binary(data: bytes, body: int, order: str):
    position = body

    def read(element: _Element):
        nonlocal position
        types = {name: np.dtype(order + kind) for name, kind in element.scalars}
        if not element.lists:
            row = np.dtype([(name, types[name]) for name in element.order])
            table = np.frombuffer(data, row, element.count, position)
            position += table.nbytes
            return {name: table[name] for name in element.order}, {}
        kinds = {name: (np.dtype(order + size), np.dtype(order + item)) for name, size, item in element.lists}
        if element.count and (uniform := _uniform(data, position, element, types, kinds)) is not None:
            position += uniform.nbytes
            sizes = {name: np.full(element.count, uniform[name].shape[1]) for name in kinds}
            return {n: uniform[n] for n in types}, {n: (sizes[n], uniform[n].astype(np.int64).ravel()) for n in kinds}
        lists: dict[str, tuple[list, list]] = {name: ([], []) for name in kinds}
        for _ in range(element.count):
            for name in element.order:
                if name in types:
                    position += types[name].itemsize
                    continue
                count_type, item_type = kinds[name]
                size = int(np.frombuffer(data, count_type, 1, position)[0])
                position += count_type.itemsize
                lists[name][0].append(size)
                lists[name][1].append(np.frombuffer(data, item_type, size, position))
                position += size * item_type.itemsize
        joined = {n: np.concatenate(f).astype(np.int64) if f else np.empty(0, np.int64) for n, (_, f) in lists.items()}
        return {}, {name: (np.array(s, np.int64), joined[name]) for name, (s, _) in lists.items()}

    return read


def _uniform(data: bytes, position: int, element: _Element, types: dict, kinds: dict) -> np.ndarray | None:
    """All rows at once where every list is as long as in the first row, else None."""
    fields: list[tuple] = []
    at = position
    for name in element.order:
        if name in types:
            fields.append((name, types[name]))
            at += types[name].itemsize
        else:
            count_type, item_type = kinds[name]
            size = int(np.frombuffer(data, count_type, 1, at)[0])
            fields += [(f"{name} size", count_type), (name, item_type, (size,))]
            at += count_type.itemsize + size * item_type.itemsize
    row = np.dtype(fields)
    if position + element.count * row.itemsize > len(data):
        return None
    table = np.frombuffer(data, row, element.count, position)
    same = all((table[f"{name} size"] == table[name].shape[1]).all() for name in kinds)
    return table if same else None
