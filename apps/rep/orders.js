// Orders: a new one with prices and stock computed here, one that was refused put in order, one as it stands.

import { badge, button, el, empty, field, icon, list, section } from "./dom.js";
import { Shop } from "./shop.js";
import { money, plain, when } from "./words.js";

const MOST_OF_ONE = 9_999;

/** A new order for an account; with `orderId` one that was made here and has not been taken yet. */
export async function newOrder(app, accountId, orderId = null) {
  const old = orderId && (await app.data.row("orders", orderId));
  if (orderId && old?._status !== "created")
    return { title: "Order", back: "#/sync", body: empty("This order has been taken already.") };
  const account = await app.data.row("accounts", accountId ?? old.account_id);
  if (!account)
    return { title: "New order", back: "#/accounts", body: empty("This account is not on this device any more.") };
  const people = (await app.data.rows("contacts")).filter(({ account_id }) => account_id === account.id);
  const oldLines = orderId ? (await app.data.rows("order_lines")).filter(({ order_id }) => order_id === orderId) : [];
  const shop = await Shop.of(app.data, account, { without: orderId });
  const draft = new Draft(app, { account, people, shop, old, oldLines });
  const back = orderId ? "#/sync" : `#/account/${account.id}`;
  return {
    title: orderId ? "Correct the order" : "New order",
    small: account.name,
    back,
    body: draft.root,
    steady: true,
  };
}

class Draft {
  constructor(app, { account, people, shop, old, oldLines }) {
    Object.assign(this, { app, account, shop, old });
    this.wanted = new Map(oldLines.map(({ product_id, quantity }) => [product_id, quantity]));
    this.buyer = el(
      "select",
      {},
      ...people.map(({ id, name }) => el("option", { value: id, text: name, selected: id === old?.contact_id })),
    );
    this.reference = el("input", { type: "text", autocomplete: "off", maxlength: 60, value: old?.reference ?? "" });
    this.search = el("input", {
      type: "search",
      "aria-label": "Search products",
      placeholder: "Product or code",
      autocomplete: "off",
    });
    this.search.addEventListener("input", () => this.showProducts());
    this.products = el("ul", { class: "rows products", "aria-label": "Products" });
    this.sum = el("div", { class: "sum", "aria-live": "polite" });
    this.error = el("p", { class: "error", role: "alert" });
    this.place = button(old ? "Send again" : "Place order", () => this.save(), { strong: true });
    this.items = new Map(shop.products.map((product) => [product.id, this.makeItem(product)]));
    this.root = el(
      "div",
      { class: "order" },
      el("div", { class: "form" }, field("For", this.buyer), field("Their reference", this.reference)),
      el("div", { class: "search" }, icon("search"), this.search),
      this.products,
      el("div", { class: "till" }, this.sum, this.error, this.place),
    );
    this.showProducts();
    for (const id of this.items.keys()) this.showItem(id);
    this.showSum();
  }

  makeItem(product) {
    const step = (by, words, picture) =>
      el(
        "button",
        {
          type: "button",
          class: "step",
          "aria-label": `${words} ${product.name}`,
          on: { click: () => this.set(product.id, (this.wanted.get(product.id) ?? 0) + by) },
        },
        icon(picture),
      );
    const number = el("input", {
      type: "number",
      inputmode: "numeric",
      min: 0,
      max: MOST_OF_ONE,
      "aria-label": `How many ${product.name}`,
    });
    number.addEventListener("change", () => this.set(product.id, Number.parseInt(number.value, 10) || 0));
    const price = el("span", { class: "price" });
    const stock = el("small", {});
    const words = el("span", { class: "words" }, el("strong", { text: product.name }), stock);
    const less = step(-1, "Less of", "minus");
    const root = el(
      "li",
      { class: "product" },
      words,
      price,
      el("span", { class: "stepper" }, less, number, step(1, "More of", "plus")),
    );
    return { root, number, price, stock, less, find: `${product.name} ${product.code}`.toLowerCase() };
  }

  set(id, quantity) {
    const kept = Math.min(MOST_OF_ONE, Math.max(0, quantity));
    if (kept === 0) this.wanted.delete(id);
    else this.wanted.set(id, kept);
    this.error.textContent = "";
    this.showItem(id);
    this.showSum();
  }

