// Stock that is kept for a rep until a time, to be sold without a network: asked for, shown, given back.

import { badge, button, el, empty, field, icon, section } from "./dom.js";
import { form } from "./forms.js";
import { dayOf, when } from "./words.js";

const MOST_DAYS = 14;
const DAY_MS = 86_400_000;

/** Pieces of a lease that are still there; one that was asked for and not granted yet has none. */
export const left = (lease) =>
  lease._status === "created" ? 0 : lease.quantity - (lease.sold ?? 0) - (lease.given_back ?? 0);

/** The group of kept stock; nothing where the server has none of it. */
export async function keptStock(app, names) {
  if (!app.data.has("stock_leases")) return null;
  const held = (await app.data.rows("stock_leases")).filter((lease) => (lease.state ?? "held") === "held");
  const give = (lease) => async () => {
    if (lease._status === "created") await app.store.write((unit) => unit.remove("stock_leases", lease.id));
    else await app.data.edit("stock_leases", lease.id, { state: "returned" });
    app.saved("Given back.");
  };
  const row = (lease) =>
    el(
      "li",
      { class: "row" },
      el(
        "span",
        { class: "words" },
        el("strong", { text: names.get(lease.product_id) ?? "Product" }),
        el("small", { text: `until ${when(lease.expires_at)}` }),
      ),
      lease._status === "created"
        ? badge(`${lease.quantity} asked for`, "waiting")
        : badge(`${left(lease)} left`, "good"),
      button("Give back", give(lease)),
    );
  const rows =
    held.length > 0
      ? el("ul", { class: "rows" }, ...held.map(row))
      : empty("None. Keep some before you leave the network, and an order can count on it.");
  return section("Stock kept for you", rows, el("a", { class: "more", href: "#/lease" }, icon("plus"), "Keep stock"));
}

export async function newLease(app) {
  const { products, stock_items: stock } = await app.data.all("products", "stock_items");
  const tracked = new Map(stock.map((item) => [item.product_id, item]));
  const known = products
    .filter(({ id, is_active }) => is_active && tracked.has(id))
    .sort((one, other) => one.name.localeCompare(other.name));
  const product = el("select", {}, ...known.map(({ id, name }) => el("option", { value: id, text: name })));
  const pieces = el("input", { type: "number", inputmode: "numeric", min: 1, max: 9_999, value: 6 });
  const until = el("input", {
    type: "date",
    value: dayOf(Date.now() + DAY_MS),
    min: dayOf(Date.now()),
    max: dayOf(Date.now() + MOST_DAYS * DAY_MS),
  });
  const save = async () => {
    const quantity = Number.parseInt(pieces.value, 10) || 0;
    if (quantity < 1) return "How many pieces?";
    const end = new Date(`${until.value}T23:59:00`).getTime();
    if (!(end > Date.now())) return "Until when? It has to be a day to come.";
    const item = tracked.get(product.value);
    await app.data.make("stock_leases", {
      product_id: product.value,
      location: item.location,
      quantity,
      expires_at: end,
    });
    app.saved("Asked for.");
    await app.back("#/sync");
  };
  const controls = [field("Product", product), field("Pieces", pieces), field("Until the end of", until)];
  return { title: "Keep stock", back: "#/sync", body: form(app, controls, "Keep", save), steady: true };
}
