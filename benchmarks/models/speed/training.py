"""Training, timed: excerpts a second of every backbone, forward, backward and AdamW step.

    python -m benchmarks.models.speed.training

Every backbone is trained on noise at a width at which a step costs about as much as that of ``fcn`` with 24
channels, in float32 and in bfloat16, with and without ``channels_last``. Prints a table and writes
benchmarks/results/training-speed.json. Figures follow from the fastest step, which other programs disturbed least;
``cpu_seconds`` is the mean processor time of a step.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.machine import machine_report
from benchmarks.places import RESULTS
from moodrec.config import AudioConfig
from moodrec.model.backbones import backbone_names, build_backbone
from moodrec.model.backbones.base import Backbone

WIDTHS = {
    "efficientnet": 16,
    "fa_resnet": 24,
    "fcn": 24,
    "musicnn": 8,
    "short_chunk_cnn": 32,
    "short_chunk_resnet": 32,
}
"""``channels`` of about equal cost."""
OUTPUTS = 128
RESULT = RESULTS / "training-speed.json"


@dataclass(frozen=True)
class Setting:
    """How a network is trained."""

    precision: str
    channels_last: bool

    @property
    def name(self) -> str:
        """For the table."""
        return self.precision + (", channels_last" if self.channels_last else "")


SETTINGS = [Setting(p, last) for p in ("float32", "bfloat16") for last in (False, True)]


@dataclass(frozen=True)
class Speed:
    """One cell of the table."""

    backbone: str
    channels: int
    parameters: int
    precision: str
    channels_last: bool
    steps: int
    step_seconds: float
    cpu_seconds: float
    excerpts_per_second: float


def main() -> None:
    """Measure, print, write."""
    options = read_options()
    torch.set_num_threads(options.threads)
    before = machine_report("torch")
    table = {name: measure(name, options) for name in options.backbones}
    print(f"| backbone | channels | {' | '.join(s.name for s in SETTINGS)} |")
    print("|---" * (len(SETTINGS) + 2) + "|")
    for name, speeds in table.items():
        cells = " | ".join(f"{speed.excerpts_per_second:.0f}" for speed in speeds)
        print(f"| {name} | {speeds[0].channels} | {cells} |")
    settings = {name: getattr(options, name) for name in ("batch", "frames", "threads", "seed")}
    document = {
        "machine": before,
        "settings": settings,
        "speeds": [asdict(s) for row in table.values() for s in row],
    }
    options.out.write_text(json.dumps(document, indent=1) + "\n")


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--backbones", nargs="+", default=list(backbone_names()), help="NAME or NAME:CHANNELS"
    )
    parser.add_argument("--batch", type=int, default=32, help="excerpts in a step")
    parser.add_argument("--frames", type=int, default=94, help="frames in an excerpt; 94 are 3 s")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0, help="how long each cell is measured")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULT)
    return parser.parse_args()


def measure(backbone: str, options: argparse.Namespace) -> list[Speed]:
    """One row of the table."""
    name, _, width = backbone.partition(":")
    return [speed_of(name, int(width or WIDTHS.get(name, 16)), setting, options) for setting in SETTINGS]


def speed_of(name: str, channels: int, setting: Setting, options: argparse.Namespace) -> Speed:
    """The fastest step after the first, which also makes buffers and plans."""
    torch.manual_seed(options.seed)
    n_mels = AudioConfig().n_mels
    backbone = build_backbone(name, n_mels, channels)
    step = training_step(backbone, setting, torch.rand(options.batch, n_mels, options.frames))
    step()
    times: list[float] = []
    started, started_cpu = time.perf_counter(), time.process_time()
    while len(times) < 3 or time.perf_counter() < started + options.seconds:
        begun = time.perf_counter()
        step()
        times.append(time.perf_counter() - begun)
    cpu = (time.process_time() - started_cpu) / len(times)
    fastest = min(times)
    size = sum(p.numel() for p in backbone.parameters())
    rate = options.batch / fastest
    return Speed(
        name, channels, size, setting.precision, setting.channels_last, len(times), fastest, cpu, rate
    )


def training_step(backbone: Backbone, setting: Setting, log_mel: Tensor) -> Callable[[], None]:
    """A function that learns from one batch."""
    network = nn.Sequential(backbone, nn.Linear(backbone.features, OUTPUTS)).train()
    if setting.channels_last:
        network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    targets = (torch.rand(len(log_mel), OUTPUTS) < 0.1).float()

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=setting.precision == "bfloat16"):
            logits = network(log_mel)
        loss = nn.functional.binary_cross_entropy_with_logits(logits.float(), targets)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()
