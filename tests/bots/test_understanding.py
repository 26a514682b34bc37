"""What people write is understood: short, rude, mistyped; where rule and model differ, they are asked."""

from pathlib import Path

import numpy as np
import pytest

from bots.fusing import fused
from bots.intents import COMMAND_OF, line_for
from bots.model import Guess, Model, Models, load, save
from bots.training import seeds
from bots.training.evaluating import BadRow, Labelled, Prediction, evaluate, predict, report, rows_of
from bots.training.examples import examples
from bots.training.fitting import fit
from mcrm.learning.intents import Intent

MODELS = Models()


def said(text: str) -> Prediction:
    return predict(Labelled(text, "", "en"), MODELS)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yo cancel dat order quick", "cancel_order"),
        ("u took the money twice u muppets", "payment_issue"),
        ("my missus wants to make an account with ur shop", "create_account"),
        ("where u at with my delivery fam", "order_status"),
        ("pls stop emailing me ur promotions", "newsletter"),
        ("edit order 113542 pls", "change_order"),
        ("cant rember my pasword", "recover_password"),
        ("r u a robot m8", "bot_challenge"),
        ("cheers mate", "thanks"),
        ("help me with order 1042, i want to swap the mug for the blue one", "change_order"),
    ],
)
def test_people_are_understood_as_they_write(text: str, intent: str) -> None:
    assert (said(text).intent, said(text).alternatives) == (intent, ())


@pytest.mark.parametrize("text", ["how tall is the eiffel tower", "asdf", "🤬🤬🤬", "12 34", "play some jazz", ""])
def test_what_is_none_of_our_business_is_not_guessed_at(text: str) -> None:
    assert said(text).intent == Intent.OUT_OF_SCOPE


def test_a_number_of_bags_is_no_order_number() -> None:
    assert said("order 2 bags of the colombian").intent != Intent.ORDER_STATUS


def test_two_that_agree_are_sure_and_two_that_differ_ask() -> None:
    guesses = [Guess("invoice", 0.4), Guess("refund_status", 0.2)]
    assert fused("invoice", guesses).alternatives == ()
    assert set(fused("payment_issue", guesses).alternatives) == {"invoice", "payment_issue"}


def test_a_certain_model_overrules_a_rule_that_saw_one_word() -> None:
    assert fused("cancel_order", [Guess("newsletter", 0.9), Guess("oos", 0.05)]).intent == "newsletter"


def test_a_doubtful_model_alone_asks_about_its_two_best_topics_and_never_about_a_thank_you() -> None:
    doubt = fused(None, [Guess("change_order", 0.32), Guess("affirm", 0.2), Guess("invoice", 0.1)])
    assert doubt.alternatives == ("change_order", "invoice")
    assert fused(None, [Guess("change_order", 0.1), Guess("invoice", 0.1)]).intent == Intent.OUT_OF_SCOPE


def test_without_a_model_the_rules_alone_decide() -> None:
    assert (fused("invoice", ()).intent, fused(None, ()).intent) == ("invoice", Intent.OUT_OF_SCOPE)


def test_the_shipped_model_was_made_from_the_seeds_as_they_are() -> None:
    model = MODELS.of("en")
    assert model is not None
    assert model.sources == seeds.digest("en"), "run: mcrm bots train --seeds-only --to bots/models"


def test_every_intent_has_its_forty_lines_and_somebody_who_serves_it() -> None:
    assert set(seeds.intents("en")) == set(Intent)
    assert {intent: len(seeds.lines("en", intent)) for intent in Intent if len(seeds.lines("en", intent)) < 40} == {}
    assert {line_for(intent).partition(":")[0] for intent in Intent} <= {*COMMAND_OF.values(), "desk"}


def a_small_model() -> Model:
    told = [(f"where is my {thing}", "order_status") for thing in ("order", "parcel", "coffee", "mug")]
    told += [(f"send me the {paper}", "invoice") for paper in ("invoice", "bill", "receipt", "invoice again")]
    return fit(told * 6, seed=1)


def test_the_same_sentences_make_the_same_model() -> None:
    one, other = a_small_model(), a_small_model()
    assert one.vocabulary == other.vocabulary
    assert np.array_equal(one.weights, other.weights)
    assert [guess.intent for guess in one.guesses("where is the coffee")] == ["order_status", "invoice"]


def test_an_artefact_says_the_same_after_it_was_stored(tmp_path: Path) -> None:
    model = a_small_model()
    save(model, tmp_path / "en.npz")
    stored = load(tmp_path / "en.npz")
    assert stored.guesses("the bill")[0].confidence == pytest.approx(model.guesses("the bill")[0].confidence, abs=0.01)
    assert stored.hash


def test_a_newly_trained_model_is_taken_up_and_a_broken_one_is_not(tmp_path: Path) -> None:
    models = Models(tmp_path)
    shipped = models.of("en")
    save(a_small_model(), tmp_path / "en.npz")
    trained = models.of("en")
    assert trained is not None
    assert trained is not shipped
    (tmp_path / "en.npz").write_bytes(b"not an archive")
    assert models.of("en") is shipped


def test_labelled_messages_join_the_seeds() -> None:
    rows = examples("en", [("zorp glibber", "invoice")])
    assert ("zorp glibber", "invoice") in rows


def test_seed_lines_are_written_out() -> None:
    assert list(seeds.written_out("[a|b] order [now|]")) == ["a order now", "a order", "b order now", "b order"]


def test_the_report_counts_a_question_that_holds_the_truth_as_right() -> None:
    truth = ["invoice", "invoice", "oos", "oos"]
    asked = Prediction("refund_status", 0.4, ("refund_status", "invoice"))
    figures = report(truth, [Prediction("invoice", 0.9, ()), asked, Prediction("oos", 0.8, ()), asked])
    assert (figures["in_scope_accuracy"], figures["answered_or_asked_accuracy"]) == (0.5, 0.75)
    assert (figures["oos_recall"], figures["asked_share"], figures["n"]) == (0.5, 0.5, 4)
    assert figures["confusion"] == [["invoice", "refund_status", 1], ["oos", "refund_status", 1]]


def test_the_answer_of_evaluate_has_exactly_its_members() -> None:
    figures, predictions = evaluate([Labelled("where is my order", "order_status", "en")], MODELS)
    assert list(figures) == [
        "n",
        "in_scope_accuracy",
        "answered_or_asked_accuracy",
        "macro_f1",
        "oos_recall",
        "asked_share",
        "confusion",
        "p50_ms",
        "p95_ms",
    ]
    assert list(predictions[0].as_json()) == ["intent", "confidence", "alternatives"]


@pytest.mark.parametrize("line", ["no json", "[]", '{"text": "hello"}'])
def test_a_bad_row_names_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"text": "hi", "intent": "greet"}\n' + line + "\n")
    with pytest.raises(BadRow, match="line 2"):
        list(rows_of(file))
