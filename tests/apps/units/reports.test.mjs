// Answers to the manager's questions, as they travel.

import assert from "node:assert/strict";
import { test } from "node:test";

import { answersOf, formInUse } from "../../../apps/rep/reports.js";

const QUESTIONS = [
  { key: "shelf", label: "On the shelf", type: "number", is_required: true, minimum: 0, maximum: 50 },
  { key: "clean", label: "Machine clean", type: "yes_no", is_required: false },
  { key: "mood", label: "Mood", type: "choice", is_required: false, options: ["good", "bad"] },
];
const said = (texts) => answersOf(QUESTIONS, (key) => texts[key] ?? "");

test("answers are of the type of their question", () => {
  assert.deepEqual(said({ shelf: "12", clean: "no", mood: "good" }), {
    answers: { shelf: 12, clean: false, mood: "good" },
  });
});

test("nothing answered is no report, half a report says what is missing", () => {
  assert.deepEqual(said({}), { answers: null });
  assert.match(said({ mood: "bad" }).problem, /On the shelf/);
});

test("a number outside its bounds is told before it is sent", () => {
  assert.match(said({ shelf: "51" }).problem, /From 0 to 50/);
});

test("the newest form in use is the one to fill in", () => {
  const forms = [
    { version: 1, is_active: false },
    { version: 3, is_active: true },
    { version: 2, is_active: true },
  ];
  assert.equal(formInUse(forms).version, 3);
  assert.equal(formInUse([]), null);
});
