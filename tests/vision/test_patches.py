import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.vision import patches
from bunraku.vision.frame import crops, frame_from_rgb, to_rgb


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), side=st.sampled_from([16, 32]), count=st.integers(1, 9))
def test_patches_encoded_together_are_the_bytes_of_each_alone(seed, side, count):
    rng = np.random.default_rng(seed)
    noisy = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    noisy[rng.random(count) < 0.5] //= 16
    together = patches.encode(noisy)
    assert together == [patches.encode(patch[None])[0] for patch in noisy]
    for patch, data in zip(noisy, together, strict=True):
        ok, whole = cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, patches.QUALITY])
        assert ok
        assert (patches.decode(data, side) == cv2.imdecode(whole, cv2.IMREAD_COLOR)[..., ::-1]).all()


def test_more_patches_than_one_picture_can_hold():
    flat = np.repeat(np.arange(2100, dtype=np.uint8)[:, None, None, None], 32, 1).repeat(32, 2).repeat(3, 3)
    data = patches.encode(flat)
    assert len(data) == 2100
    assert data[5] == data[5 + 256] != data[6]


@pytest.mark.parametrize("size", [16, 32, 64])
def test_crops_are_parts_of_the_frame_and_repeat_its_edge(size):
    rng = np.random.default_rng(1)
    frame = frame_from_rgb("desk", 0.0, rng.integers(0, 256, (96, 128, 3), dtype=np.uint8))
    whole = to_rgb(frame)
    inside = crops(frame, np.array([0, 64, 128 - size]), np.array([32, 0, 96 - size]), size)
    for patch, (x, y) in zip(inside, [(0, 32), (64, 0), (128 - size, 96 - size)], strict=True):
        assert (patch[..., ::-1] == whole[y : y + size, x : x + size]).all()
    (beyond,) = crops(frame, np.array([128 - size // 2]), np.array([-size // 2]), size)[..., ::-1]
    assert (beyond[size // 2 :, : size // 2] == whole[: size // 2, 128 - size // 2 :]).all()
    assert (beyond[: size // 2] == beyond[0]).all()


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    side=st.sampled_from([16, 32]),
    count=st.integers(1, 20),
    reduction=st.sampled_from([2, 4, 8]),
)
def test_small_patches_decoded_together_are_those_of_each_alone(seed, side, count, reduction):
    rng = np.random.default_rng(seed)
    noisy = rng.integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    data = patches.encode(noisy)
    data[0] = b""
    together = patches.thumbnails(data, side, reduction)
    assert together.shape == (count, side // reduction, side // reduction, 3)
    assert np.abs(together[0].astype(int) - 128).max() <= 2
    for small, scan in zip(together[1:], data[1:], strict=True):
        assert (patches.thumbnails([scan], side, reduction)[0] == small).all()
        blurred = cv2.resize(patches.decode(scan, side), small.shape[:2], interpolation=cv2.INTER_AREA)
        assert np.abs(small.astype(int) - blurred).mean() < 18
