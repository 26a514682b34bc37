// Accounts: the list with its search, and one of them with everything that hangs on it.

import { avatar, badge, el, empty, icon, list, section } from "./dom.js";
import { by } from "./data.js";
import { checkIn, isOpen } from "./visits.js";
import { CHANNELS, dayWord, KINDS, money, plain, spaced, when } from "./words.js";

const MOST = 200;
const MOST_OF_HISTORY = 30;

export async function showAccounts(app) {
  const {
    accounts,
    contacts,
    contact_points: points,
    territories,
  } = await app.data.all("accounts", "contacts", "contact_points", "territories");
  const names = new Map(territories.map(({ id, name }) => [id, name]));
  const people = by(contacts, "account_id");
  const addresses = by(points, "contact_id");
  const searched = new Map(
    accounts.map((account) => [account.id, findable(account, people.get(account.id) ?? [], addresses)]),
  );
  const found = el("div", { "aria-live": "polite" });
  const input = el("input", {
    type: "search",
    "aria-label": "Search accounts",
    placeholder: "Name, number or phone",
    autocomplete: "off",
    value: app.searched ?? "",
  });
  const show = () => {
    app.searched = input.value;
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = accounts.filter(({ id }) => wanted.every((word) => searched.get(id).includes(word)));
    hits.sort((one, other) => one.name.localeCompare(other.name));
    const row = (account) => ({
      to: `#/account/${account.id}`,
      lead: avatar(account.name, account.id),
      title: account.name,
      small: [plain(account.kind), names.get(account.territory_id)].filter(Boolean).join(" · "),
      mark:
        account._status !== "synced"
          ? badge("Unsent", "waiting")
          : account.account_class && badge(`Class ${account.account_class}`),
    });
    found.replaceChildren(hits.length ? list(hits.slice(0, MOST).map(row), "Accounts") : empty("Nobody of that name."));
  };
  input.addEventListener("input", show);
  show();
  return {
    title: "Accounts",
    small: `${accounts.length} in your territories`,
    body: [el("div", { class: "search" }, icon("search"), input), found],
    steady: true,
  };
}

function findable(account, contacts, addresses) {
  const words = contacts.flatMap(({ id, name, number }) => [
    name,
    number,
    ...(addresses.get(id) ?? []).flatMap(({ address }) => [address, spaced(address), address.replace(/^\+44/, "0")]),
  ]);
  return [account.name, account.number, ...words].filter(Boolean).join(" ").toLowerCase();
}

export async function showAccount(app, id) {
  const account = await app.data.row("accounts", id);
  if (!account)
    return {
      title: "Account",
      back: "#/accounts",
      body: empty("This account is not on this device any more. It may have moved to another territory."),
    };
  const rows = await app.data.all(
    "contacts",
    "contact_points",
    "orders",
    "interactions",
    "tasks",
    "visits",
    "opportunities",
    "territories",
  );
  const mine = Object.fromEntries(
    Object.entries(rows).map(([table, all]) => [table, all.filter((row) => row.account_id === id)]),
  );
  const points = by(rows.contact_points, "contact_id");
  const territory = rows.territories.find((each) => each.id === account.territory_id)?.name;
  return {
    title: account.name,
    small: [
      plain(account.kind),
      account.account_class && `class ${account.account_class}`,
      territory,
      account.number && `no. ${account.number}`,
    ]
      .filter(Boolean)
      .join(" · "),
    back: "#/accounts",
    body: [
      actions(app, account, mine),
      section(
        "People",
        people(mine.contacts, points),
        el("a", { class: "more", href: `#/account/${id}/contact` }, icon("plus"), "Add a person"),
      ),
      section("Tasks", openTasks(mine.tasks)),
      section("Opportunities", opportunities(mine.opportunities)),
      section("Orders", orders(mine.orders)),
      section("History", history(mine, rows.contacts)),
      el("div", { class: "foot" }, el("a", { class: "quiet", href: `#/account/${id}/edit`, text: "Edit account" })),
    ],
  };
}

