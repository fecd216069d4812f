"""A face of 144 vertices, and writers of it in every layout that the loaders read."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.io import savemat

SIDE = 12
V = SIDE * SIDE
IDENTITY, EXPRESSION, ALBEDO = 5, 4, 3


def _grid() -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.linspace(-0.07, 0.07, SIDE), np.linspace(-0.1, 0.08, SIDE))
    z = 0.05 - 8 * x**2 - 3 * y**2
    corner = (np.arange(SIDE - 1)[:, None] * SIDE + np.arange(SIDE - 1)).ravel()
    quads = np.stack([corner, corner + 1, corner + SIDE + 1, corner + SIDE], 1)
    return np.stack([x, y, z], -1).reshape(-1, 3), quads


#: m, x left, y up, z out of the face; counter-clockwise quads and triangles.
MEAN, QUADS = _grid()
TRIANGLES = np.concatenate([QUADS[:, [0, 1, 2]], QUADS[:, [0, 2, 3]]])
#: Vertices of 68 landmarks: the right eye's corner is right, the left one's left, number 27 in the middle.
LANDMARKS = np.linspace(0, V - 1, 68).astype(int)
LANDMARKS[[36, 45, 27]] = 8 * SIDE + 2, 8 * SIDE + 9, 8 * SIDE + 5

_rng = np.random.default_rng(7)


def _orthonormal(count: int) -> np.ndarray:
    return np.linalg.qr(_rng.normal(size=(3 * V, count)))[0]


#: Orthonormal (3V, K); standard deviations in m; colours 0..1.
SHAPE, MOVING, COLOUR = _orthonormal(IDENTITY), _orthonormal(EXPRESSION), _orthonormal(ALBEDO)
SHAPE_SD, MOVING_SD, COLOUR_SD = (np.linspace(0.03, 0.01, n) for n in (IDENTITY, EXPRESSION, ALBEDO))
COLOUR_MEAN = _rng.uniform(0.3, 0.8, (V, 3))


def f4(x) -> np.ndarray:
    return np.asarray(x, np.float32)


def write_bfm2009(path: Path, **changes) -> Path:
    """01_MorphableModel.mat: µm, clockwise from 1."""
    content = {
        "shapeMU": f4(MEAN.reshape(-1, 1) * 1e6),
        "shapePC": f4(SHAPE),
        "shapeEV": f4(SHAPE_SD[:, None] * 1e6),
        "texMU": f4(COLOUR_MEAN.reshape(-1, 1) * 255),
        "texPC": f4(COLOUR),
        "texEV": f4(COLOUR_SD[:, None] * 255),
        "tl": TRIANGLES[:, ::-1] + 1.0,
    }
    savemat(path, {k: v for k, v in {**content, **changes}.items() if v is not None}, do_compression=True)
    return path


def write_expressions(folder: Path, kept: np.ndarray) -> None:
    """Exp_Pca.bin, std_exp.txt and BFM_exp_idx.mat for some of the vertices."""
    basis = MOVING.reshape(V, 3, -1)[kept].reshape(3 * len(kept), -1)
    with open(folder / "Exp_Pca.bin", "wb") as file:
        file.write(struct.pack("<i", EXPRESSION) + f4(np.zeros(3 * len(kept))).tobytes() + f4(basis.T).tobytes())
    (folder / "std_exp.txt").write_text(" ".join(str(sd * 1e6) for sd in MOVING_SD))
    savemat(folder / "BFM_exp_idx.mat", {"trimIndex": kept[:, None] + 1})


def write_front(path: Path, **changes) -> Path:
    """BFM_model_front.mat: dm, bases times deviations, from 1."""
    content = {
        "meanshape": f4(MEAN.reshape(1, -1) * 10),
        "idBase": f4(SHAPE * SHAPE_SD * 10),
        "exBase": f4(MOVING * MOVING_SD * 10),
        "meantex": f4(COLOUR_MEAN.reshape(1, -1) * 255),
        "texBase": f4(COLOUR * COLOUR_SD * 255),
        "tri": TRIANGLES + 1,
        "keypoints": LANDMARKS[None] + 1,
    }
    savemat(path, {k: v for k, v in {**content, **changes}.items() if v is not None})
    return path


def write_statismo(path: Path, **changes) -> Path:
    """model2017….h5: mm; the expression's mean is a part of the mean face."""
    import h5py

    content = {
        "shape/model/mean": f4(MEAN.ravel() * 1e3 - 1),
        "shape/model/pcaBasis": f4(SHAPE),
        "shape/model/pcaVariance": f4((SHAPE_SD * 1e3) ** 2),
        "shape/representer/cells": TRIANGLES.T.astype(np.int32),
        "shape/representer/points": f4(MEAN.T * 1e3),
        "expression/model/mean": f4(np.ones(3 * V)),
        "expression/model/pcaBasis": f4(MOVING),
        "expression/model/pcaVariance": f4((MOVING_SD * 1e3) ** 2),
        "color/model/mean": f4(COLOUR_MEAN.ravel()),
        "color/model/pcaBasis": f4(COLOUR),
        "color/model/pcaVariance": f4(COLOUR_SD**2),
    }
    with h5py.File(path, "w") as file:
        for key, value in {**content, **changes}.items():
            if value is not None:
                file[key] = value
    return path


