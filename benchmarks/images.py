"""Categories of pictures: how good each method is on pictures it has not seen, how fast, how large.

    python -m benchmarks.images --fashion images_fashion.zip --grocery images_grocery.zip [--together]

Archives of labelled pictures, in the layouts of docs/images.md; grocery at its coarse level. Neither has a held-out part of its own, so
30 % are held out as the pipeline does it: by a hash of the group of near-duplicates, which stays on one side. Nothing was chosen by
these pictures: sizes and the head's options were compared by cross-validation on the other 70 % (docs/images.md). Needs torch
(`make vision`). Speed: decoding included and not, one thread, onnxruntime.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from PIL import ImageEnhance

from trend_assets.lib.learning import metrics, splits
from trend_assets.lib.learning.curves import collected
from trend_assets.lib.learning.image_tasks.image_category import ImageCategory, _classes
from trend_assets.lib.learning.store import OnnxModel, model_to_files
from trend_assets.lib.learning.vision import networks, serving
from trend_assets.lib.learning.vision.duplicates import near_duplicate_groups, signature
from trend_assets.lib.learning.vision.images import decode, opened, pixels
from trend_assets.models.image_examples import labelled_images, with_images
from trend_assets.settings import Settings

SCRATCH_SIDE, SCRATCH_EPOCHS = 64, 30
TASK = ImageCategory()


def examples(archives: list[Path]) -> tuple[pa.Table, pa.Table]:
    """Training and held-out pictures of archives, put into a data folder as an owner would."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=folder)
        labels = Path(folder) / "labels" / "image_category"
        labels.mkdir(parents=True)
        for archive in archives:
            shutil.copy(archive, labels / archive.name)
        rows, _, aside = labelled_images(TASK, "image_category", settings)
        copies, authors = np.asarray(rows["near_duplicate_key"]), np.asarray(rows["author"].to_pylist())
        sides = splits.without_the_known(splits.split_undated(authors.tolist(), TASK.evaluation_share), authors, copies)
        print(f"{rows.num_rows} pictures in {len(np.unique(copies))} groups, left aside: {aside or 'none'}")
        table = rows.drop_columns(["author", "near_duplicate_key"]).append_column("side", pa.array(sides.tolist()))
        found = [with_images(table.filter(pc.equal(table["side"], side)), "image_category", settings) for side in ("train", "evaluation")]
    return found[0], found[1]


def copies_found(table: pa.Table) -> None:
    """Of pictures saved again smaller, brighter and at low quality, how many share the group of their original."""
    originals = [decode(opened(image)) for image in table["image"].to_pylist()]
    copies = []
    for image in originals:
        file = io.BytesIO()
        smaller = image.resize((max(8, image.width * 3 // 5), max(8, image.height * 3 // 5)))
        ImageEnhance.Brightness(smaller).enhance(1.03).save(file, "JPEG", quality=60)
        copies.append(decode(file.getvalue()))
    together = [near_duplicate_groups(np.stack([signature(one), signature(other)])) for one, other in zip(originals, copies, strict=True)]
    found = np.mean([groups[0] == groups[1] for groups in together])
    print(f"  near-duplicates: {found:.1%} of {len(copies)} copies are found (60 % size, JPEG quality 60, 3 % brighter)")


def from_scratch(train: pa.Table) -> OnnxModel:
    """The small network, on pictures of 64 x 64."""
    learnt, classes, held_out = _classes(train, TASK.labels)
    shown = np.stack([pixels(opened(image), SCRATCH_SIDE) for image in train["image"].to_pylist()])
    trained = networks.train_from_scratch(shown, classes, labels=len(learnt), held_out=held_out, epochs=SCRATCH_EPOCHS)
    return OnnxModel(trained.network, {"learnt": learnt, "side": SCRATCH_SIDE})


def judged(name: str, predicted: np.ndarray, truth: np.ndarray, seconds: float, model: Any = None) -> None:
    """One line of the report."""
    (whole,) = metrics.evaluate(truth, predicted, np.full(len(truth), "und"), len(truth) + 1)[:1]
    right = predicted.argmax(axis=1) == truth
    drawn = np.random.default_rng(1).binomial(len(right), right.mean(), 4_000) / len(right)
    low, high = np.quantile(drawn, (0.05, 0.95))
    values = whole.values
    size = f"{sum(map(len, model_to_files(model).values())) / 2**20:.1f} MiB" if model is not None else "-"
    print(
        f"  {name:<22} accuracy {right.mean():.3f} [{low:.3f}, {high:.3f}]  macro F1 {values['macro_f1']:.3f} "
        f"[{values['macro_f1_low']:.3f}, {values['macro_f1_high']:.3f}]  calibration error {values['calibration_error']:.3f}  "
        f"trained in {seconds:.0f} CPU s  {size}",
        flush=True,
    )


def speed(name: str, model: OnnxModel, images: list[bytes]) -> None:
    """Pictures a second on one core, from bytes and from pixels."""
    images = (images * (300 // max(len(images), 1) + 1))[:300]
    table = pa.table({"image": pa.array(images, pa.binary())})
    shown = np.stack([pixels(image, int(model.values["side"])) for image in images])
    serving.run(model.session, shown[:16])
    start = time.process_time()
    serving.run(model.session, shown)
    middle = time.process_time()
    TASK.predict(model, table)
    end = time.process_time()
    print(f"  {name}: {300 / (middle - start):,.0f} pictures/s from pixels, {300 / (end - middle):,.0f} from bytes, per core")


def report(title: str, archives: list[Path]) -> None:
    """Every method on one collection."""
    print(title)
    train, held = examples(archives)
    column = {label: number for number, label in enumerate(TASK.labels)}
    truth = np.array([column[label] for label in held["label"].to_pylist()], dtype=np.int64)
    given = np.array([column[label] for label in train["label"].to_pylist()], dtype=np.int64)
    print(f"  {train.num_rows} to train, {held.num_rows} held out, {len(np.unique(given))} categories")
    copies_found(held)
    judged("dummy (commonest)", metrics.majority(np.bincount(given, minlength=len(column)) / len(given), len(truth)), truth, 0.0)
    start = time.process_time()
    baseline = TASK.train_baseline(train)
    judged("classical", TASK.predict_baseline(baseline, held), truth, time.process_time() - start)
    models: dict[str, OnnxModel] = {}
    for name, fit in (("CNN from scratch", from_scratch), ("CNN, transfer", lambda rows: TASK.train(rows, TASK.default_options))):
        start = time.process_time()
        with collected() as curves:
            models[name] = fit(train)
        judged(name, TASK.predict(models[name], held), truth, time.process_time() - start, models[name])
        epochs = curves["held_out_loss"]
        print(f"    {len(epochs)} epochs, held-out loss of training pictures {epochs[0][1]:.2f} to {min(loss for _, loss in epochs):.2f}")
    for name, model in models.items():
        speed(name, model, [opened(image) for image in held["image"].to_pylist()])


def main() -> None:
    """Read the command line and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", type=Path)
    parser.add_argument("--grocery", type=Path)
    parser.add_argument("--together", action="store_true", help="also one model of both")
    chosen = parser.parse_args()
    given = {name: path for name in ("fashion", "grocery") if (path := getattr(chosen, name))}
    if not given:
        parser.error("give --fashion, --grocery or both")
    for name, path in given.items():
        report(name, [path])
    if chosen.together and len(given) == 2:
        report("both in one model", list(given.values()))


if __name__ == "__main__":
    main()
