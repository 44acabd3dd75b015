"""Reads a data set with the real LeRobot and compares it with the episodes that it was made of.

For an environment of its own.
Run as `python lerobot_reader.py DATA`. It tests LeRobot's indexing and metadata; torchvision is stubbed and LeRobot's
video decoder replaced by PyAV, so its decoder is not tested.
"""

import json
import sys
import types
from pathlib import Path

import av
import numpy as np
import torch


def stub_torchvision() -> None:
    """Enough of torchvision for LeRobot to be imported: it is needed for decoding and augmentation alone."""

    class Anything(types.ModuleType):
        def __getattr__(self, name: str):
            if name.startswith("__"):
                raise AttributeError(name)
            if name[0].isupper():
                return type(name, (torch.nn.Module,), {})
            return Anything(f"{self.__name__}.{name}")

    for name in ("", ".io", ".transforms", ".transforms.v2", ".transforms.v2.functional", ".transforms.functional"):
        sys.modules["torchvision" + name] = Anything("torchvision" + name)


def decode(path, timestamps, tolerance_s, backend=None) -> torch.Tensor:
    """The frames (n, 3, h, w) in [0, 1] nearest to `timestamps`, none further away than `tolerance_s`."""
    with av.open(str(path)) as container:
        frames = [(float(frame.time or 0.0), frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    times = np.array([time for time, _ in frames])
    found = [int(np.abs(times - wanted).argmin()) for wanted in timestamps]
    assert np.abs(times[found] - timestamps).max() < tolerance_s, (times[found], timestamps)
    return torch.stack([torch.from_numpy(frames[i][1]).permute(2, 0, 1).float() / 255 for i in found])


def episode_of(folder: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Header and vectors of a recorded episode, read without Bunraku."""
    header = json.loads((folder / "episode.json").read_text(encoding="utf-8"))
    lengths = header["fields"]
    records = np.fromfile(folder / "frames.bin", np.float32)
    table = records[: len(records) // sum(lengths.values()) * sum(lengths.values())].reshape(-1, sum(lengths.values()))
    return header, dict(zip(lengths, np.split(table, np.cumsum(list(lengths.values()))[:-1], axis=1), strict=True))


def main(root: Path) -> None:
    """Compare every array of every frame, and some pictures of every camera and episode."""
    import datasets  # noqa: F401  (looks for the real torchvision: before the stub is there)

    stub_torchvision()
    from lerobot.datasets import lerobot_dataset

    lerobot_dataset.decode_video_frames = decode
    dataset = lerobot_dataset.LeRobotDataset("bunraku/test", root=root, tolerance_s=1e-4)
    folders = sorted(path.parent for path in root.glob("episodes/*/*/episode.json"))
    assert dataset.num_episodes == len(folders), (dataset.num_episodes, len(folders))
    start = arrays = pictures = 0
    table = dataset.hf_dataset.with_format("numpy")
    for number, folder in enumerate(folders):
        header, vectors = episode_of(folder)
        row = dataset.meta.episodes[number]
        length = row["length"]
        assert (row["dataset_from_index"], row["dataset_to_index"]) == (start, start + length)
        read = table[start : start + length]
        for name, values in vectors.items():
            np.testing.assert_array_equal(np.asarray(read[name]).reshape(length, -1), values[:length])
            arrays += 1
        np.testing.assert_array_equal(read["frame_index"], np.arange(length))
        for frame in {0, length // 2, length - 1}:
            item = dataset[start + frame]
            assert item["task"] == header["instruction"], (item["task"], header["instruction"])
            np.testing.assert_array_equal(np.ravel(item["action"]), vectors["action"][frame])
            for camera in header["cameras"]:
                with av.open(str(folder / f"{camera}.mp4")) as container:
                    images = [image.to_ndarray(format="rgb24") for image in container.decode(video=0)]
                seen = (item[f"observation.images.{camera}"] * 255).round().byte().permute(1, 2, 0).numpy()
                np.testing.assert_array_equal(seen, images[frame])
                pictures += 1
        start += length
    chunk = lerobot_dataset.LeRobotDataset(
        "bunraku/test", root=root, delta_timestamps={"action": [0.0, 0.1, 100.0]}, tolerance_s=1e-4
    )[0]
    assert chunk["action"].shape[0] == 3 and chunk["action_is_pad"].tolist() == [False, False, True]
    assert dataset.meta.stats["action"]["mean"].shape == (dataset.meta.features["action"]["shape"][0],)
    print(f"{len(folders)} episodes, {start} frames: {arrays} arrays and {pictures} pictures are equal")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
