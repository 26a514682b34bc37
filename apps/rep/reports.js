// Visit reports: the manager's questions as fields, and the answers as they travel.

import { el, field } from "./dom.js";

/** The newest form in use; null without one. */
export function formInUse(forms) {
  return forms.filter((form) => form.is_active).sort((one, other) => other.version - one.version)[0] ?? null;
}

/** The fields of a form, and `answers()`: `{key: answer}` of what was answered, or `{problem}` in a sentence. */
export function report(form) {
  const questions = typeof form.questions === "string" ? JSON.parse(form.questions) : form.questions;
  const asked = questions.filter(({ type }) => type !== "photo"); // a photo needs a place to lie, and with it a network
  const controls = new Map(asked.map((question) => [question.key, control(question)]));
  const fields = asked.map((question) =>
    field(
      `${question.label}${question.is_required ? "" : " (optional)"}`,
      controls.get(question.key),
      bounds(question),
    ),
  );
  return { fields, answers: () => answersOf(asked, (key) => controls.get(key).value.trim()) };
}

/** Pure: the answers that these texts stand for. Nothing answered at all is no report: null. */
export function answersOf(questions, textOf) {
  const answers = {};
  for (const question of questions) {
    const text = textOf(question.key);
    if (text === "") continue;
    const answer = question.type === "number" ? Number(text) : question.type === "yes_no" ? text === "yes" : text;
    if (question.type === "number" && !within(question, answer))
      return { problem: `${question.label}: ${bounds(question) ?? "a number is needed"}.` };
    answers[question.key] = answer;
  }
  if (Object.keys(answers).length === 0) return { answers: null };
  const missing = questions.find(({ key, is_required }) => is_required && answers[key] === undefined);
  return missing ? { problem: `${missing.label}: an answer is needed.` } : { answers };
}

const within = ({ minimum, maximum }, number) =>
  Number.isFinite(number) && number >= (minimum ?? -Infinity) && number <= (maximum ?? Infinity);

function bounds({ type, minimum, maximum }) {
  if (type !== "number") return null;
  if (minimum !== null && minimum !== undefined)
    return maximum === null || maximum === undefined ? `At least ${minimum}` : `From ${minimum} to ${maximum}`;
  return maximum === null || maximum === undefined ? null : `At most ${maximum}`;
}

function control({ type, options, minimum, maximum }) {
  if (type === "number")
    return el("input", { type: "number", inputmode: "decimal", step: "any", min: minimum, max: maximum });
  if (type === "text") return el("textarea", { rows: 2, maxlength: 4000 });
  const choices =
    type === "yes_no"
      ? [
          ["yes", "Yes"],
          ["no", "No"],
        ]
      : options.map((option) => [option, option]);
  return el(
    "select",
    {},
    el("option", { value: "", text: "Not answered" }),
    ...choices.map(([value, text]) => el("option", { value, text })),
  );
}
