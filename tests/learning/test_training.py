import json
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bunraku.errors import UserError
from bunraku.learning.frames import Synergies
from bunraku.learning.samples import CHUNK, PLANNED, Samples
from bunraku.learning.steps import OVER, STEPS, VERB_NAMES, step
from bunraku.learning.tokens import FEATURES, FINGERS, GRIP, HAND, NEAREST, TENSION, Tokens, features, nearest
from bunraku.learning.words import buckets
from bunraku.robot import HandReading, RobotSpec
from bunraku.skills import Seen
from bunraku.skills.body import Pose
from bunraku.vision.detect.network import HOUSEHOLD

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

from bunraku.learning.acting import MODELS, Policy, choose  # noqa: E402
from bunraku.learning.checkpoints import whole_steps  # noqa: E402
from bunraku.learning.export import export  # noqa: E402
from bunraku.learning.policies.grounded import NetworkConfig  # noqa: E402
from bunraku.learning.prefetch import Prefetch  # noqa: E402
from bunraku.learning.training import (  # noqa: E402
    Step,
    Trainer,
    TrainingConfig,
    displace,
    forget,
    loosen,
    shift_things,
)

SMALL = TrainingConfig(steps=60, batch=32, network=NetworkConfig(width=32, depth=1))
NAMES = [f"{colour} {kind}" for kind in ("cube", "ball") for colour in ("red", "green", "blue")]
BASIS = Synergies(np.zeros(22), np.eye(FINGERS, 22))


def orders(*steps) -> tuple:
    return (*steps, *[OVER] * (STEPS - len(steps)))


def samples(seed: int = 0) -> Samples:
    """A little world in which the right chunk is a linear function of where the thing is, the hand that is nearer to
    the middle acts, and what is near its thing is done."""
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((400, FEATURES)).astype(np.float32)
    way = np.zeros((FEATURES, CHUNK * PLANNED), np.float32)
    way[:3] = 0.1 * rng.standard_normal((3, CHUNK * PLANNED))
    chunks = (inputs @ way).reshape(-1, CHUNK, PLANNED)
    inputs[:, NEAREST] = np.abs(inputs[:, NEAREST])
    over = inputs[:, NEAREST] < 0.5
    chunks[over] = np.nan
    choices = rng.standard_normal((200, 2, FEATURES)).astype(np.float32)
    choices = np.take_along_axis(choices, np.abs(choices[..., 1]).argsort(axis=1)[..., None], axis=1)
    words = [f"pick up the {name}" for name in NAMES] + [f"press the {NAMES[0]} and the {NAMES[4]}"]
    meant = [orders(step("take", name)) for name in NAMES]
    meant.append(orders(step("press", NAMES[0]), step("press", NAMES[4])))
    share = np.full(400, 1 / 400)
    about = "h22", BASIS, 10, ("pick-up",), 6, f"source {seed}"
    return Samples(inputs, chunks, over, share, choices, words, np.array(meant), *about)


def trained(until: int) -> Trainer:
    trainer = Trainer(samples(), SMALL)
    trainer.train(until)
    return trainer


def test_training_makes_the_plan_better_and_learns_the_words():
    losses = []
    trainer = Trainer(samples(), TrainingConfig(steps=400, batch=64, network=NetworkConfig(width=48, depth=1)))
    trainer.train(400, lambda step: losses.append(step.plan_loss), every=10)
    assert losses[-1] < 0.8 * losses[0]
    assert trainer.understood() == 1.0
    few = samples()
    with torch.no_grad():
        _, _, done = trainer.policy.think(torch.from_numpy(few.inputs))
        _, hand, _ = trainer.policy.think(torch.from_numpy(few.choices))
    assert ((done > 0).numpy() == few.over).mean() > 0.85
    assert (hand[:, 0] > hand[:, 1]).float().mean() > 0.85


def test_interrupted_training_goes_on_to_the_same_weights(tmp_path):
    whole, first = trained(60), trained(25)
    first.save(tmp_path / "half.pt")
    second = Trainer(samples(), SMALL)
    second.load(tmp_path / "half.pt")
    second.train(60)
    assert second.weights_digest() == whole.weights_digest()
    assert first.weights_digest() != whole.weights_digest()


