"""config.py's parameters as a node's ROS parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import ParameterException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from facegpt_ros.errors import ConfigError
from facegpt_ros.parameters import Parameter, ParameterSet

SetT = TypeVar("SetT", bound=ParameterSet)


def descriptor(known: Parameter) -> ParameterDescriptor:
    """Meaning, unit and range for `ros2 param describe`."""
    message = ParameterDescriptor(
        name=known.name,
        description=f"{known.description} [{known.unit}]" if known.unit else known.description,
        additional_constraints=known.range_text + ("" if known.live else "; read when the node is configured"),
        # Our own check takes 60 for 60.0, and its messages name the range.
        dynamic_typing=True,
    )
    if known.low is not None and known.high is not None:
        if known.type is int:
            message.integer_range = [IntegerRange(from_value=int(known.low), to_value=int(known.high), step=0)]
        else:
            message.floating_point_range = [
                FloatingPointRange(from_value=float(known.low), to_value=float(known.high), step=0.0)
            ]
    return message


def declare(node: Node, kind: type[SetT]) -> SetT:
    """Declare every parameter of kind; a bad value from a file or the command line is logged and the default kept."""
    values: dict[str, object] = {}
    for known in kind.parameters():
        try:
            given = node.declare_parameter(known.name, known.default, descriptor(known)).value
            values[known.name] = known.checked(given)
        except (ParameterException, ConfigError) as error:
            said = str(error) if isinstance(error, ConfigError) else _out_of_range(node, known)
            node.get_logger().error(f"{said}; keeping {known.default!r}")
            if node.has_parameter(known.name):
                node.set_parameters([RosParameter(known.name, value=known.default)])
            else:
                node.declare_parameter(known.name, known.default, descriptor(known), ignore_override=True)
    return kind.from_flat(values)


def changed(config: SetT, parameters: Sequence[RosParameter], *, live_only: bool) -> SetT:
    """The config after a set_parameters request; parameters that are not ours (use_sim_time) are passed over.

    Raises:
        ConfigError: to be sent back as the reason of the refusal.
    """
    ours = {known.name for known in config.parameters()}
    values = {parameter.name: parameter.value for parameter in parameters if parameter.name in ours}
    return config.updated(values, live_only=live_only)


def _out_of_range(node: Node, known: Parameter) -> str:
    given = node._parameter_overrides[known.name].value  # rclpy has no public way to ask what was refused
    try:
        known.checked(given)
    except ConfigError as error:
        return str(error)
    return f"{known.name} is {given!r}, which ROS refuses"
