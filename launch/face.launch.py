"""Starts face_node, configures and activates it; with a camera or video where asked for, and rviz.

    ros2 launch facegpt_ros face.launch.py camera:=webcam
    ros2 launch facegpt_ros face.launch.py camera:=video video:=/path/to/talk.mp4 namespace:=robot1 rviz:=true

camera:=none, the default, takes the images of your own camera: image:=TOPIC and camera_info:=TOPIC say where they are.
"""

from pathlib import Path

from launch.actions import DeclareLaunchArgument, EmitEvent, LogInfo, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown, matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode, Node
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

from facegpt_ros.middleware import prepare_environment
from launch import LaunchDescription

SHARE = Path(__file__).resolve().parents[1]

ARGUMENTS = (
    DeclareLaunchArgument(
        "camera", default_value="none", choices=["none", "webcam", "video"], description="images from"
    ),
    DeclareLaunchArgument("video", default_value="", description="file or folder of images, for camera:=video"),
    DeclareLaunchArgument("webcam", default_value="0", description="number of the webcam, for camera:=webcam"),
    DeclareLaunchArgument(
        "params_file", default_value=str(SHARE / "config" / "face_node.yaml"), description="parameters of the nodes"
    ),
    DeclareLaunchArgument("namespace", default_value="", description="of the nodes and their topics"),
    DeclareLaunchArgument("image", default_value="image", description="topic of the images"),
    DeclareLaunchArgument("camera_info", default_value="camera_info", description="topic of the calibration"),
    DeclareLaunchArgument("rviz", default_value="false", choices=["true", "false"], description="start rviz2 too"),
)


def _camera(context):
    """camera_node, where one is asked for."""
    kind = LaunchConfiguration("camera").perform(context)
    if kind == "none":
        return []
    uri = LaunchConfiguration(kind).perform(context)
    if not uri:
        raise RuntimeError("camera:=video needs video:=PATH, a video file or a folder of images")
    # A webcam's number is text to the node; without value_type launch would pass an integer.
    source = {"source.uri": ParameterValue(uri, value_type=str)}
    return [
        Node(
            package="facegpt_ros",
            executable="camera_node",
            name="camera_node",
            namespace=LaunchConfiguration("namespace"),
            output="screen",
            parameters=[str(SHARE / "config" / "camera_node.yaml"), LaunchConfiguration("params_file"), source],
        )
    ]


def generate_launch_description():
    prepare_environment()
    face_node = LifecycleNode(
        package="facegpt_ros",
        executable="face_node",
        name="face_node",
        namespace=LaunchConfiguration("namespace"),
        output="screen",
        parameters=[LaunchConfiguration("params_file")],
        remappings=[("image", LaunchConfiguration("image")), ("camera_info", LaunchConfiguration("camera_info"))],
    )

    def change(transition):
        return EmitEvent(
            event=ChangeState(lifecycle_node_matcher=matches_action(face_node), transition_id=transition)
        )

    return LaunchDescription(
        [
            *ARGUMENTS,
            # Registered before the node starts, so that no transition is missed. Only the way up from configuring:
            # inactive is also reached by deactivate, which must not be undone.
            RegisterEventHandler(
                OnStateTransition(
                    target_lifecycle_node=face_node,
                    start_state="configuring",
                    goal_state="inactive",
                    entities=[change(Transition.TRANSITION_ACTIVATE)],
                )
            ),
            RegisterEventHandler(
                OnStateTransition(
                    target_lifecycle_node=face_node,
                    start_state="activating",
                    goal_state="active",
                    entities=[LogInfo(msg="face_node is active")],
                )
            ),
            RegisterEventHandler(
                OnProcessExit(
                    target_action=face_node, on_exit=[EmitEvent(event=Shutdown(reason="face_node has ended"))]
                )
            ),
            face_node,
            change(Transition.TRANSITION_CONFIGURE),
            OpaqueFunction(function=_camera),
            Node(
                package="rviz2",
                executable="rviz2",
                name="rviz2",
                arguments=["-d", str(SHARE / "rviz" / "face.rviz")],
                condition=IfCondition(LaunchConfiguration("rviz")),
            ),
        ]
    )
