"""The state of a run is saved in checkpoints: tensors in safetensors, the rest in JSON.

A checkpoint is ``state-<epoch>.safetensors``, then ``state-<epoch>.json`` with its checksum. The JSON is written
last, so a killed write leaves the previous checkpoint valid.
"""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor

from moodrec.errors import ConfigError
from moodrec.files.replacing import write_atomically
from moodrec.model.network import MoodNetwork
from moodrec.training.weighting import TaskWeighting


@dataclass
class RunState:
    """Everything that changes while training."""

    network: MoodNetwork
    average: MoodNetwork
    """Exponential moving average of the weights and of the batch statistics."""
    weighting: TaskWeighting
    optimizer: torch.optim.AdamW
    digest: str
    """Digest of recipe and data; a run on others is not continued."""
    epoch: int = 0
    """Epochs trained so far."""

    @staticmethod
    def fresh(
        network: MoodNetwork, weighting: TaskWeighting, optimizer: torch.optim.AdamW, digest: str
    ) -> RunState:
        """Make the state before the first step.

        Args:
            network: the network, with its initial weights.
            weighting: the task weights.
            optimizer: over the parameters of both.
            digest: digest of recipe and data.
        """
        average = copy.deepcopy(network).requires_grad_(False)
        return RunState(network, average, weighting, optimizer, digest)

    @torch.no_grad()
    def update_average(self, decay: float) -> None:
        """Move the average towards the network: ``average = decay * average + (1 - decay) * network``."""
        current = self.network.state_dict()
        for name, mean in self.average.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(current[name], 1 - decay)
            else:
                mean.copy_(current[name])

    def tensors(self) -> dict[str, Tensor]:
        """Collect every tensor of the state under a flat name."""
        found = {f"network/{name}": value for name, value in self.network.state_dict().items()}
        found |= {f"average/{name}": value for name, value in self.average.state_dict().items()}
        found |= {f"weighting/{name}": value for name, value in self.weighting.state_dict().items()}
        for index, moments in self.optimizer.state_dict()["state"].items():
            found |= {f"optimizer/{index}/{name}": value for name, value in moments.items()}
        return found

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state from the tensors that ``tensors`` returned."""
        self.network.load_state_dict(_below(tensors, "network/"))
        self.average.load_state_dict(_below(tensors, "average/"))
        self.weighting.load_state_dict(_below(tensors, "weighting/"))
        moments: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(tensors, "optimizer/").items():
            index, _, kind = name.partition("/")
            moments.setdefault(int(index), {})[kind] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def save_state(folder: Path, state: RunState) -> None:
    """Write a checkpoint, then remove the earlier ones.

    Args:
        folder: folder of the network.
        state: the state to save.
    """
    data = safetensors.torch.save(
        {name: t.detach().contiguous().cpu() for name, t in state.tensors().items()}
    )
    stem = f"state-{state.epoch:06d}"
    note = {"epoch": state.epoch, "recipe": state.digest, "sha256": hashlib.sha256(data).hexdigest()}
    write_atomically(folder / f"{stem}.safetensors", data)
    write_atomically(folder / f"{stem}.json", json.dumps(note).encode())
    for path in folder.glob("state-*"):
        if path.stem != stem:
            path.unlink()


def load_state(folder: Path, state: RunState) -> None:
    """Restore a state from the newest complete checkpoint of a folder; leave it unchanged if there is none.

    Args:
        folder: folder of the network.
        state: the state to restore.

    Raises:
        ConfigError: the checkpoint belongs to another recipe or to other data.
    """
    for path in sorted(folder.glob("state-*.json"), reverse=True):
        note = json.loads(path.read_text())
        data = path.with_suffix(".safetensors").read_bytes()
        if hashlib.sha256(data).hexdigest() != note["sha256"]:
            continue  # damaged: an older checkpoint costs some epochs, but no wrong weights
        if note["recipe"] != state.digest:
            raise ConfigError(
                f"{folder}: holds a run of another recipe, or on other data; choose another --out or remove it"
            )
        state.restore(safetensors.torch.load(data))
        state.epoch = note["epoch"]
        return


def _below(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
