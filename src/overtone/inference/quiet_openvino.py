"""OpenVINO without its telemetry: left alone, `import openvino` tells Google Analytics of itself.

It has a stand-in of its own for where the package that sends is not installed; so that package is
out of its sight while it is imported, and there again afterwards.
"""

from __future__ import annotations

import sys
from typing import Any

SENDER = "openvino_telemetry"

_modules: dict[str, Any] = sys.modules
# A program that has imported it before us has decided for itself.
_hidden = SENDER not in _modules
if _hidden:
    _modules[SENDER] = None  # Python's own way to say that there is no such package
try:
    import openvino
finally:
    if _hidden:
        del _modules[SENDER]

__all__ = ["openvino"]