def flame_content() -> dict:
    """FLAME's dictionary: 300 + 100 axes of which the tiny model's come first in each part, the rest are small."""
    shapedirs = np.zeros((3 * V, 400))
    shapedirs[:, :IDENTITY] = SHAPE * SHAPE_SD
    shapedirs[:, 300 : 300 + EXPRESSION] = MOVING * MOVING_SD
    weights = np.zeros((V, 5))
    jaw = MEAN[:, 1] < -0.04
    weights[jaw, 2], weights[~jaw, 1] = 1, 1
    regressor = np.zeros((5, V))
    for joint, vertex in enumerate((0, 5, 30, 98, 105)):
        regressor[joint, vertex] = 1
    return {
        "v_template": MEAN,
        "shapedirs": shapedirs.reshape(V, 3, 400),
        "posedirs": _rng.normal(size=(V, 3, 36)) * 1e-4,
        "J_regressor": sparse.csc_matrix(regressor),
        "kintree_table": np.array([[2**32 - 1, 0, 1, 1, 1], [0, 1, 2, 3, 4]], np.int64),
        "weights": weights,
        "f": TRIANGLES.astype(np.uint32),
        "bs_style": "lbs",
    }


def chumpy_pickle(content: dict, wrapped: tuple[str, ...]) -> bytes:
    """As FLAME is published: protocol 2, and some arrays inside chumpy.ch.Ch objects."""
    module = types.ModuleType("chumpy.ch")
    module.Ch = type("Ch", (), {"__module__": "chumpy.ch", "__qualname__": "Ch"})
    sys.modules.update({"chumpy": types.ModuleType("chumpy"), "chumpy.ch": module})
    try:
        inside = dict(content)
        for key in wrapped:
            inside[key] = module.Ch()
            inside[key].__dict__.update(x=content[key], _dirty_vars=set(), _itr=None)
        return pickle.dumps(inside, protocol=2)
    finally:
        del sys.modules["chumpy"], sys.modules["chumpy.ch"]


def write_ict_npz(path: Path, **changes) -> Path:
    """cm, quads."""
    content = {
        "neutral": f4(MEAN * 100),
        "id": (SHAPE * SHAPE_SD * 100).T.reshape(-1, V, 3).astype(np.float16),
        "expr": (MOVING * MOVING_SD * 100).T.reshape(-1, V, 3).astype(np.float16),
        "id_names": np.array([f"identity{i:03d}" for i in range(IDENTITY)]),
        "expr_names": np.array(["jawOpen", "eyeBlink_L", "eyeBlink_R", "mouthSmile_L"]),
        "faces": np.concatenate([QUADS[1:], [[*QUADS[0, :3], -1]], [[*QUADS[0, [0, 2, 3]], -1]]]).astype(np.int32),
        "landmarks68": LANDMARKS.astype(np.int32),
    }
    np.savez(path, **{k: v for k, v in {**content, **changes}.items() if v is not None})
    return path


def write_ict_folder(folder: Path) -> Path:
    """generic_neutral_mesh.obj, identity000.obj …, jawOpen.obj, vertex_indices.json."""
    import json

    folder.mkdir()

    def write(name: str, offsets: np.ndarray) -> None:
        vertices = "".join(f"v {x:.6f} {y:.6f} {z:.6f}\n" for x, y, z in (MEAN + offsets.reshape(-1, 3)) * 100)
        faces = "".join("f " + " ".join(f"{i + 1}/{i + 1}/1" for i in quad) + "\n" for quad in QUADS)
        (folder / f"{name}.obj").write_text(f"# made by a test\n{vertices}vt 0 0\n{faces}")

    write("generic_neutral_mesh", np.zeros(3 * V))
    for i in range(IDENTITY):
        write(f"identity{i:03d}", SHAPE[:, i] * SHAPE_SD[i])
    write("jawOpen", MOVING[:, 0] * MOVING_SD[0])
    (folder / "vertex_indices.json").write_text(json.dumps({"idx_to_landmark_verts": LANDMARKS.tolist()}))
    return folder


def eos_bytes(version: int = 4, *, blendshapes: bool = False, colours: bool = True) -> bytes:
    """A cereal archive of eos' MorphableModel, mm."""
    out = io.BytesIO()

    def matrix(x: np.ndarray) -> None:
        out.write(struct.pack("<ii", *x.shape) + f4(x).T.tobytes())

    def pca(mean: np.ndarray, basis: np.ndarray, deviations: np.ndarray, triangles: np.ndarray) -> None:
        matrix(mean.reshape(-1, 1))
        matrix(basis)
        matrix(deviations[:, None] ** 2)
        out.write(struct.pack("<Q", len(triangles)) + triangles.astype("<i4").tobytes())

    out.write(struct.pack("<I", version))
    pca(MEAN * 1e3, SHAPE, SHAPE_SD * 1e3, TRIANGLES)
    if colours:
        pca(COLOUR_MEAN, COLOUR, COLOUR_SD, TRIANGLES)
    else:
        pca(np.zeros(0), np.zeros((0, 0)), np.zeros(0), TRIANGLES[:0])
    if version >= 2:
        out.write(struct.pack("<Bi", 0, 0 if blendshapes else 1))
        if blendshapes:
            out.write(struct.pack("<Q", EXPRESSION))
            for i in range(EXPRESSION):
                out.write(struct.pack("<Q", 5) + b"anger")
                matrix(MOVING[:, i : i + 1] * MOVING_SD[i] * 1e3)
        else:
            pca(np.zeros(3 * V), MOVING, MOVING_SD * 1e3, TRIANGLES)
    if version >= 3:
        out.write(struct.pack("<BQ", 0, 1) + struct.pack("<Q", 4) + b"nose" + struct.pack("<i", 7))
    out.write(struct.pack("<Q", V) + np.zeros((V, 2)).tobytes())
    if version >= 4:
        out.write(struct.pack("<Q", 0))
    return out.getvalue()