  showItem(id) {
    const item = this.items.get(id);
    if (!item) return;
    const quantity = this.wanted.get(id) ?? 0;
    const piece = this.shop.piece(id, quantity || 1);
    const free = this.shop.free.get(id) ?? 0;
    const leased = this.shop.leased.get(id) ?? 0;
    item.number.value = quantity;
    item.less.disabled = quantity === 0;
    item.price.textContent = piece ? money(piece.amount, piece.currency) : "No price";
    item.stock.textContent = [`${Math.max(0, free)} free`, leased && `${leased} kept for you`]
      .filter(Boolean)
      .join(" · ");
    item.stock.classList.toggle("short", quantity > free + leased);
    item.root.classList.toggle("chosen", quantity > 0);
  }

  showProducts() {
    const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const hits = [...this.items.values()].filter(({ find }) => words.every((word) => find.includes(word)));
    this.products.replaceChildren(
      ...(hits.length ? hits.map(({ root }) => root) : [el("li", {}, empty("No such product."))]),
    );
  }

  lines() {
    return [...this.wanted].map(([product_id, quantity]) => ({ product_id, quantity }));
  }

  showSum() {
    const lines = this.lines();
    this.quote = lines.length ? this.shop.quote(lines) : null;
    const pieces = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    const words =
      this.quote?.problem ?? (lines.length ? `${pieces} ${pieces === 1 ? "piece" : "pieces"}` : "Nothing chosen yet");
    const tax = this.quote?.tax_total > 0 ? `of which ${money(this.quote.tax_total, this.quote.currency)} tax` : "";
    const total = this.quote?.currency ? money(this.quote.total, this.quote.currency) : "";
    this.sum.replaceChildren(
      el("p", {}, el("span", { text: words }), tax && el("small", { text: tax })),
      el("strong", { text: total }),
    );
    this.place.disabled = !this.quote?.currency;
  }

  async save() {
    if (!this.quote?.currency || this.place.disabled) return;
    if (!this.buyer.value) {
      this.error.textContent = "An order needs a person: add one to the account first.";
      return;
    }
    this.place.disabled = true;
    const names = new Map(this.shop.products.map(({ id, name }) => [id, name]));
    const lines = this.quote.lines.map(({ product_id, quantity, unit_price, total }, at) => ({
      product_id,
      quantity,
      unit_price,
      total,
      line_number: at + 1,
      description: names.get(product_id),
    }));
    const facts = {
      contact_id: this.buyer.value,
      account_id: this.account.id,
      reference: this.reference.value.trim() || null,
      currency: this.quote.currency,
      total: this.quote.total,
      lines,
    };
    const id = await this.app.data.placeOrder(this.old ? { ...facts, id: this.old.id } : facts);
    this.app.saved("Order saved.");
    await this.app.back(`#/order/${id}`);
  }
}

export async function showOrder(app, id) {
  const record = await app.store.record("orders", id);
  const order = record?.raw;
  if (!order) return { title: "Order", back: "#/accounts", body: empty("This order is not on this device any more.") };
  const { order_lines: lines, contacts, products } = await app.data.all("order_lines", "contacts", "products");
  const names = new Map(products.map(({ id: product, name }) => [product, name]));
  const mine = lines
    .filter((line) => line.order_id === id)
    .sort((one, other) => (one.line_number ?? 0) - (other.line_number ?? 0));
  const buyer = contacts.find((contact) => contact.id === order.contact_id);
  const row = (line) => ({
    title: line.description || names.get(line.product_id) || "Product",
    small: `${line.quantity} × ${money(line.unit_price, order.currency)}`,
    side: money(line.total, order.currency),
  });
  const unsent = order._status === "created";
  return {
    title: order.number ? `Order ${order.number}` : "New order",
    small: [buyer?.name, when(order.placed_at ?? order.created_at)].filter(Boolean).join(" · "),
    back: order.account_id ? `#/account/${order.account_id}` : "#/accounts",
    body: [
      record.refused &&
        el(
          "div",
          { class: "banner bad" },
          el("p", { text: record.refused.detail }),
          el("a", { class: "strong", href: `#/order/${id}/edit`, text: "Correct" }),
        ),
      el(
        "p",
        { class: "standing" },
        unsent
          ? badge(record.refused ? "Refused" : "Waiting to be sent", record.refused ? "bad" : "waiting")
          : badge(plain(order.status), "good"),
        order.payment_status && badge(plain(order.payment_status)),
      ),
      section("Lines", list(mine.map(row), "Lines")),
      el(
        "p",
        { class: "total" },
        el("span", { text: "Total" }),
        el("strong", { text: money(order.total, order.currency) }),
      ),
    ],
  };
}
