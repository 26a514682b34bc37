// The exchange as a rep sees it: what waits, what was refused and why, what met somebody else's change, and the proof.

import { button, el, empty, icon, list, section } from "./dom.js";
import { closeRefusal, conflictCard, openConflicts } from "./inbox.js";
import { keptStock } from "./leases.js";
import { changedColumns } from "./records.js";
import { signOut } from "./signin.js";
import { ago, columnWord, count, KINDS, tableWord, when } from "./words.js";

const WORDS = {
  airplane: ["Airplane mode is on", "Nothing is sent or fetched. Everything goes on working."],
  "signed-out": ["Signed out", "Sign in to sync. What is here stays."],
  syncing: ["Syncing", "One moment."],
  good: ["Up to date", "What you do is sent at once."],
  away: ["No network", "What you do is kept here and sent when the network is back."],
  trouble: ["The server has trouble", "It will be tried again by itself."],
};

export async function showSync(app) {
  const names = await namesOf(app);
  const [unsent, conflicts, settlements, compared, synced, told, user] = await Promise.all([
    app.store.unsent(),
    openConflicts(app.store),
    ...["settlements", "compared", "synced_at", "told", "last_user"].map((fact) => app.store.fact(fact)),
  ]);
  const records = unsent.filter(({ table }) => table !== "order_lines");
  const waiting = records.filter((record) => !record.refused);
  const refused = records.filter((record) => record.refused);
  const decided = new Map((settlements ?? []).map(({ id, choice }) => [id, choice]));
  return {
    title: "Sync",
    small: user?.email ?? "",
    body: [
      standing(app, synced),
      section(
        "Refused",
        refused.map((record) => refusedCard(app, record, names)),
      ),
      section(
        "Conflicts",
        conflicts.map((conflict) => conflictCard(app, conflict, names, decided.get(conflict.id))),
      ),
      section(
        "Not sent yet",
        waiting.length > 0 &&
          list(
            waiting.map((record) => waitingRow(record, names)),
            "Not sent yet",
          ),
      ),
      section("Told by the server", (told ?? []).length > 0 && toldCard(app, told, names)),
      await keptStock(app, names),
      proof(compared, waiting.length),
      el(
        "div",
        { class: "foot" },
        button("Sign out", () => signOut(app), { danger: true }),
      ),
    ],
  };
}

function standing(app, synced) {
  const { state, words } = app.radio;
  const [title, detail] = WORDS[state];
  const picture =
    { airplane: "plane", away: "warn", trouble: "warn", "signed-out": "person" }[state] ??
    (state === "good" ? "good" : "sync");
  const now = button("Sync now", () => app.radio.wake());
  now.disabled = state === "syncing" || state === "airplane" || state === "signed-out";
  return el(
    "section",
    { class: "standing-card", "data-state": state },
    icon(picture),
    el(
      "div",
      {},
      el("h2", { text: title }),
      el("p", { text: state === "trouble" ? words : detail }),
      el("small", { text: `Last synced ${ago(synced)}` }),
    ),
    state === "signed-out" ? el("a", { class: "strong", href: "#/sign-in", text: "Sign in" }) : now,
  );
}

/** Names of what records are about. */
async function namesOf(app) {
  const { accounts, contacts, products } = await app.data.all("accounts", "contacts", "products");
  return new Map([...accounts, ...contacts, ...products].map(({ id, name }) => [id, name]));
}

function about({ table, raw }, names) {
  const kind = table === "interactions" ? (KINDS[raw.kind] ?? "Note") : tableWord(table);
  const whom = raw.name ?? raw.title ?? names.get(raw.contact_id) ?? names.get(raw.account_id) ?? raw.address ?? "";
  return whom ? `${kind}: ${whom}` : kind;
}

function waitingRow(record, names) {
  const what = {
    created: "New",
    updated: `Changed: ${changedColumns(record.raw).map(columnWord).join(", ")}`,
    deleted: "Deleted",
  }[record.raw._status];
  return {
    title: about(record, names),
    small: record.raw.text ? `${what} · ${record.raw.text}` : what,
    mark: icon("wait"),
  };
}

function refusedCard(app, record, names) {
  const { table, id, refused } = record;
  const order = table === "orders";
  const correct = order
    ? `#/order/${id}/edit`
    : { contacts: `#/contact/${id}/edit`, accounts: `#/account/${id}/edit` }[table];
  const parts = async (work) => {
    const lines = order ? (await app.data.rows("order_lines")).filter((line) => line.order_id === id) : [];
    await app.store.write(async (unit) => {
      for (const line of lines) await work(unit, "order_lines", line.id);
      await work(unit, table, id);
    });
  };
  const again = button("Try again", () => parts((unit, ...key) => unit.retry(...key)));
  const drop = async () => {
    await parts((unit, ...key) => unit.undo(...key));
    await closeRefusal(app, id);
  };
  return el(
    "article",
    { class: "card bad" },
    el("h3", { text: about(record, names) }),
    el("p", { class: "why", text: refused.detail }),
    el("small", { text: `${when(refused.at)} · ${refused.code}` }),
    el(
      "div",
      { class: "actions" },
      correct && el("a", { class: "strong", href: correct, text: "Correct" }),
      again,
      button("Drop", drop, { danger: true }),
    ),
  );
}

function toldCard(app, told, names) {
  const rows = told.map((word) => ({
    title: `${tableWord(word.table)}${names.has(word.id) ? `: ${names.get(word.id)}` : ""}`,
    small: word.detail,
  }));
  return [list(rows, "Told by the server"), button("I have read this", () => app.store.note("told", []))];
}

function proof(compared, waiting) {
  if (!compared) return section("This device and the server", empty("Not compared yet."));
  const equal = compared.equal
    ? `Equal: ${count(compared.rows, "record")}, compared ${ago(compared.at)}.`
    : `Not equal in ${compared.tables.map((table) => tableWord(table).toLowerCase()).join(", ")}; everything is fetched anew.`;
  const besides = waiting ? ` Beside it, ${count(waiting, "change")} not sent yet.` : "";
  return section(
    "This device and the server",
    el(
      "p",
      { class: `proof ${compared.equal ? "good" : "bad"}` },
      icon(compared.equal ? "good" : "warn"),
      el("span", { text: equal + besides }),
    ),
  );
}
