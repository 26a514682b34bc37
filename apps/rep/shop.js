// What there is to sell, for how much: prices by the published rules, stock as of the last sync.

import { price, PricingError, rulesFromRows } from "./pricing.js";

const REASONS = {
  "product.unknown": "This is not on sale any more.",
  "product.no-price": "There is no price for this, so it cannot be ordered here.",
  "order.mixed-currencies": "These have no common currency; make two orders of them.",
  "order.too-large": "This is more than one order may hold.",
};

export class Shop {
  /** The shop as one account sees it. */
  static async of(data, account) {
    const rows = await data.all(
      "products",
      "price_lists",
      "price_list_items",
      "tax_rates",
      "stock_items",
      "stock_leases",
    );
    return new Shop(rows, account);
  }

  constructor(rows, account, now = Date.now()) {
    this.now = now;
    this.rules = rulesFromRows(rows, account);
    this.products = rows.products
      .filter((product) => product.is_active)
      .sort((one, other) => one.name.localeCompare(other.name));
    this.free = new Map();
    for (const { product_id, on_hand, reserved } of rows.stock_items) {
      this.free.set(product_id, (this.free.get(product_id) ?? 0) + on_hand - reserved);
    }
    this.leased = new Map();
    for (const lease of rows.stock_leases) {
      if (lease.state !== "held" || lease.expires_at <= now) continue;
      const left = lease.quantity - (lease.sold ?? 0) - (lease.given_back ?? 0);
      this.leased.set(lease.product_id, (this.leased.get(lease.product_id) ?? 0) + left);
    }
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
