// Visits: checking in where one stands, checking out with what came of it; and targets, which the visits serve.

import { button, el, empty, field, section } from "./dom.js";
import { formInUse, report } from "./reports.js";
import { clock, dayOf, dayWord, money, plain, when } from "./words.js";

const OUTCOMES = ["order_taken", "follow_up", "no_need", "service_done", "refused", "nobody_there", "other"];
const MEASURES = {
  "orders-value": "Orders",
  "orders-count": "Number of orders",
  "new-accounts": "New accounts",
  "opportunities-won": "Opportunities won",
  visits: "Visits",
};
const POSITION_MS = 3_000;

/** `{lat, lon, accuracy_m}` in WGS 84 degrees and metres; empty where the device may not or cannot say. */
function position() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve({});
    const given = ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy });
    navigator.geolocation.getCurrentPosition(given, () => resolve({}), { timeout: POSITION_MS, maximumAge: 60_000 });
    setTimeout(() => resolve({}), POSITION_MS); // also while the device still asks whether it may
  });
}

/** Open a visit at an account; one that is open elsewhere has to be ended first. */
export async function checkIn(app, account) {
  const user = await app.store.fact("last_user");
  const open = (await app.data.rows("visits")).find((visit) => mine(visit, user) && isOpen(visit));
  if (open) {
    app.say("You are checked in elsewhere. Check out there first.", "bad");
    return app.go(`#/visit/${open.id}`);
  }
  const at = Date.now();
  app.say("Finding out where you are …");
  const where = await position();
  const id = await app.data.make("visits", { account_id: account.id, checked_in_at: at, is_mock: false, ...where });
  app.saved("Checked in.");
  await app.go(`#/visit/${id}`);
}

/** Whether the rep is still there; one that nobody ended is ended by the server, by its state. */
export const isOpen = (visit) => !visit.checked_out_at && (visit.state ?? "open") === "open";

const mine = (visit, user) => !visit.rep_id || visit.rep_id === user?.user_id;

/** A card for the visit that is open. */
export async function openVisit(app, visits, accounts, user) {
  const open = visits.find((visit) => mine(visit, user) && isOpen(visit));
  if (!open) return null;
  const name = accounts.get(open.account_id)?.name ?? "an account";
  return el(
    "a",
    { class: "here", href: `#/visit/${open.id}` },
    el(
      "span",
      {},
      el("small", { text: `Since ${clock(open.checked_in_at)}` }),
      el("strong", { text: `You are at ${name}` }),
    ),
    el("span", { class: "strong", text: "Check out" }),
  );
}

export async function showVisit(app, id) {
  const visit = await app.data.row("visits", id);
  if (!visit) return { title: "Visit", back: "#/today", body: empty("This visit is not on this device any more.") };
  const account = await app.data.row("accounts", visit.account_id);
  const facts = {
    title: account?.name ?? "Visit",
    small: `Checked in ${when(visit.checked_in_at)}`,
    back: `#/account/${visit.account_id}`,
  };
  if (!isOpen(visit))
    return {
      ...facts,
      body: section("Visit", el("p", { class: "prose", text: ended(visit) })),
    };
  const outcome = el("select", {}, ...OUTCOMES.map((value) => el("option", { value, text: plain(value) })));
  const next = el("input", { type: "text", autocomplete: "off", maxlength: 200 });
  const words = el("textarea", { rows: 4, maxlength: 10_000 });
  const form = formInUse(await app.data.rows("visit_forms"));
  const questions = form && app.data.writes("visit_reports", "answers") ? report(form) : null;
  const error = el("p", { class: "error", role: "alert" });
  const end = async () => {
    const { answers, problem } = questions ? questions.answers() : {};
    error.textContent = problem ?? "";
    if (problem) return;
    if (answers)
      await app.data.make("visit_reports", { visit_id: id, form_id: form.id, answers: JSON.stringify(answers) });
    await app.data.edit("visits", id, { checked_out_at: Date.now(), outcome: outcome.value });
    if (words.value.trim())
      await app.data.make("interactions", {
        kind: "note.added",
        at: Date.now(),
        account_id: visit.account_id,
        text: words.value.trim(),
      });
    const user = await app.store.fact("last_user");
    if (next.value.trim())
      await app.data.make("tasks", {
        title: next.value.trim(),
        account_id: visit.account_id,
        visit_id: id,
        owner_id: user?.user_id,
        due_at: null,
        done_at: null,
      });
    app.saved("Checked out.");
    await app.back("#/today");
  };
  const controls = [
    field("What came of it", outcome),
    field("What was said or seen", words),
    app.data.writes("tasks", "title") && field("Next step", next, "Becomes a task"),
  ];
  const order = el("a", { class: "quiet", href: `#/account/${visit.account_id}/order`, text: "Take an order" });
  return {
    ...facts,
    body: el(
      "div",
      { class: "form" },
      order,
      ...controls.filter(Boolean),
      questions && section(form.name, el("div", { class: "form" }, ...questions.fields)),
      error,
      button("Check out", end, { strong: true }),
    ),
    steady: true,
  };
}

function ended({ checked_out_at: left, outcome }) {
  return [left ? `Left ${when(left)}.` : "Ended without a check-out.", outcome && plain(outcome)].filter(Boolean).join(" ");
}

/** Targets of today with their progress, as the last sync had it; nothing without one. */
export function targets(rows) {
  const today = dayOf(Date.now());
  const now = rows.filter(({ starts_on, ends_on }) => starts_on <= today && today <= ends_on);
  return now.length > 0 && el("ul", { class: "rows" }, ...now.map(target));
}

function target({ measure, goal, progress, currency, ends_on }) {
  const amount = (value) => (measure === "orders-value" ? money(value, currency) : value.toLocaleString());
  const words = el(
    "p",
    { class: "target-words" },
    el("strong", { text: MEASURES[measure] ?? plain(measure) }),
    el("span", { text: `${amount(progress)} of ${amount(goal)}` }),
  );
  const bar = el("progress", {
    max: goal,
    value: Math.min(goal, progress),
    "aria-label": MEASURES[measure] ?? plain(measure),
  });
  return el("li", { class: "target" }, words, bar, el("small", { text: `until ${dayWord(ends_on)}` }));
}
