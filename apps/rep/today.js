// The day: where one is, what is planned, what is due, who has not been heard of for long.

import { avatar, badge, el, empty, list, section } from "./dom.js";
import { byId } from "./data.js";
import { waitingLeads } from "./leads.js";
import { openVisit, targets } from "./visits.js";
import { ago, clock, count, dayOf, daysBetween, longDay, money, plain } from "./words.js";

const MOST = 8;
const HALF_DAY_MS = 43_200_000;

export async function showToday(app) {
  const { data, store } = app;
  if ((await store.fact("cursor")) === undefined) return { title: "Today", body: firstSync(app) };
  const [rows, last, session, synced] = await Promise.all([
    data.all("accounts", "tasks", "planned_visits", "visits", "orders", "targets", "leads"),
    data.lastContacts(),
    store.fact("last_user"),
    store.fact("synced_at"),
  ]);
  const accounts = byId(rows.accounts);
  const body = [
    session && !(await store.fact("session")) ? signedOut() : null,
    await openVisit(app, rows.visits, accounts, session),
    planned(rows, accounts, session),
    due(rows, accounts),
    section("Leads", waitingLeads(rows.leads, session)),
    overdue(rows, last),
    sold(rows, accounts),
    section("Targets", targets(rows.targets)),
  ];
  return {
    title: "Today",
    small: longDay(Date.now()),
    body: body.filter(Boolean).length ? body : empty(`Nothing here yet. Last synced ${ago(synced)}.`),
  };
}

function firstSync(app) {
  const waits = ["away", "trouble", "airplane"].includes(app.radio.state);
  return el(
    "div",
    { class: "welcome" },
    el("p", { class: "big", text: waits ? "Waiting for a network" : "Fetching your accounts" }),
    el("p", {
      text: waits
        ? app.radio.words || "The first sync needs a network. After that, none is needed."
        : "Once they are here, the app works without a network.",
    }),
  );
}

function signedOut() {
  return el(
    "div",
    { class: "banner" },
    el("p", { text: "Your session has ended. Everything is still here; sign in to sync." }),
    el("a", { class: "strong", href: "#/sign-in", text: "Sign in" }),
  );
}

function planned({ planned_visits: plans }, accounts, user) {
  const today = dayOf(Date.now());
  const mine = plans.filter(
    (plan) => plan.on === today && plan.state === "planned" && (!plan.rep_id || plan.rep_id === user?.user_id),
  );
  mine.sort((one, other) => (one.starts_at ?? Infinity) - (other.starts_at ?? Infinity));
  const row = (plan) => ({
    to: `#/account/${plan.account_id}`,
    lead: avatar(accounts.get(plan.account_id)?.name ?? "?", plan.account_id),
    title: accounts.get(plan.account_id)?.name ?? "Account",
    small: plan.purpose ?? count(plan.duration_minutes ?? 30, "minute"),
    side: plan.starts_at ? clock(plan.starts_at) : "",
  });
  return section("Visits today", mine.length > 0 && list(mine.map(row), "Visits today"));
}

function due({ tasks }, accounts) {
  const soon = tasks.filter((task) => !task.done_at && task.due_at && task.due_at < Date.now() + HALF_DAY_MS);
  soon.sort((one, other) => one.due_at - other.due_at);
  const row = (task) => ({
    to: "#/tasks",
    title: task.title,
    small: accounts.get(task.account_id)?.name,
    mark: task.due_at < Date.now() ? badge("Overdue", "bad") : badge(clock(task.due_at), "waiting"),
  });
  return section("Due", soon.length > 0 && list(soon.slice(0, MOST).map(row), "Tasks due"));
}

function overdue({ accounts }, last) {
  const sorted = [...accounts].sort((one, other) => (last.get(one.id) ?? 0) - (last.get(other.id) ?? 0));
  const row = (account) => ({
    to: `#/account/${account.id}`,
    lead: avatar(account.name, account.id),
    title: account.name,
    small: silence(last.get(account.id)),
    mark: account.account_class && badge(`Class ${account.account_class}`),
  });
  return section(
    "Longest without a word",
    sorted.length > 0 && list(sorted.slice(0, MOST).map(row), "Accounts longest without a word"),
  );
}

function silence(at) {
  if (!at) return "Never in touch";
  const days = daysBetween(at, Date.now());
  return days === 0 ? "In touch today" : `${count(days, "day")} without a word`;
}

function sold({ orders }, accounts) {
  const open = orders.filter((order) => order.status === "new" && order.kind !== "credit");
  open.sort((one, other) => other.created_at - one.created_at);
  const row = (order) => ({
    to: `#/order/${order.id}`,
    title: accounts.get(order.account_id)?.name ?? "Order",
    small: order.number ? `Order ${order.number}` : "Waiting to be sent",
    side: money(order.total, order.currency),
    mark: order._status === "created" ? badge("Unsent", "waiting") : badge(plain(order.status)),
  });
  return section("New orders", open.length > 0 && list(open.slice(0, MOST).map(row), "New orders"));
}
