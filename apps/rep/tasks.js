// Tasks: what is to be done, and what was.

import { badge, el, empty, icon, section } from "./dom.js";
import { byId } from "./data.js";
import { when } from "./words.js";

const MOST_DONE = 10;

export async function showTasks(app) {
  const { tasks, accounts } = await app.data.all("tasks", "accounts");
  const names = byId(accounts);
  const open = tasks
    .filter((task) => !task.done_at)
    .sort((one, other) => (one.due_at ?? Infinity) - (other.due_at ?? Infinity));
  const done = tasks.filter((task) => task.done_at).sort((one, other) => other.done_at - one.done_at);
  const rows = (all) =>
    all.length > 0 && el("ul", { class: "rows" }, ...all.map((task) => item(app, task, names.get(task.account_id))));
  return {
    title: "Tasks",
    small: `${open.length} open`,
    body:
      open.length + done.length
        ? [section("To do", rows(open) || empty("All done.")), section("Done", rows(done.slice(0, MOST_DONE)))]
        : empty("No tasks. Add one from an account."),
  };
}

function item(app, task, account) {
  const done = Boolean(task.done_at);
  const tick = el(
    "button",
    {
      type: "button",
      class: "tick",
      role: "checkbox",
      "aria-checked": String(done),
      "aria-label": `Done: ${task.title}`,
    },
    icon("good"),
  );
  tick.addEventListener("click", () => app.data.edit("tasks", task.id, { done_at: done ? null : Date.now() }));
  const late = !done && task.due_at && task.due_at < Date.now();
  const words = [account?.name, done ? `done ${when(task.done_at)}` : task.due_at && `due ${when(task.due_at)}`]
    .filter(Boolean)
    .join(" · ");
  return el(
    "li",
    { class: `row task${done ? " done" : ""}` },
    tick,
    el(
      "a",
      { class: "words", href: `#/account/${task.account_id}` },
      el("strong", { text: task.title }),
      el("small", { text: words }),
    ),
    task._status !== "synced" ? badge("Unsent", "waiting") : late && badge("Overdue", "bad"),
  );
}
