// The conflict inbox: what met somebody else's change, or was decided at the server, until the rep has settled it.

import { badge, button, el } from "./dom.js";
import { newId } from "./ids.js";
import { columnWord, money, shown, tableWord } from "./words.js";

const WHY = {
  field: "You and somebody else changed the same.",
  deleted: "You changed this, but it had been deleted.",
  moved: "You changed this, but it had moved to somebody else.",
  price: "It costs something else than you showed; the order stands at the price of now.",
  refused: "This was not taken. Your manager sees it, too.",
};
const DECIDED = { mine: "Mine", theirs: "Theirs", both: "Both" };
const ONLY_SEEN = new Set(["price", "refused"]); // there is nothing of mine that could stand instead

/** Open conflicts, without those of refused records that this device still holds: they are shown as refused. */
export async function openConflicts(store) {
  const held = new Set((await store.unsent()).filter(({ refused }) => refused).map(({ id }) => id));
  return ((await store.fact("conflicts")) ?? []).filter(({ kind, row_id }) => kind !== "refused" || !held.has(row_id));
}

/** A refused record was given up: its entry in the inbox is settled with it. */
export async function closeRefusal(app, id) {
  const entry = ((await app.store.fact("conflicts")) ?? []).find(
    ({ kind, row_id }) => kind === "refused" && row_id === id,
  );
  if (entry) await settle(app, entry, "theirs");
}

async function settle(app, { id }, choice) {
  await app.store.write(async (unit) => {
    const others = ((await unit.fact("settlements")) ?? []).filter((settlement) => settlement.id !== id);
    await unit.note("settlements", [...others, { id, choice, key: newId() }]);
  });
}

/** One conflict from both sides; `decided` is the choice that is on its way. */
export function conflictCard(app, conflict, names, decided) {
  const end = (choice) => async () => {
    await settle(app, conflict, choice);
    app.saved("Settled.");
  };
  const choices = ONLY_SEEN.has(conflict.kind)
    ? [button("I have seen it", end("theirs"))]
    : [
        button("Keep theirs", end("theirs")),
        button("Use mine", end("mine"), { strong: conflict.applied !== "both" }),
        ...(conflict.applied === "both" ? [button("Keep both", end("both"), { strong: true })] : []),
      ];
  const name = names.get(conflict.row_id) ?? names.get(conflict.mine.contact_id);
  return el(
    "article",
    { class: "card" },
    el("h3", { text: `${tableWord(conflict.table)}${name ? `: ${name}` : ""}` }),
    el("p", {
      class: "why",
      text: conflict.kind === "refused" ? `${WHY.refused} ${conflict.theirs.detail ?? ""}` : (WHY[conflict.kind] ?? ""),
    }),
    conflict.kind !== "refused" && sides(conflict),
    el(
      "div",
      { class: "actions" },
      ...(decided ? [badge(`${DECIDED[decided]}: will be sent`, "waiting")] : choices),
    ),
  );
}

function sides({ mine, theirs, applied }) {
  const columns = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])];
  const whose = (title, values, stands) =>
    el(
      "div",
      { class: "side-of" + (stands ? " stands" : "") },
      el("h4", {}, title, stands && badge("Stands now", "good")),
      ...columns.map((column) =>
        el(
          "p",
          {},
          el("small", { text: columnWord(column) }),
          el("span", { text: column === "total" ? money(values[column]) : shown(values[column], column) }),
        ),
      ),
    );
  return el(
    "div",
    { class: "sides" },
    whose("Mine", mine, applied === "mine" || applied === "both"),
    whose("Theirs", theirs, applied === "theirs" || applied === "both"),
  );
}
