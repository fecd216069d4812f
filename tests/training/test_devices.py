import os
import socket
import subprocess
import sys

import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from facegpt_ros.errors import ConfigError  # noqa: E402
from facegpt_ros.training.batches import stream  # noqa: E402
from facegpt_ros.training.conversations import Conversations  # noqa: E402
from facegpt_ros.training.devices import Ranks, device_named, moved  # noqa: E402
from facegpt_ros.training.face_batches import FaceBatch  # noqa: E402

_TOGETHER = """
import torch
from facegpt_ros.training.devices import Ranks
ranks = Ranks.join("cpu")
a, b = torch.nn.Parameter(torch.zeros(2, 2)), torch.nn.Parameter(torch.zeros(3))
a.grad = torch.full((2, 2), float(ranks.rank))
if ranks.rank:
    b.grad = torch.full((3,), 4.0)
ranks.average_gradients([a, b])
assert torch.equal(a.grad, torch.full((2, 2), 0.5)), a.grad
assert torch.equal(b.grad, torch.full((3,), 2.0)), b.grad
assert ranks.agreed(10.0 + ranks.rank, torch.device("cpu")) == 10.0
print("agreed")
"""


def test_two_processes_average_their_gradients_and_agree_on_the_time():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {
        **os.environ,
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": port,
        "WORLD_SIZE": "2",
        "OMP_NUM_THREADS": "1",
    }
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _TOGETHER],
            env={**environment, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for run in runs:
        out, err = run.communicate(timeout=120)
        assert out.strip().endswith("agreed"), err


def test_alone_nothing_is_shared(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    ranks = Ranks.join("cpu")
    assert ranks == Ranks(0, 1, 0)
    assert ranks.first
    assert ranks.agreed(3.5, torch.device("cpu")) == 3.5


def test_a_broken_environment_and_an_unknown_device_are_named(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "many")
    with pytest.raises(ConfigError, match="WORLD_SIZE"):
        Ranks.join("cpu")
    with pytest.raises(ConfigError, match="device is 'tpu'"):
        device_named("tpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_auto_is_the_cpu_and_cuda_an_error():
    assert device_named("auto").type == "cpu"
    with pytest.raises(ConfigError, match="finds no GPU"):
        device_named("cuda")


def test_every_tensor_of_a_batch_moves():
    batch = FaceBatch({"crops": torch.zeros(2, 3), "theta": torch.ones(1)}, Conversations(image=[1]))
    there = moved(batch, torch.device("meta"))
    assert {tensor.device.type for tensor in there.frames.values()} == {"meta"}
    assert there.talk == batch.talk
    assert moved(batch, torch.device("cpu")) is batch


def test_processes_that_train_together_share_the_batches_out():
    class Numbers(torch.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, step):
            return step

    assert [list(stream(Numbers(), 1, 0, rank, 2)) for rank in range(2)] == [[2, 4], [3, 5]]