def test_a_checkpoint_of_other_data_or_another_configuration_is_refused(tmp_path):
    trained(2).save(tmp_path / "a.pt")
    with pytest.raises(UserError, match="other data"):
        Trainer(samples(seed=1), SMALL).load(tmp_path / "a.pt")
    with pytest.raises(UserError, match="another batch"):
        Trainer(samples(), TrainingConfig(steps=60, batch=16, network=SMALL.network)).load(tmp_path / "a.pt")
    (tmp_path / "a.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(UserError, match="not a checkpoint"):
        Trainer(samples(), SMALL).load(tmp_path / "a.pt")


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> tuple[Path, Trainer]:
    path = tmp_path_factory.mktemp("policy") / "small.onnx"
    trainer = trained(60)
    export(trainer, path)
    return path, trainer


def told(count: int) -> np.ndarray:
    return np.random.default_rng(count).standard_normal((count, FEATURES)).astype(np.float32)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_exported_policy_answers_as_the_trained_one(exported, count):
    path, trainer = exported
    inputs, words = told(count), buckets("pick up the red ball")
    with torch.no_grad():
        *thought, meant = trainer.policy(torch.from_numpy(inputs), torch.from_numpy(words))
    for ours, theirs in zip(Policy(path, "h22").think(inputs), thought, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-4)
    first = Policy(path, "h22").meaning("pick up the red ball")[0]
    np.testing.assert_allclose(np.exp(first.verb), meant[0, : len(VERB_NAMES) + 1].exp().numpy(), atol=1e-5)


def test_no_policy_tells_on_whose_machine_it_was_made(exported):
    for file in (exported[0], *MODELS.glob("*.onnx"), *HOUSEHOLD.parent.glob("*.onnx")):
        assert b"stack_trace" not in file.read_bytes()
        assert b"site-packages" not in file.read_bytes()


def test_words_mean_steps_in_their_order(tmp_path):
    trainer = Trainer(samples(), TrainingConfig(steps=800, batch=32, network=NetworkConfig(width=32, depth=1)))
    trainer.train(800)
    export(trainer, tmp_path / "a.onnx")
    policy = Policy(tmp_path / "a.onnx", "h22")
    said = policy.meaning(f"press the {NAMES[0]} and the {NAMES[4]}")
    assert [one.likeliest for one in said] == [step("press", NAMES[0]), step("press", NAMES[4])]
    assert [one.likeliest for one in policy.meaning(f"pick up the {NAMES[3]}")] == [step("take", NAMES[3])]


def test_what_was_finished_is_not_chosen_again(exported):
    names = [step("take", name)[1:3] for name in NAMES[:3]]
    table = np.array([[*name, 0, 0, 0, 0] for name in names], float)
    meaning = Policy(exported[0], "h22").meaning("pick up the green cube")[0]
    first = choose(meaning, table, set())
    assert choose(meaning, table, {first}) != first


def test_a_policy_says_what_it_was_made_of(exported):
    about = Policy(exported[0], "h22").about
    assert about.card["data"] == "source 0"
    assert about.card["training"]["network"]["width"] == 32
    assert about.card["versions"]["torch"] == torch.__version__
    assert (about.rate, about.tasks) == (10, ("pick-up",))


def test_a_policy_keeps_the_synergies_in_which_it_moves_the_fingers(exported):
    np.testing.assert_allclose(Policy(exported[0], "h22").about.synergies.basis, BASIS.basis)


def test_a_policy_for_another_hand_is_refused(exported):
    with pytest.raises(UserError, match="hand h22, h11 is expected"):
        Policy(exported[0], "h11")


def test_a_policy_that_knows_other_things_is_refused(exported, monkeypatch):
    monkeypatch.setattr("bunraku.learning.acting.KIND_NAMES", ("mug", "teapot"))
    with pytest.raises(UserError, match="other verbs, kinds"):
        Policy(exported[0], "h22")


def test_the_policy_that_comes_with_the_package_fits_this_robot(tmp_path, monkeypatch):
    (tmp_path / "many").mkdir()
    monkeypatch.chdir(tmp_path)
    about = Policy(Path("many"), RobotSpec().hand).about
    assert {"pick-up", "put", "drawer", "door"} <= set(about.tasks)
    assert sum(file.stat().st_size for file in MODELS.glob("*.onnx")) < 5e6
    for file in MODELS.glob("*.onnx"):
        assert file.with_suffix(".md").exists(), "a policy without a model card"


def test_a_missing_or_broken_policy_is_refused(tmp_path):
    with pytest.raises(UserError, match="there is no policy"):
        Policy(tmp_path / "none.onnx", "h22")
    (tmp_path / "broken.onnx").write_bytes(b"broken")
    with pytest.raises(UserError, match="not a policy"):
        Policy(tmp_path / "broken.onnx", "h22")


def test_actions_that_are_not_finite_never_reach_the_robot(exported):
    with pytest.raises(UserError, match="not finite"):
        Policy(exported[0], "h22").think(np.full((1, FEATURES), np.nan))


def test_a_policy_acts_without_torch(exported, tmp_path):
    import subprocess
    import sys

    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from pathlib import Path\n"
        "from bunraku.learning.acting import Policy\n"
        "from bunraku.learning import evaluation\n"
        f"print(Policy(Path({str(exported[0])!r}), 'h22').about.hand)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.stdout.strip() == "h22", ran.stderr


def test_the_card_is_plain_json(exported):
    assert json.loads(json.dumps(exported[1].card()))["episodes"] == 6


def room(cube: np.ndarray, palm: Pose) -> torch.Tensor:
    """What is told of a ball at `cube` that shall go into a bowl."""
    tokens = Tokens()
    bowl = np.array([0.35, 0.05, 0.93])
    tokens.update([Seen("ball", "red", cube, 0.0), Seen("bowl", "blue", bowl, 0.0)], [np.ones(3)])
    hand = HandReading(0.0, np.zeros(22), np.zeros(22), np.zeros(22))
    table = tokens.table()
    return torch.from_numpy(features(1, table[0], table[1], "right", palm, hand, np.ones(2), BASIS)[None])


TURN = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
CUBE, PALM = np.array([0.4, -0.1, 0.93]), Pose(np.array([0.1, -0.2, 1.2]), TURN)
SHIFT = np.array([0.02, -0.01, 0.015])


def test_a_palm_that_strayed_is_led_to_the_same_place():
    inputs, chunks = room(CUBE, PALM), torch.ones(1, CHUNK, PLANNED)
    displace(inputs, chunks, torch.from_numpy(SHIFT.astype(np.float32))[None])
    np.testing.assert_allclose(inputs, room(CUBE, PALM.moved(SHIFT)), atol=1e-6)
    np.testing.assert_allclose(PALM.position + SHIFT + chunks[0, 0, :3].numpy(), PALM.position + 1.0, atol=1e-6)


def test_a_palm_that_strayed_has_with_it_what_it_holds():
    inputs, chunks = room(PALM.shifted(GRIP).position, PALM), torch.ones(1, CHUNK, PLANNED)
    inputs[:, TENSION] = 1.0
    displace(inputs, chunks, torch.from_numpy(SHIFT.astype(np.float32))[None])
    there = PALM.moved(SHIFT)
    expected = room(there.shifted(GRIP).position, there)
    expected[:, TENSION] = 1.0
    np.testing.assert_allclose(inputs, expected, atol=1e-6)
    np.testing.assert_allclose(there.position + chunks[0, 0, :3].numpy(), PALM.position + 1.0, atol=1e-6)


def test_a_thing_seen_elsewhere_is_seen_elsewhere_by_all_that_is_told_of_it():
    inputs = room(CUBE, PALM)
    shift_things(inputs, torch.from_numpy(SHIFT.astype(np.float32))[None])
    np.testing.assert_allclose(inputs, room(CUBE + SHIFT, PALM), atol=1e-6)


def test_what_was_done_before_is_forgotten_where_it_is_said():
    inputs = torch.cat([room(CUBE, PALM), room(CUBE, PALM)])
    inputs[:, NEAREST:] = 0.05
    forget(inputs, torch.tensor([[True], [False]]))
    tokens = np.array([[0, 0, *CUBE, 0.0], [0, 0, 0.35, 0.05, 0.93, 0.0]])
    np.testing.assert_allclose(inputs[0, NEAREST:], nearest(tokens[0], tokens[1], PALM), atol=1e-6)
    np.testing.assert_allclose(inputs[1, NEAREST:], 0.05)


def test_words_close_together_are_told_apart():
    names = [(f"{a} ball", f"{b} bowl") for a in ("red", "green", "blue") for b in ("red", "green", "blue")]
    few = samples()
    words = [f"put the {thing} in the {bowl}" for thing, bowl in names]
    meant = np.array([orders(step("put", thing, bowl)) for thing, bowl in names])
    few = replace(few, instructions=words, meant=meant)
    trainer = Trainer(few, TrainingConfig(steps=1000, batch=32, network=NetworkConfig(width=32, depth=1)))
    trainer.train(1000)
    with torch.no_grad():
        said = trainer.policy.meaning(torch.from_numpy(np.stack([buckets(text) for text in words])))
    for part, of in enumerate(said[:5]):
        np.testing.assert_array_equal(of.argmax(-1).numpy(), meant[:, 0, part])


def test_free_hands_are_put_in_other_postures_and_holding_ones_are_not():
    rng = torch.Generator().manual_seed(0)
    inputs = torch.zeros(4, FEATURES)
    inputs[:, 2] = torch.tensor([-0.4, -0.4, -0.05, -0.4])
    inputs[1, TENSION] = 1.0
    other = torch.randn(4, FEATURES, generator=rng)
    before = inputs.clone()
    loosen(inputs, other, torch.tensor([[0.5], [0.5], [0.5], [1.1]]))
    np.testing.assert_array_equal(inputs[0, HAND], other[0, HAND])
    np.testing.assert_array_equal(inputs[1:], before[1:])
    assert (inputs[0] != before[0]).sum() == FINGERS


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_full_disk_loses_no_checkpoint(tmp_path):
    trainer = trained(2)
    trainer.save(tmp_path / "a.pt")
    kept = (tmp_path / "a.pt").read_bytes()
    (tmp_path / "a.pt.part").symlink_to("/dev/full")
    trainer.train(4)
    with pytest.raises(UserError, match="is full"):
        trainer.save(tmp_path / "a.pt")
    assert (tmp_path / "a.pt").read_bytes() == kept


def test_batches_made_ahead_are_the_same():
    trainer = Trainer(samples(), SMALL)
    ahead = Prefetch(trainer._batch, "cpu")
    for number in (0, 1, 2, 7, 3):
        for one, other in zip(ahead(number), trainer._batch(number), strict=True):
            assert torch.equal(one, other)


def test_an_interrupt_waits_until_a_step_is_over(tmp_path):
    trainer, steps, before = Trainer(samples(), SMALL), [], signal.getsignal(signal.SIGINT)

    def interrupt(step: Step) -> None:
        steps.append(step.step)
        if step.step == 30:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), whole_steps() as stopped:
        assert not trainer.train(60, interrupt, every=1, stopped=stopped)
        trainer.save(tmp_path / "a.pt")
    assert steps[-1] == trainer.step == 30
    again = Trainer(samples(), SMALL)
    again.load(tmp_path / "a.pt")
    again.train(60)
    assert again.weights_digest() == trained(60).weights_digest()
    assert signal.getsignal(signal.SIGINT) is before


def test_half_precision_learns_as_well():
    losses = []
    config = replace(SMALL, steps=400, bfloat16=True)
    Trainer(samples(), config).train(400, lambda step: losses.append(step.plan_loss), every=10)
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:5])


def test_a_file_that_says_nothing_of_itself_is_no_policy(exported, tmp_path):
    import onnx

    model = onnx.load(exported[0])
    onnx.helper.set_model_props(model, {"bunraku": "{}"})
    onnx.save(model, tmp_path / "a.onnx")
    with pytest.raises(UserError, match="not a policy of Bunraku"):
        Policy(tmp_path / "a.onnx", "h22")
