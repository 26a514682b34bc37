// The left side: what waits, what is mine, what colleagues have.

import { badge, el, empty } from "./dom.js";
import { channelName, nameOf, until } from "./words.js";

const GROUPS = [
  ["Waiting", (one) => one.state === "waiting"],
  ["Mine", (one, me) => one.state === "taken" && one.agent_id === me],
  ["Colleagues", (one, me) => one.state === "taken" && one.agent_id !== me],
];

/** All conversations that go on, the most urgent of each group first. */
export function drawQueue(app) {
  const groups = GROUPS.map(([title, belongs]) => {
    const rows = app.handovers.filter((one) => belongs(one, app.me)).sort(byUrgency);
    if (rows.length === 0) return null;
    return el(
      "section",
      { "aria-label": title },
      el("h2", {}, el("span", { text: title }), el("span", { class: "count", text: rows.length })),
      el("ul", {}, ...rows.map((one) => el("li", {}, rowOf(app, one)))),
    );
  }).filter(Boolean);
  return groups.length ? groups : [empty("Nobody waits. New conversations appear here by themselves.")];
}

const dueOf = (one) => (one.first_responded_at ? one.resolution_due_at : one.first_response_due_at);
const byUrgency = (one, other) =>
  other.awaits_reply - one.awaits_reply || dueOf(one).localeCompare(dueOf(other)) || one.id.localeCompare(other.id);

function rowOf(app, one) {
  const [, order] = one.summary.split("\n");
  const due = dueOf(one);
  const tone = !one.awaits_reply ? "calm" : new Date(due) < Date.now() ? "bad" : "waiting";
  return el(
    "button",
    {
      type: "button",
      class: "entry",
      "data-id": one.id,
      "aria-current": app.current?.id === one.id ? "true" : null,
      on: { click: () => app.open(one.id) },
    },
    el("strong", { text: nameOf(one) }),
    el("small", { text: `${channelName(one.channel)} · ${order}` }),
    badge(one.awaits_reply ? until(due) : "Answered", tone),
  );
}
