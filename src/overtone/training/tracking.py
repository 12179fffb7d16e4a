"""Trackers: a run's curves in TensorBoard, MLflow or W&B, by Accelerate's own trackers.

They get numbers and the recipe (paths, labels, numbers), never a text of a dataset. What they write
here stands in the run's folder, under `tracker/`.
"""

from __future__ import annotations

import importlib
import json
import logging
import math
import os
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from overtone import atomic
from overtone.errors import InputError, MissingExtraError, OvertoneError

TRACKERS = ("tensorboard", "mlflow", "wandb")

# A module inside each package: a mere folder of the package's name, such as W&B leaves behind,
# would pass for the package itself.
MODULES = {
    "tensorboard": "torch.utils.tensorboard",
    "mlflow": "mlflow.tracking",
    "wandb": "wandb.sdk",
}

# Reports that their makers collect, unless the user wants them; read when they are imported.
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "WANDB_ERROR_REPORTING": "false"}

log = logging.getLogger(__name__)


class Tracker:
    """Sends losses and scores to a tracker; without a sender it does nothing.

    A tracker that fails is left alone from then on, with one warning: a server that is away for an
    hour must not end a training of days.
    """

    def __init__(
        self,
        sender: Any = None,  # noqa: ANN401 - Accelerate has no types
        *,
        described: bool = False,
        seen: Mapping[str, int] | None = None,
        closing: ExitStack | None = None,
    ) -> None:
        """Take a tracker of Accelerate's that is started.

        Args:
            sender: the tracker; None for one that does nothing.
            described: whether it has the recipe already.
            seen: the last step of each value that it has and can't take back.
            closing: what is to be done at the end.

        """
        self._sender = sender
        self._described = described
        self._seen = dict(seen or {})
        self._closing = closing or ExitStack()

    def __enter__(self) -> Self:
        """Return the tracker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the tracker."""
        self.close()

    def log_config(self, recipe: Mapping[str, Any]) -> None:
        """Send the recipe, once a run: sections of options become `section.key`.

        Lists and tables inside a section are sent as JSON.
        """
        if self._sender is None or self._described:
            return
        flat: dict[str, Any] = {}
        for section, options in recipe.items():
            if isinstance(options, Mapping):
                flat |= {f"{section}.{key}": _plain(value) for key, value in options.items()}
            else:
                flat[section] = _plain(options)
        try:
            self._sender.store_init_configuration(flat)
        except Exception as error:  # noqa: BLE001 - each library has its own
            self._give_up(error)

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Send values that belong to a step, from 1; what is not finite is left out."""
        if self._sender is None:
            return
        numbers = {
            name: float(value)  # a tracker drops NumPy's and torch's numbers in silence
            for name, value in values.items()
            if math.isfinite(value) and step > self._seen.get(name, -1)
        }
        if not numbers:
            return
        try:
            self._sender.log(numbers, step=step)
        except Exception as error:  # noqa: BLE001 - each library has its own
            self._give_up(error)

    def close(self) -> None:
        """Send what is left and let go; what is logged afterwards goes nowhere."""
        try:
            self._closing.close()
        except Exception as error:  # noqa: BLE001 - each library has its own
            self._give_up(error)
        self._sender = None

    def _give_up(self, error: Exception) -> None:
        if self._sender is not None:
            log.warning(
                "the tracker %s failed, the run goes on without it: %s", self._sender.name, error
            )
        self._sender = None


def check(name: str | None) -> None:
    """Say early what `start` would: whether there is such a tracker and its package.

    Raises:
        InputError: there is none of that name, or its package is not installed.

    """
    if name is None:
        return
    if name not in TRACKERS:
        raise InputError(f"expected one of the trackers {', '.join(TRACKERS)}, found {name!r}")
    for variable, value in QUIET.items():
        os.environ.setdefault(variable, value)
    try:
        importlib.import_module(MODULES[name])
    except ImportError as error:
        if name == "tensorboard":
            raise MissingExtraError(name, f"the tracker {name}") from error
        raise InputError(
            f"the tracker {name} needs the package {name}, which is not installed: "
            f"run pip install {name}"
        ) from error


def start(name: str | None, folder: Path, step: int) -> Tracker:
    """Start a tracker, or go on with the one of a run that is resumed.

    Of several processes only the main one tracks. Call it after Accelerate knows the device.

    TensorBoard hides what an earlier process logged after `step`. MLflow and W&B take nothing
    back: there a step's first value stands. It is the same, since a resumed run repeats its steps.

    Args:
        name: one of `TRACKERS`; None for a tracker that does nothing.
        folder: the run's folder; what is written here goes to `tracker/` in it. MLflow writes to
            its own server where the user has set one (MLFLOW_TRACKING_URI); W&B as WANDB_MODE says.
        step: steps that are done already.

    Raises:
        InputError: there is none of that name, or its package is not installed.
        OvertoneError: it can't be started: no server, no key, no place to write to.

    """
    check(name)
    if name is None:
        return Tracker()
    from accelerate import PartialState  # noqa: PLC0415 - heavy, and few runs are tracked

    if not PartialState().is_main_process:
        return Tracker()
    here = folder / "tracker"
    with ExitStack() as closing:
        try:
            here.mkdir(parents=True, exist_ok=True)
            if name == "tensorboard":
                return _tensorboard(here, step, closing)
            return _mlflow(here, closing) if name == "mlflow" else _wandb(here, closing)
        except Exception as error:
            raise OvertoneError(
                f"the tracker {name} can't be started ({error}): mend that, or leave it out"
            ) from error


def _tensorboard(here: Path, step: int, closing: ExitStack) -> Tracker:
    """Return a tracker that writes TensorBoard's event files."""
    from accelerate.tracking import TensorBoardTracker  # noqa: PLC0415

    # The recipe is a folder of its own there; a resumed run adds no second one.
    described = any((here / "tensorboard").glob("*/hparams.yml"))
    sender = TensorBoardTracker("tensorboard", here, purge_step=step + 1)
    sender.start()
    closing.callback(sender.finish)
    sender.tracker.flush()  # hides them now, not with the next value
    return Tracker(sender, described=described, closing=closing.pop_all())


