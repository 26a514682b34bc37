// Visits: checking in where one stands, checking out with what came of it; and targets, which the visits serve.

import { button, el, empty, field, section } from "./dom.js";
import { clock, count, daysBetween, money, plain, when } from "./words.js";

const OUTCOMES = ["order_taken", "follow_up", "no_need", "service_done", "refused", "nobody_there", "other"];
const POSITION_MS = 5_000;

/** `{lat, lon, accuracy_m}` in WGS 84 degrees and metres; empty where the device may not or cannot say. */
function position() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve({});
    const given = ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude, accuracy_m: coords.accuracy });
    navigator.geolocation.getCurrentPosition(given, () => resolve({}), { timeout: POSITION_MS, maximumAge: 60_000 });
    setTimeout(() => resolve({}), POSITION_MS + 1_000);
  });
}

/** Open a visit at an account; one that is open elsewhere has to be ended first. */
export async function checkIn(app, account) {
  const user = await app.store.fact("last_user");
  const open = (await app.data.rows("visits")).find((visit) => mine(visit, user) && !visit.checked_out_at);
  if (open) {
    app.say("You are checked in elsewhere. Check out there first.", "bad");
    return app.go(`#/visit/${open.id}`);
  }
  const at = Date.now();
  const id = await app.data.make("visits", { account_id: account.id, checked_in_at: at });
  app.saved("Checked in.");
  await app.go(`#/visit/${id}`);
  const where = await position(); // it may take its time; the visit has begun
  if (where.lat !== undefined && (await app.data.row("visits", id))?._status === "created") await app.data.edit("visits", id, where);
}

const mine = (visit, user) => !visit.rep_id || visit.rep_id === user?.user_id;

/** A card for the visit that is open. */
export async function openVisit(app, visits, accounts, user) {
  const open = visits.find((visit) => mine(visit, user) && !visit.checked_out_at);
  if (!open || daysBetween(open.checked_in_at, Date.now()) > 1) return null;
  const name = accounts.get(open.account_id)?.name ?? "an account";
  return el("a", { class: "here", href: `#/visit/${open.id}` }, el("span", {}, el("small", { text: `Since ${clock(open.checked_in_at)}` }), el("strong", { text: `You are at ${name}` })), el("span", { class: "strong", text: "Check out" }));
}

export async function showVisit(app, id) {
  const visit = await app.data.row("visits", id);
  if (!visit) return { title: "Visit", back: "#/today", body: empty("This visit is not on this device any more.") };
  const account = await app.data.row("accounts", visit.account_id);
  const facts = { title: account?.name ?? "Visit", small: `Checked in ${when(visit.checked_in_at)}`, back: `#/account/${visit.account_id}` };
  if (visit.checked_out_at) return { ...facts, body: section("Visit", el("p", { class: "prose", text: `Left ${when(visit.checked_out_at)}. ${visit.outcome ? plain(visit.outcome) : ""}` })) };
  const outcome = el("select", {}, ...OUTCOMES.map((value) => el("option", { value, text: plain(value) })));
  const next = el("input", { type: "text", autocomplete: "off", maxlength: 200 });
  const words = el("textarea", { rows: 4, maxlength: 10_000 });
  const end = async () => {
    await app.data.edit("visits", id, { checked_out_at: Date.now(), outcome: outcome.value });
    if (words.value.trim()) await app.data.make("interactions", { kind: "note.added", at: Date.now(), account_id: visit.account_id, text: words.value.trim() });
    const user = await app.store.fact("last_user");
    if (next.value.trim()) await app.data.make("tasks", { title: next.value.trim(), account_id: visit.account_id, visit_id: id, owner_id: user?.user_id, due_at: null, done_at: null });
    app.saved("Checked out.");
    await app.back("#/today");
  };
  const controls = [field("What came of it", outcome), field("What was said or seen", words), app.data.writes("tasks", "title") && field("Next step", next, "Becomes a task")];
  const order = el("a", { class: "quiet", href: `#/account/${visit.account_id}/order`, text: "Take an order" });
  return { ...facts, body: el("div", { class: "form" }, order, ...controls.filter(Boolean), button("Check out", end, { strong: true })), steady: true };
}

/** A target as a row of a list. */
export function shownTarget(target) {
  const amount = (value) => (target.currency ? money(value, target.currency) : count(value ?? 0, "", ""));
  return { title: plain(target.name ?? target.metric ?? "Target"), small: [target.period, target.starts_on && `${target.starts_on} to ${target.ends_on}`].filter(Boolean).join(" "), side: target.achieved === undefined ? amount(target.goal ?? target.amount) : `${amount(target.achieved)} of ${amount(target.goal ?? target.amount)}` };
}
