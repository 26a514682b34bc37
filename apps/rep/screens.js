// Which screen an address shows.

import { showAccount, showAccounts } from "./accounts.js";
import { editAccount, editContact, newContact, newNote, newPoint, newTask, showContact } from "./forms.js";
import { showLead } from "./leads.js";
import { newLease } from "./leases.js";
import { newOrder, showOrder } from "./orders.js";
import { showSignIn } from "./signin.js";
import { showSync } from "./syncing.js";
import { showTasks } from "./tasks.js";
import { showToday } from "./today.js";
import { showVisit } from "./visits.js";

export const SECTIONS = [
  { section: "today", to: "#/today", words: "Today" },
  { section: "accounts", to: "#/accounts", words: "Accounts" },
  { section: "tasks", to: "#/tasks", words: "Tasks" },
  { section: "sync", to: "#/sync", words: "Sync" },
];

/** Patterns of addresses; `:` stands for an id, which the screen is given. */
const SCREENS = [
  ["today", showToday, "today"],
  ["accounts", showAccounts, "accounts"],
  ["account/:", showAccount, "accounts"],
  ["account/:/edit", editAccount, "accounts"],
  ["account/:/note", newNote, "accounts"],
  ["account/:/contact", newContact, "accounts"],
  ["account/:/task", newTask, "accounts"],
  ["account/:/order", newOrder, "accounts"],
  ["contact/:", showContact, "accounts"],
  ["contact/:/edit", editContact, "accounts"],
  ["contact/:/point", newPoint, "accounts"],
  ["order/:", showOrder, "accounts"],
  ["order/:/edit", (app, id) => newOrder(app, null, id), "accounts"],
  ["visit/:", showVisit, "today"],
  ["lead/:", showLead, "today"],
  ["lease", newLease, "sync"],
  ["tasks", showTasks, "tasks"],
  ["sync", showSync, "sync"],
];

/** `{name, show, words, section}`; without a sign-in there is one screen, and what is unknown is today. */
export function screenOf(hash, { signedIn }) {
  const steps = hash.replace(/^#\/?/, "").split("/").filter(Boolean);
  if (!signedIn || steps[0] === "sign-in") return { name: "sign-in", show: showSignIn, words: [] };
  for (const [pattern, show, section] of SCREENS) {
    const wanted = pattern.split("/");
    if (wanted.length === steps.length && wanted.every((step, at) => step === ":" || step === steps[at])) {
      const words = steps.filter((_, at) => wanted[at] === ":");
      return { name: pattern === section ? section : `${pattern} ${words.join(" ")}`, show, words, section };
    }
  }
  return { name: "today", show: showToday, words: [], section: "today" };
}