def _mlflow(here: Path, closing: ExitStack) -> Tracker:
    """Return a tracker that writes to the user's MLflow server, or to a database file."""
    from accelerate.tracking import MLflowTracker  # noqa: PLC0415

    mlflow = importlib.import_module("mlflow")
    local = not mlflow.is_tracking_uri_set()
    if local:
        # Not the folder of plain files that MLflow wrote once: 3.13 and later refuse it.
        mlflow.set_tracking_uri(f"sqlite:///{here.resolve().as_posix()}/mlflow.db")
        # It is the process's, environment included: another run has another.
        closing.callback(mlflow.set_tracking_uri, None)
    known = here / "mlflow.id"
    sender = MLflowTracker(
        "overtone",
        logging_dir=str(here.resolve() / "mlflow") if local else None,
        run_id=known.read_text(encoding="utf-8") if known.exists() else None,
        run_name=here.resolve().parent.name,
    )
    sender.start()
    closing.callback(sender.finish)
    run = sender.tracker
    atomic.write_text(known, run.info.run_id)
    client = mlflow.MlflowClient()
    seen = {
        key: max(value.step for value in client.get_metric_history(run.info.run_id, key))
        for key in run.data.metrics
    }
    # A parameter can't be changed there, so it is sent once.
    described = bool(run.data.params)
    return Tracker(sender, described=described, seen=seen, closing=closing.pop_all())


def _wandb(here: Path, closing: ExitStack) -> Tracker:
    """Return a tracker that sends to Weights & Biases, or writes what `wandb sync` sends later."""
    from accelerate.tracking import WandBTracker  # noqa: PLC0415

    known = here / "wandb.id"
    sender = WandBTracker(
        os.environ.get("WANDB_PROJECT", "overtone"),
        dir=str(here.resolve()),
        name=here.resolve().parent.name,
        id=known.read_text(encoding="utf-8") if known.exists() else None,
        resume="allow",
        # Not what is printed, nor code, nor a diff of the user's repository, where texts may be.
        settings={"console": "off", "disable_code": True, "disable_git": True},
    )
    sender.start()
    closing.callback(sender.finish)
    atomic.write_text(known, sender.tracker.id)
    return Tracker(sender, closing=closing.pop_all())


def _plain(value: object) -> bool | int | float | str | None:
    """Return a value of TOML as one that every tracker takes."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
