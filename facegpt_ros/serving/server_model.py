"""Triton's Python backend runs this file: one ONNX graph over the crops of many requests at once.

`facegpt triton export` copies it beside the graph; the server needs numpy and onnxruntime, nothing of facegpt_ros.
"""

import ctypes
import json
import os

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as triton

_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")
_set_destructor = ctypes.pythonapi.PyCapsule_SetDestructor
_set_destructor.argtypes = [ctypes.py_object, ctypes.c_void_p]


class TritonPythonModel:
    """Triton knows it by this name, and gives it batches one after the other."""

    def initialize(self, args):
        """args: of Triton, with the model's config as JSON."""
        config = json.loads(args["model_config"])
        threads = config.get("parameters", {}).get("intra_op_thread_count", {}).get("string_value", "0")
        options = ort.SessionOptions()
        options.intra_op_num_threads = int(threads)
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        path = os.path.join(args["model_repository"], args["model_version"], "model.onnx")
        providers = [name for name in _PROVIDERS if name in ort.get_available_providers()]
        self._session = ort.InferenceSession(path, options, providers=providers)
        self._outputs = [output["name"] for output in config["output"]]

    def execute(self, requests):
        """Requests with crops (N, S, S, 3) uint8 each → a response to each."""
        crops = [np.from_dlpack(triton.get_input_tensor_by_name(request, "crops")) for request in requests]
        try:
            outputs = self._session.run(self._outputs, {"crops": np.concatenate(crops)})
        except Exception as error:
            return [triton.InferenceResponse([], triton.TritonError(str(error))) for _ in requests]
        ends = np.cumsum([len(some) for some in crops])[:-1]
        parts = zip(*(np.split(output, ends) for output in outputs), strict=True)
        return [
            triton.InferenceResponse([_tensor(name, one) for name, one in zip(self._outputs, part, strict=True)])
            for part in parts
        ]


def _tensor(name, array):
    # Through DLPack: a Triton that was built for numpy 1 takes arrays of numpy 2 for empty. It gives the capsule a name
    # that numpy's destructor does not know; Triton frees the array, so that no destructor is needed.
    capsule = np.ascontiguousarray(array).__dlpack__()
    _set_destructor(capsule, None)
    return triton.Tensor.from_dlpack(name, capsule)