function actions(app, account, { visits, contacts }) {
  const link = (to, picture, words) =>
    el("a", { class: "action", href: `#/account/${account.id}/${to}` }, icon(picture), el("span", { text: words }));
  const open = visits.find(isOpen);
  const visit = open
    ? el("a", { class: "action on", href: `#/visit/${open.id}` }, icon("pin"), el("span", { text: "You are here" }))
    : app.data.writes("visits", "checked_in_at") &&
      el(
        "button",
        { type: "button", class: "action", on: { click: () => checkIn(app, account) } },
        icon("pin"),
        el("span", { text: "Check in" }),
      );
  return el(
    "div",
    { class: "actions-row" },
    contacts.length > 0 && link("order", "cart", "Order"),
    link("note", "note", "Note"),
    app.data.writes("tasks", "title") && link("task", "tasks", "Task"),
    visit,
  );
}

function people(contacts, points) {
  if (contacts.length === 0) return empty("Nobody here yet. An order needs a person.");
  const row = (contact) => {
    const addresses = (points.get(contact.id) ?? []).map(({ channel, address }) =>
      channel === "sms" ? spaced(address) : (CHANNELS[channel] ?? channel),
    );
    return {
      to: `#/contact/${contact.id}`,
      lead: avatar(contact.name, contact.id),
      title: contact.name,
      small: addresses.join(" · ") || "No address",
      mark: contact._status !== "synced" && badge("Unsent", "waiting"),
    };
  };
  return list(contacts.map(row), "People");
}

function openTasks(tasks) {
  const open = tasks.filter((task) => !task.done_at);
  const row = (task) => ({
    to: "#/tasks",
    title: task.title,
    small: task.due_at ? `Due ${when(task.due_at)}` : "",
    mark: task._status !== "synced" && badge("Unsent", "waiting"),
  });
  return open.length > 0 && list(open.map(row), "Tasks");
}

function opportunities(rows) {
  const row = (deal) => ({
    title: deal.name ?? plain(deal.stage),
    small: [deal.name && plain(deal.stage), deal.closes_on && `closes ${dayWord(deal.closes_on)}`]
      .filter(Boolean)
      .join(" · "),
    side: money(deal.amount, deal.currency),
  });
  return rows.length > 0 && list(rows.map(row), "Opportunities");
}

function orders(rows) {
  if (rows.length === 0) return null;
  const sorted = [...rows].sort(
    (one, other) => (other.placed_at ?? other.created_at) - (one.placed_at ?? one.created_at),
  );
  const row = (order) => ({
    to: `#/order/${order.id}`,
    title: order.number ? `Order ${order.number}` : "New order",
    small: when(order.placed_at ?? order.created_at),
    side: money(order.total, order.currency),
    mark:
      order._status === "created"
        ? badge("Unsent", "waiting")
        : badge(plain(order.status), order.status === "cancelled" ? "bad" : "calm"),
  });
  return list(sorted.map(row), "Orders");
}

function history({ interactions, visits }, contacts) {
  const names = new Map(contacts.map(({ id, name }) => [id, name]));
  const facts = [
    ...interactions.map((fact) => ({
      at: fact.at ?? fact.created_at,
      title: KINDS[fact.kind] ?? plain(fact.kind),
      small: fact.text,
      who: names.get(fact.contact_id),
      unsent: fact._status === "created",
    })),
    ...visits
      .filter(({ checked_out_at }) => checked_out_at)
      .map((visit) => ({
        at: visit.checked_in_at,
        title: "Visit",
        small: visit.outcome && plain(visit.outcome),
        unsent: visit._status !== "synced",
      })),
  ].sort((one, other) => other.at - one.at);
  if (facts.length === 0) return empty("Nothing written down yet.");
  const item = (fact) =>
    el(
      "li",
      { class: "fact" },
      el(
        "p",
        { class: "fact-head" },
        el("strong", { text: fact.title }),
        fact.who && el("span", { text: fact.who }),
        el("time", { text: when(fact.at) }),
        fact.unsent && badge("Unsent", "waiting"),
      ),
      fact.small && el("p", { class: "fact-text", text: fact.small }),
    );
  return el("ul", { class: "facts" }, ...facts.slice(0, MOST_OF_HISTORY).map(item));
}
