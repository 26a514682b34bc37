// What there is to sell, for how much: prices by the published rules, stock as of the last sync.

import { left } from "./leases.js";
import { price, PricingError, rulesFromRows } from "./pricing.js";

const REASONS = {
  "product.unknown": "This is not on sale any more.",
  "product.no-price": "There is no price for this, so it cannot be ordered here.",
  "order.mixed-currencies": "These have no common currency; make two orders of them.",
  "order.too-large": "This is more than one order may hold.",
};

export class Shop {
  /** The shop as one account sees it; what other orders on this device want is not free any more. */
  static async of(data, account, { without = null } = {}) {
    const rows = await data.all(
      "products",
      "price_lists",
      "price_list_items",
      "tax_rates",
      "stock_items",
      "stock_leases",
    );
    rows.accounts = await data.rows("accounts");
    const unsent = (await data.rows("order_lines")).filter((line) => line._status === "created");
    return new Shop(rows, account, { taken: unsent.filter((line) => line.order_id !== without) });
  }

  constructor(rows, account, { taken = [], now = Date.now() } = {}) {
    this.now = now;
    this.rules = rulesFromRows(rows, account);
    this.products = rows.products.filter((product) => product.is_active);
    this.products.sort((one, other) => one.name.localeCompare(other.name));
    this.leased = sums(
      rows.stock_leases.filter((lease) => lease.state === "held" && lease.expires_at > now),
      left,
    );
    this.free = sums(rows.stock_items, ({ on_hand, reserved }) => on_hand - reserved);
    for (const { product_id, quantity } of taken) this.take(product_id, quantity);
  }

  /** Pieces go from what is kept for the rep first, then from what is free. */
  take(product_id, quantity) {
    const kept = Math.min(quantity, this.leased.get(product_id) ?? 0);
    this.leased.set(product_id, (this.leased.get(product_id) ?? 0) - kept);
    this.free.set(product_id, (this.free.get(product_id) ?? 0) - (quantity - kept));
  }

  /** What these lines cost: `{currency, lines, net_total, tax_total, total}`, or `{problem}` in a sentence. */
  quote(lines) {
    try {
      return price(this.rules, lines, this.now);
    } catch (error) {
      if (!(error instanceof PricingError)) throw error;
      return { problem: REASONS[error.code] ?? error.code, field: error.field };
    }
  }

  /** What one piece costs when so many are taken, tax included; null without a price. */
  piece(product_id, quantity = 1) {
    const quote = this.quote([{ product_id, quantity }]);
    return quote.problem ? null : { amount: Math.round(quote.total / quantity), currency: quote.currency };
  }
}

function sums(rows, pieces) {
  const total = new Map();
  for (const row of rows) total.set(row.product_id, (total.get(row.product_id) ?? 0) + pieces(row));
  return total;
}
