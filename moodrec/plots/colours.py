"""Colours are equally light and equally far apart, so that no mood stands out more than another.

They are computed in OKLCH (Ottosson, A perceptual color space for image processing, 2020).
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import ArrayLike

from moodrec.typing import Float64Array

LIGHTNESS: Final = 0.72
CHROMA: Final = 0.15
WHEEL_ANGLES: Final = (45.0, 135.0, 225.0, 315.0, 405.0)
WHEEL_HUES: Final = (80.0, 20.0, -105.0, -205.0, -280.0)
"""Hue at each corner of the valence/arousal plane: happy yellow, tense red, sad blue, calm green, happy."""
LOW_SCORE: Final = (0.92, 0.03, 250.0)
HIGH_SCORE: Final = (0.52, 0.19, 365.0)
"""Lightness, chroma and hue of the mood score 1, and above of 0; the shorter way from blue to red is through
violet.
"""

_LMS_FROM_OKLAB: Final = np.array(
    [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
)
_RGB_FROM_LMS: Final = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)


def affect_colours(valence: ArrayLike, arousal: ArrayLike) -> Float64Array:
    """Colour places in the valence/arousal plane: hue by direction, strength by distance from the middle.

    Args:
        valence: ``(n,)`` in [0, 1], 0.5 in the middle.
        arousal: ``(n,)`` in [0, 1], 0.5 in the middle.

    Returns:
        ``(n, 3)`` sRGB in [0, 1]: happy yellow, tense red, sad blue, calm green.
    """
    x = 2 * np.asarray(valence, dtype=np.float64) - 1
    y = 2 * np.asarray(arousal, dtype=np.float64) - 1
    angle = 45 + (np.degrees(np.arctan2(y, x)) - 45) % 360
    hue = np.interp(angle, WHEEL_ANGLES, WHEEL_HUES)
    strength = np.minimum(np.hypot(x, y), 1)
    return oklch(np.full_like(x, LIGHTNESS), CHROMA * (0.25 + 0.75 * strength), hue)


def score_colours(scores: ArrayLike) -> Float64Array:
    """Colour mood scores ``(n,)`` in [0, 1] from pale to strong: ``(n, 3)`` sRGB in [0, 1]."""
    s = np.clip(np.asarray(scores, dtype=np.float64), 0, 1)[:, None]
    low, high = np.array(LOW_SCORE), np.array(HIGH_SCORE)
    mixed = low + s * (high - low)
    return oklch(mixed[:, 0], mixed[:, 1], mixed[:, 2])


def oklch(lightness: ArrayLike, chroma: ArrayLike, hue: ArrayLike) -> Float64Array:
    """Convert OKLCH to sRGB, clipped.

    Args:
        lightness: ``(n,)`` in [0, 1].
        chroma: ``(n,)``, 0 for grey.
        hue: ``(n,)`` in degrees.

    Returns:
        ``(n, 3)`` in [0, 1].
    """
    angle = np.radians(np.asarray(hue, dtype=np.float64))
    c = np.asarray(chroma, dtype=np.float64)
    lab = np.stack(
        np.broadcast_arrays(np.asarray(lightness, np.float64), c * np.cos(angle), c * np.sin(angle)), -1
    )
    linear = np.clip((lab @ _LMS_FROM_OKLAB.T) ** 3 @ _RGB_FROM_LMS.T, 0, 1)
    rgb: Float64Array = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return rgb
