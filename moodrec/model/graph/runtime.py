"""ONNX Runtime, which sends nothing. Every module of moodrec imports it from here.

Since version 1.32 it keeps an identifier of the machine in the user's cache and reports to its maker how it is used,
unless the variable below is set before it is first imported. Where a program has imported it before moodrec, no more
events are recorded from here on.
"""

from __future__ import annotations

import os
from typing import Final

_NO_TELEMETRY: Final = "ORT_DISABLE_TELEMETRY"
os.environ.setdefault(_NO_TELEMETRY, "1")

import onnxruntime  # noqa: E402
from onnxruntime.capi import onnxruntime_pybind11_state as errors  # noqa: E402

onnxruntime.disable_telemetry_events()

__all__ = ["errors", "onnxruntime"]
