// Leads: who waits for a first word, and what a rep can say of one without a network.

import { badge, button, el, empty, field, icon, list, section } from "./dom.js";
import { plain, spaced, when } from "./words.js";

const OPEN = ["new", "contacted", "qualified"];
const LOSSES = ["not-interested", "unreachable", "no-fit", "competitor", "duplicate", "spam", "other"];
const MOST = 6;

/** The open leads of this rep as a list, the most urgent first; nothing without one. */
export function waitingLeads(leads, user) {
  const mine = leads.filter(
    (lead) => OPEN.includes(lead.status) && (!lead.owner_id || lead.owner_id === user?.user_id),
  );
  mine.sort(
    (one, other) =>
      (one.first_touched_at ? 1 : 0) - (other.first_touched_at ? 1 : 0) ||
      (one.touch_due_at ?? Infinity) - (other.touch_due_at ?? Infinity),
  );
  return mine.length > 0 && list(mine.slice(0, MOST).map(row), "Leads");
}

function row(lead) {
  const late = lead.status === "new" && lead.touch_due_at && lead.touch_due_at < Date.now();
  const due =
    lead.status === "new" && lead.touch_due_at ? `first word due ${when(lead.touch_due_at)}` : plain(lead.status);
  return {
    to: `#/lead/${lead.id}`,
    title: lead.name,
    small: [lead.company, due].filter(Boolean).join(" · "),
    mark: lead._status !== "synced" ? badge("Unsent", "waiting") : late && badge("Overdue", "bad"),
  };
}

export async function showLead(app, id) {
  const lead = await app.data.row("leads", id);
  if (!lead) return { title: "Lead", back: "#/today", body: empty("This lead is not on this device any more.") };
  const move = (values, words) => async () => {
    await app.data.edit("leads", id, values);
    app.saved(words);
    await app.back("#/today");
  };
  const facts = [
    lead.phone && ["Phone", spaced(lead.phone)],
    lead.email && ["E-mail", lead.email],
    lead.postcode && ["Postcode", lead.postcode],
    lead.source && ["From", plain(lead.source)],
  ].filter(Boolean);
  const open = OPEN.includes(lead.status);
  const loss = el("select", {}, ...LOSSES.map((value) => el("option", { value, text: plain(value) })));
  return {
    title: lead.name,
    small: [lead.company, plain(lead.status)].filter(Boolean).join(" · "),
    back: "#/today",
    steady: true,
    body: [
      el(
        "div",
        { class: "actions-row" },
        lead.phone &&
          el("a", { class: "action", href: `tel:${lead.phone}` }, icon("call"), el("span", { text: "Call" })),
        lead.status === "new" &&
          action("good", "In touch", move({ status: "contacted", first_touched_at: Date.now() }, "Noted.")),
        lead.status === "contacted" && action("good", "Qualified", move({ status: "qualified" }, "Noted.")),
        lead.status === "qualified" &&
          action("accounts", "Make account", move({ status: "converted" }, "It becomes an account.")),
      ),
      section(
        "About",
        facts.length > 0 &&
          list(
            facts.map(([small, title]) => ({ title, small })),
            "About",
          ),
      ),
      section("Notes", el("p", { class: "prose", text: lead.notes || "None." })),
      open &&
        el(
          "div",
          { class: "form" },
          field("Nothing came of it, because", loss),
          button("Lost", () => move({ status: "lost", lost_reason: loss.value }, "Noted.")(), { danger: true }),
        ),
    ],
  };
}

const action = (picture, words, act) =>
  el("button", { type: "button", class: "action", on: { click: act } }, icon(picture), el("span", { text: words }));
