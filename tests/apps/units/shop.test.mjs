// The shop on a phone: prices by the rules, stock without what this device has promised already.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Shop } from "../../../apps/rep/shop.js";

const ACCOUNT = { id: "cafe", account_class: "A" };
const ROWS = {
  products: [
    { id: "mug", name: "Mug", is_active: true, tax_code: "standard" },
    { id: "old", name: "Old", is_active: false },
  ],
  price_lists: [
    { id: "l1", rank: 100, currency: "GBP", includes_tax: true, account_id: null, account_class: null },
    { id: "l2", rank: 50, currency: "GBP", includes_tax: false, account_id: null, account_class: "A" },
  ],
  price_list_items: [
    { price_list_id: "l1", product_id: "mug", min_quantity: 1, unit_price: 1400 },
    { price_list_id: "l2", product_id: "mug", min_quantity: 6, unit_price: 840 },
  ],
  tax_rates: [{ code: "standard", basis_points: 2000, valid_from: 0 }],
  stock_items: [
    { product_id: "mug", on_hand: 10, reserved: 4 },
    { product_id: "mug", on_hand: 3, reserved: 0 },
  ],
  stock_leases: [
    { product_id: "mug", quantity: 4, sold: 1, given_back: 0, state: "held", expires_at: 200 },
    { product_id: "mug", quantity: 9, sold: 0, given_back: 0, state: "held", expires_at: 50 },
  ],
};

test("an account pays by its class, from the quantity on", () => {
  const shop = new Shop(ROWS, ACCOUNT, { now: 100 });
  assert.equal(shop.quote([{ product_id: "mug", quantity: 1 }]).total, 1400);
  assert.equal(shop.quote([{ product_id: "mug", quantity: 7 }]).total, 7 * 840 + 1176);
  assert.match(shop.quote([{ product_id: "old", quantity: 1 }]).problem, /not on sale/);
  assert.deepEqual(
    shop.products.map(({ id }) => id),
    ["mug"],
  );
});

test("what orders on this device want is taken from the lease first, and is free no more", () => {
  const before = new Shop(ROWS, ACCOUNT, { now: 100 });
  assert.deepEqual([before.leased.get("mug"), before.free.get("mug")], [3, 9]);
  const after = new Shop(ROWS, ACCOUNT, { now: 100, taken: [{ product_id: "mug", quantity: 5 }] });
  assert.deepEqual([after.leased.get("mug"), after.free.get("mug")], [0, 7]);
});
