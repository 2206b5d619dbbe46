"""The controls of a request: on the face of a photo, or on top of a motion that speech or a driver makes."""

import numpy as np
from numpy.typing import NDArray

from models.coefficients import CoefficientSpace, apply_controls, constrain, keyframed_change, read_change
from models.coefficients.transfer import within_reach
from workers.contract.kinds.controls import Controls, Direction


def edited_face(space: CoefficientSpace, source: NDArray[np.float32], controls: Controls) -> NDArray[np.float32]:
    """Coefficients [C] of a face [C] after the controls of an edit, keyframes apart. Raises ControlError."""
    return apply_controls(
        space,
        source,
        mode=controls.mode,
        expression=controls.expression,
        pose=controls.pose.named(),
        coefficients=controls.coefficients,
    )


def directed(
    space: CoefficientSpace,
    own: NDArray[np.float32],
    motion: NDArray[np.float32],
    controls: Direction,
    times: NDArray[np.float64],
) -> NDArray[np.float32]:
    """A motion [T, C] under direction; unchanged, bit for bit, when nothing is asked.

    Sliders and pose act on every frame, keyframes on what these have made of it.

    Args:
        own: the source's coefficients [C], or [T, C] of a source in motion; its pose bounds that of the result.
        times: seconds of the frames [T].

    Raises:
        ControlError: sliders that the space does not know, which names the field.
    """
    if controls == Direction():
        return motion
    changes = [read_change(space, controls.mode, controls.expression, controls.pose.named())]
    if controls.keyframes is not None:
        keyframes = [keyframe.named() for keyframe in controls.keyframes]
        changes.append(keyframed_change(space, keyframes, times, controls.mode))
    changed = motion.astype(np.float64)
    for change in changes:
        changed = change.on(constrain(space, changed))
    return constrain(space, within_reach(space, np.atleast_2d(own).astype(np.float64), changed))
