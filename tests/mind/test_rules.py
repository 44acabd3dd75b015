"""The rule mind: what it understands it does, everything else it answers, and nothing is guessed."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bunraku.mind import Context, ObjectQuery, PlaceQuery, Reply, RuleMind, ToolCall
from bunraku.mind.robot_tools import TOOLS
from bunraku.mind.vocabulary import default_vocabulary

MIND = RuleMind()
MOVING = {tool.name for tool in TOOLS if tool.moves}
MUG = ObjectQuery("mug", "red")
PICKED = Context().after([ToolCall("pick", {"object": MUG})])
VOCABULARY = default_vocabulary()


def moving(text, context=None):
    plan = MIND.plan(text, context)
    return [] if isinstance(plan, Reply) else [call for call in plan if call.name in MOVING]


@pytest.mark.parametrize("kind", VOCABULARY.kinds)
@pytest.mark.parametrize("colour", VOCABULARY.colours)
def test_every_name_is_understood_in_both_languages(kind, colour):
    expected = [ToolCall("pick", {"object": ObjectQuery(kind, colour)})]
    for noun in VOCABULARY.kinds[kind].english:
        assert MIND.plan(f"please pick up the {VOCABULARY.spoken('colours', colour)} {noun}") == expected
    for noun in VOCABULARY.kinds[kind].japanese:
        assert MIND.plan(f"{VOCABULARY.spoken('colours', colour, 'japanese')}{noun}を取ってください") == expected


@pytest.mark.parametrize(
    "text",
    [
        "pick up the blue box and then put it beside the bowl",
        "Please take the blue box. Then place it next to the bowl!",
        "青い箱を取って、それからボウルの横に置いてください",
        "青い箱を取ってボウルの隣に置いて",
    ],
)
def test_several_steps_with_a_pronoun(text):
    box = ObjectQuery("box", "blue")
    target = PlaceQuery(object=ObjectQuery("bowl"))
    assert MIND.plan(text) == [
        ToolCall("pick", {"object": box}),
        ToolCall("put", {"object": box, "relation": "beside", "target": target}),
    ]


@pytest.mark.parametrize("text", ["no, the blue one", "I meant the blue one", "いや、青いの", "違う、青い方"])
def test_a_correction_changes_only_what_it_names(text):
    before = ToolCall("put", {"object": MUG, "relation": "on", "target": PlaceQuery("shelf")})
    (call,) = MIND.plan(text, Context().after([before]))
    assert call == ToolCall("put", {**before.arguments, "object": ObjectQuery("mug", "blue")})


@pytest.mark.parametrize(("ask", "answer"), [("put the mug down", "on the shelf"), ("マグを置いて", "棚に")])
def test_a_question_waits_for_its_answer(ask, answer):
    reply = MIND.plan(ask)
    assert isinstance(reply, Reply) and reply.waiting
    (call,) = MIND.plan(answer, Context().asked(reply.waiting))
    assert call.name == "put" and call.arguments["target"] == PlaceQuery("shelf")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("pick up the unicorn", "unicorn"),
        ("ユニコーンを取って", "ユニコーン"),
        ("put the mug on the fridge", "fridge"),
        ("マグを冷蔵庫に置いて", "冷蔵庫"),
        ("throw the mug", "throw"),
        ("", "put the red mug on the shelf"),
        ("   ", "put the red mug on the shelf"),
        ("pick it up", "it"),
        ("pick up the table", "furniture"),
        ("no, the blue one", "nothing yet"),
        ("x" * 500, "too long"),
    ],
)
def test_what_is_not_understood_is_said(text, part):
    reply = MIND.plan(text)
    assert isinstance(reply, Reply) and part in reply.text and "\n" not in reply.text


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("follow me", [ToolCall("follow")]),
        ("Could you please come with me to the kitchen?", [ToolCall("follow")]),
        ("ついてきてください", [ToolCall("follow")]),
        ("get up", [ToolCall("get_up")]),
        ("Stand up, please.", [ToolCall("get_up")]),
        ("起き上がって", [ToolCall("get_up")]),
        ("climb the stairs", [ToolCall("climb")]),
        ("go up the stairs", [ToolCall("climb", {"direction": "up"})]),
        ("階段を降りて", [ToolCall("climb", {"direction": "down"})]),
        ("get up and follow me", [ToolCall("get_up"), ToolCall("follow")]),
        ("don't follow me any more", [ToolCall("stop")]),
        ("stop following me", [ToolCall("stop")]),
        ("もうついてこなくていいよ", [ToolCall("stop")]),
    ],
)
def test_words_about_the_whole_body(text, calls):
    assert MIND.plan(text) == calls


@pytest.mark.parametrize("text", ["do not climb the stairs", "I follow you", "階段を登らないで", "who got up?"])
def test_what_only_sounds_like_them_moves_nothing(text):
    assert moving(text) == []


NOT_ORDERS = (Path(__file__).parent / "not_orders.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("text", NOT_ORDERS)
@pytest.mark.parametrize("context", [Context(), PICKED], ids=["fresh", "after a pick"])
def test_what_is_no_order_never_moves(text, context):
    assert moving(text, context) == []


@given(st.sampled_from(NOT_ORDERS), st.integers(0, 40))
def test_a_cut_off_sentence_is_not_completed(text, cut):
    for call in moving(text[:cut] + "\u2026the", PICKED):
        assert call.name in MOVING  # it may act only on a whole request, which a prefix of these never ends with
        raise AssertionError(text[:cut])


@given(st.text(max_size=60))
@settings(max_examples=300)
def test_any_text_is_answered(text):
    plan = MIND.plan(text, PICKED)
    assert isinstance(plan, Reply) or plan


@given(
    st.lists(
        st.sampled_from(
            [
                "please",
                "pick",
                "up",
                "put",
                "the",
                "red",
                "mug",
                "on",
                "shelf",
                "and",
                "then",
                ",",
                ".",
                "it",
                "no",
                "not",
                "stop",
                "赤い",
                "マグ",
                "を",
                "取って",
                "棚",
                "に",
                "置いて",
                "、",
            ]
        ),
        max_size=60,
    )
)
@settings(max_examples=150, deadline=None)
def test_word_salad_is_answered_quickly(words):
    began = time.process_time()
    MIND.plan(" ".join(words))
    assert time.process_time() - began < 0.25


@pytest.mark.parametrize(
    "text",
    [
        "Stop!",
        "please stop now",
        "stop picking up the mug",
        "止まれ",
        "ちょっと待って",
        "ストップ!",
        "for heaven's sake STOP that",
    ],
)
def test_stop_always_stops(text):
    assert ToolCall("stop") in MIND.plan(text, PICKED)


def test_a_turn_takes_less_than_five_milliseconds():
    texts = [
        "put the red mug on the shelf",
        "青い箱を取って、それからボウルの横に置いてください",
        "throw the mug",
        "pick up the unicorn",
    ]
    for text in texts:
        MIND.plan(text)
    began = time.process_time()
    for _ in range(20):
        for text in texts:
            MIND.plan(text, PICKED)
    assert (time.process_time() - began) / (20 * len(texts)) < 0.005


def test_speed_steps_stay_in_range():
    context = Context()
    for _ in range(6):
        plan = MIND.plan("faster", context)
        if isinstance(plan, Reply):
            break
        context = context.after(plan)
    assert context.speed == 1.0 and isinstance(MIND.plan("もっと速く", context), Reply)


@pytest.mark.parametrize(
    ("text", "hand"),
    [
        ("pick up the red mug with your left hand", "left"),
        ("use your right hand to take the red mug", "right"),
        ("left hand: grab the red mug", "left"),
        ("赤いマグを右手で取って", "right"),
        ("左手を使って赤いマグを取ってください", "left"),
    ],
)
def test_the_hand_that_is_named_is_used(text, hand):
    assert moving(text) == [ToolCall("pick", {"object": MUG, "hand": hand})]


@pytest.mark.parametrize("text", ["use your left hand", "左手でお願い", "no, with the left hand please"])
def test_the_hand_may_be_corrected(text):
    assert moving(text, PICKED) == [ToolCall("pick", {"object": MUG, "hand": "left"})]


def test_each_step_has_its_own_hand():
    calls = moving("take the can with your left hand and pick up the ball with your right hand")
    assert [call.arguments.get("hand") for call in calls] == ["left", "right"]


@pytest.mark.parametrize("text", ["mug to the shelf", "red mug on shelf", "the mug, on the shelf please", "マグは棚に"])
def test_an_order_may_do_without_a_verb(text):
    assert [call.name for call in moving(text)] == ["put"]


@pytest.mark.parametrize("text", ["the mug on the shelf", "the mug on the shelf?", "mug on shelf?", "the mug, please?"])
def test_what_may_be_a_description_is_no_order(text):
    assert moving(text) == []


def test_what_goes_to_a_bowl_goes_into_it():
    for text in ("banana to the bowl", "バナナをボウルへお願い", "move the banana to the bowl"):
        (call,) = moving(text)
        assert call.arguments["relation"] == "in"
