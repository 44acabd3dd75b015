"""Learning to see: pictures kept in a file, a little training, and the exported network."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.errors import UserError

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from bunraku.learning.seeing.dishes import DishConfig, dishes_in, recoloured, train_dishes, varied  # noqa: E402
from bunraku.learning.seeing.export import export  # noqa: E402
from bunraku.learning.seeing.naming import NamingConfig, NamingNetwork, examples, train_naming  # noqa: E402
from bunraku.learning.seeing.network import STRIDE, DetectorConfig  # noqa: E402
from bunraku.learning.seeing.pictures import Labelled, PictureFile, crop, disturb, write_pictures  # noqa: E402
from bunraku.learning.seeing.targets import targets  # noqa: E402
from bunraku.learning.seeing.training import SeeingConfig, SeeingTrainer  # noqa: E402
from bunraku.vision.detect.dishes import CELLS, DishEyes  # noqa: E402
from bunraku.vision.detect.dishes import SIDE as DISH_SIDE  # noqa: E402
from bunraku.vision.detect.network import OUTPUTS, SpottingNetwork  # noqa: E402

KINDS, COLOURS = ["square", "bar"], ["red", "blue", "plain"]
RGB = {"red": (205, 25, 25), "blue": (25, 60, 200)}
SMALL = SeeingConfig(
    steps=60,
    batch=4,
    side=64,
    learning_rate=5e-3,
    warm_up=10,
    network=DetectorConfig(widths=(8, 12, 16, 16, 16), head=16),
)


def painted(seed: int, height: int = 240, width: int = 320) -> Labelled:
    """Squares and bars on grey."""
    rng = np.random.default_rng(seed)
    image = np.full((height, width, 3), rng.integers(90, 170), np.uint8)
    instances, names = np.zeros((height, width), np.uint8), []
    for index in range(8):
        kind, colour = str(rng.choice(KINDS)), str(rng.choice(COLOURS[:2]))
        h, w = (28, 28) if kind == "square" else (10, 60)
        top, left = rng.integers(0, height - h), rng.integers(0, width - w)
        image[top : top + h, left : left + w] = RGB[colour]
        instances[top : top + h, left : left + w] = index + 1
        names.append((kind, colour))
    seen = np.bincount(instances.ravel(), minlength=9)[1:]
    whole = np.array([28 * 28 if kind == "square" else 600 for kind, _ in names])
    return Labelled(image, instances, tuple(names), seen / whole)


def trainer(config: SeeingConfig = SMALL) -> SeeingTrainer:
    return SeeingTrainer([painted(seed) for seed in range(6)], KINDS, COLOURS, config, dishes=["bar"])


def test_pictures_come_back_from_their_file(tmp_path):
    made = [painted(seed) for seed in range(3)]
    path = tmp_path / "some.pictures"
    assert write_pictures(path, ((one, one.names) for one in made), {"seed": 1}) == 3
    kept = PictureFile(path)
    assert len(kept) == 3 and kept.about["seed"] == 1
    for one, again in zip(made, kept, strict=True):
        assert (one.instances == again.instances).all() and one.names == again.names
        assert np.abs(one.image.astype(int) - again.image).mean() < 2
        assert np.allclose(one.shown, again.shown, atol=1e-3)


@pytest.mark.parametrize("content", [None, b"", b"PK no archive"])
def test_a_file_that_holds_no_pictures_is_told_in_one_sentence(tmp_path, content):
    path = tmp_path / "wrong.pictures"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="pictures"):
        PictureFile(path)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_targets_say_where_the_things_of_any_crop_are(seed):
    rng = np.random.default_rng(seed)
    piece = crop(painted(seed % 50), 64, rng)
    assert disturb(piece.image, rng).shape == (64, 64, 3)
    wanted = targets(piece, KINDS, COLOURS, dishes=["bar"])
    assert wanted.heat.min() >= 0 and wanted.heat.max() <= 1
    # Every thing of which enough is seen has one middle with a box around it that holds all its pixels.
    for index in np.unique(piece.instances)[1:]:
        ys, xs = np.nonzero(piece.instances == index)
        if len(ys) < 24 or piece.shown[index - 1] < 0.15:
            continue
        row, column = int((ys.min() + ys.max() + 1) / 2 // STRIDE), int((xs.min() + xs.max() + 1) / 2 // STRIDE)
        assert wanted.heat[int(piece.names[index - 1][0] == "bar"), row, column] == 1
    assert (wanted.box[:, wanted.whose > 0] > 0).all()
    assert set(np.unique(wanted.whose)) <= {0, 1}


def test_training_lowers_the_loss_and_goes_on_where_it_stopped(tmp_path):
    told = []
    whole = trainer()
    whole.train(60, told.append, every=10)
    assert told[-1].total < 0.75 * told[0].total
    first = trainer()
    first.train(25)
    first.save(tmp_path / "half.pt")
    second = trainer()
    second.load(tmp_path / "half.pt")
    second.train(60)
    for one, other in zip(whole.averaged.parameters(), second.averaged.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_checkpoint_of_other_pictures_is_refused(tmp_path):
    one = trainer()
    one.train(1)
    one.save(tmp_path / "some.pt")
    other = SeeingTrainer([painted(9)], KINDS, COLOURS, SMALL)
    with pytest.raises(UserError, match="other pictures"):
        other.load(tmp_path / "some.pt")
    (tmp_path / "broken.pt").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not a checkpoint"):
        other.load(tmp_path / "broken.pt")


def test_the_exported_network_says_what_the_trained_one_says(tmp_path: Path):
    trained = trainer()
    trained.train(20)
    naming = train_naming(trained.pictures, KINDS, NamingConfig(steps=30, batch=16))
    dishes = train_dishes(trained.pictures, ["bar"], DishConfig(steps=2, batch=4))
    export(trained, naming, dishes, tmp_path / "small.onnx")
    network = SpottingNetwork(tmp_path / "small.onnx")
    assert network.kinds == tuple(KINDS) and network.colours == tuple(COLOURS)
    assert network.about["steps"] == 20
    for size in ((240, 320), (96, 320), (320, 200)):
        picture = painted(77, *size).image
        maps, scale = network.maps(picture)
        assert scale == 320 / max(size)
        padded = np.zeros((-(-size[0] // 32) * 32, -(-size[1] // 32) * 32, 3), np.uint8)
        padded[: size[0], : size[1]] = picture
        with torch.no_grad():
            said = trained.averaged.eval()(torch.from_numpy(padded.transpose(2, 0, 1)[None]).float())
        for name, one in zip(OUTPUTS, said, strict=True):
            rows, columns = -(-size[0] // STRIDE), -(-size[1] // STRIDE)
            assert np.allclose(maps[name], one[0, :, :rows, :columns].numpy(), rtol=1e-3, atol=1e-3), name
    assert all(spot.kind in KINDS for spot in network(painted(77).image, least_score=0.01).spotted)


def test_kinds_are_named_after_a_little_training():
    lines = []
    naming = train_naming([painted(seed) for seed in range(6)], KINDS, NamingConfig(steps=60, batch=16), lines.append)
    squares, kinds = examples([painted(seed) for seed in range(50, 54)], KINDS)
    middle = squares[:, 4:-4, 4:-4].transpose(0, 3, 1, 2).astype(np.float32)
    with torch.no_grad():
        named = naming(torch.from_numpy(middle)).argmax(dim=1).numpy()
    assert (named == kinds).mean() > 0.9
    assert "60/60" in lines[-1]


def laden(seed: int) -> Labelled:
    """A large disc, and perhaps a small square in its middle of the same or of another colour, a little darker."""
    rng = np.random.default_rng(seed)
    image, instances = np.full((240, 320, 3), 128, np.uint8), np.zeros((240, 320), np.uint8)
    y, x = np.indices((240, 320))
    middle = (int(rng.integers(80, 240)), int(rng.integers(80, 160)))
    disc = np.hypot(x - middle[0], y - middle[1]) < 60
    image[disc], instances[disc] = RGB["red"], 1
    names = [("dish", "red")]
    if rng.random() < 0.7:
        colour = str(rng.choice(COLOURS[:2]))
        at = middle + rng.integers(-15, 15, 2)
        square = (np.abs(x - at[0]) < 20) & (np.abs(y - at[1]) < 20)
        image[square], instances[square] = 0.6 * np.array(RGB[colour]), 2
        names.append(("square", colour))
    return Labelled(image, instances, tuple(names), np.ones(len(names)))


def test_things_on_dishes_are_given_the_colour_of_the_dish():
    rng = np.random.default_rng(0)
    full = [picture for picture in map(laden, range(30)) if len(picture.names) == 2]
    dish = next(one for one in dishes_in(full, ["dish"]) if _hue(one, one.owners > 1) > 100)
    assert abs(_hue(dish, dish.owners == 1)) < 5
    hues = [_hue(replace(dish, image=recoloured(dish, rng)), dish.owners > 1) for _ in range(20)]
    assert 5 < sum(hue < 5 for hue in hues) < 20
    image, thing, weight = varied(dish, rng)
    assert image.shape == (DISH_SIDE, DISH_SIDE, 3) and thing.shape == weight.shape == (CELLS, CELLS)
    assert 0.05 < thing.mean() < 0.5 and (weight >= thing).all()


def _hue(dish, mask) -> float:
    return float(np.median(cv2.cvtColor(dish.image, cv2.COLOR_RGB2HSV)[..., 0][mask]))


def test_what_lies_on_a_dish_is_told_from_it_after_a_little_training(tmp_path):
    network = train_dishes(map(laden, range(40)), ["dish"], DishConfig(steps=60, batch=8))
    trained = trainer()
    export(trained, NamingNetwork(len(KINDS)).eval(), network, tmp_path / "small.onnx")
    eyes = DishEyes(tmp_path / "small.onnx")
    overlaps = []
    for seed in range(100, 110):
        picture = laden(seed)
        x, y, w, h = cv2.boundingRect((picture.instances > 0).view(np.uint8))
        said = (eyes(picture.image, (x, y, x + w, y + h)) > 0.5) & (picture.instances > 0)
        wanted = picture.instances == 2
        common = (said & wanted).sum() / max((said | wanted).sum(), 1)
        overlaps.append(common if wanted.any() else float(said.mean() < 0.01))
    assert np.mean(overlaps) > 0.4
