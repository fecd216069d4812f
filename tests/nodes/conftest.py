"""A face_node with a tiny pipeline, spun in this process, and a second node that plays camera and listener."""

import os
import time

import numpy as np
import pytest

pytest.importorskip("rclpy", reason="rclpy is not installed")
pytest.importorskip("facegpt_ros.msg", reason="the interfaces are not built")

import rclpy  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.node import Node  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402

from facegpt_ros.face import Face  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.morphable.posed import posed_landmarks
from facegpt_ros.nodes.face_node import FaceNode  # noqa: E402
from facegpt_ros.nodes.image_input import NEWEST_IMAGE  # noqa: E402

DEADLINE_S = 20.0


class TinyPipeline:
    """Finds one face wherever the top left pixel is not black."""

    def __init__(self, config, model):
        self.config = config.perception
        self.model = model
        self.model_id = "tiny@1"
        self.seen = []
        self.rounds = []
        self.closed = False
        self.fail_with = None
        self.hold = None
        self.preparation = None

    def process_all(self, views):
        self.rounds.append(views)
        return [self._process(view) for view in views]

    def _process(self, view):
        image, camera = view.image, view.camera
        self.seen.append(view)
        if self.hold is not None:
            assert self.hold.wait(DEADLINE_S)
        if self.fail_with is not None:
            raise self.fail_with
        if not image[0, 0].any():
            return []
        model = self.model
        rotation, translation = np.diag([1.0, -1.0, -1.0]), np.array([0.0, 0.0, 1.0])
        identity = np.zeros(len(model.identity_names), np.float32)
        expression = np.zeros(len(model.expression_names), np.float32)
        albedo = np.zeros(len(model.albedo_names), np.float32)
        landmarks = camera.project(posed_landmarks(model, identity, expression, rotation, translation))
        face_id = f"{view.source}_f0001" if view.source else "f0001"
        return [
            Face(
                face_id, 0.9, (10.0, 20.0, 30.0, 40.0), rotation, translation, identity, expression, albedo,
                np.zeros(27, np.float32), camera, landmarks,
            )
        ]  # fmt: skip

    def reset(self):
        pass

    def close(self):
        self.closed = True


class Stage:
    """The node under test, a peer node, and one executor that both live in."""

    def __init__(self, context, namespace):
        self.context = context
        self.namespace = namespace
        self.executor = SingleThreadedExecutor(context=context)
        self.peer = Node("peer", context=context, namespace=namespace)
        self.executor.add_node(self.peer)
        self.pipelines = []
        self.node = None
        self.refuse_with = None

    def make(self, **parameters):
        overrides = [Parameter(name.replace("__", "."), value=value) for name, value in parameters.items()]
        self.node = FaceNode(
            pipeline_factory=self._pipeline,
            context=self.context,
            namespace=self.namespace,
            parameter_overrides=overrides,
        )
        self.executor.add_node(self.node)
        return self.node

    def start(self, **parameters):
        node = self.make(**parameters)
        node.trigger_configure()
        node.trigger_activate()
        return node

    @property
    def pipeline(self):
        return self.pipelines[-1]

    def _pipeline(self, config):
        if self.refuse_with is not None:
            raise self.refuse_with
        self.pipelines.append(TinyPipeline(config, MorphableModel.load()))
        return self.pipelines[-1]

    def until(self, condition, what="condition"):
        """Spins until condition() is true; its value is returned."""
        deadline = time.monotonic() + DEADLINE_S
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what} did not come true within {DEADLINE_S} s"
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def listen(self, kind, topic, qos=10):
        got = []
        self.peer.create_subscription(kind, topic, got.append, qos)
        return got

    def call(self, kind, name, request):
        client = self.peer.create_client(kind, name)
        self.until(client.service_is_ready, name)
        future = client.call_async(request)
        self.until(future.done, name)
        return future.result()

    def image_publisher(self, kind, topic="image"):
        publisher = self.peer.create_publisher(kind, topic, NEWEST_IMAGE)
        self.until(publisher.get_subscription_count, f"a subscriber of {topic}")
        return publisher

    def close(self):
        if self.node is not None:
            self.node.release()
            self.node.destroy_node()
        self.peer.destroy_node()
        self.executor.shutdown()


@pytest.fixture
def stage(request):
    context = Context()
    # Tests of other processes, and nodes of other people, use other domains.
    rclpy.init(context=context, domain_id=1 + os.getpid() % 100)
    stage = Stage(context, "/" + "".join(c if c.isalnum() else "_" for c in request.node.name)[:60].rstrip("_"))
    yield stage
    stage.close()
    context.try_shutdown()
