// What something costs: the published rules of docs/reference/pricing.md, so that a phone without a network shows the
// price that the server will ask. Pure: no clock, no network; money in minor units, percentages in basis points.
//
// Rules have the shape of GET /v1/pricing/rules; `rulesFromRows` makes them of what a device holds by sync. Instants may
// be RFC 3339 texts or epoch milliseconds. Products of quantity, price and 10000 go beyond 2^53: they are BigInt.

export const VERSION = 2;
export const WHOLE = 10_000; // basis points in one
export const LARGEST_TOTAL = 1_000_000_000_000_000;
export const DISCOUNT_DEFAULTS = Object.freeze({ admin: 10_000, manager: 2_500, rep: 1_000, agent: 0 });

/** Why lines have no price: `code` as the server says it, `field` the line at fault. */
export class PricingError extends Error {
  constructor(code, field) {
    super(code);
    this.name = "PricingError";
    this.code = code;
    this.field = field;
  }
}

/**
 * What these lines cost at an instant: {currency, lines, net_total, tax_total, total}.
 *
 * `lines` are {product_id, quantity, discount_basis_points?}. Throws PricingError: product.unknown, product.no-price,
 * order.mixed-currencies (each naming the first line at fault), order.too-large.
 */
export function price(rules, lines, at) {
  const now = instant(at);
  const items = new Map(rules.products.map((item) => [item.id, item]));
  const rates = ratesAt(rules.taxes, now);
  const lists = nearest(rules.lists.filter((rule) => inForce(rule, now))).sort(byPrecedence);
  const offers = lines.map((line, index) => offersFor(lists, items, line, index));
  const currency = commonCurrency(offers);
  const priced = lines.map((line, index) => {
    const [rule, unitPrice] = offers[index].find(([offered]) => offered.currency === currency);
    const item = items.get(line.product_id);
    return pricedLine(line, item, rule, unitPrice, rates.get(item.tax_code) ?? 0);
  });
  const [net, tax, total] = ["net", "tax", "total"].map((name) => sum(priced, name));
  if (total > BigInt(LARGEST_TOTAL)) throw new PricingError("order.too-large", "lines");
  return { currency, lines: priced.map(asNumbers), net_total: Number(net), tax_total: Number(tax), total: Number(total) };
}

/**
 * The rules that an account buys by, of the rows that a device holds.
 *
 * `rows` are {products, price_lists, price_list_items, tax_rates, accounts?}, each a list of raw records; `account` is the raw
 * record of the buyer, of which `id` and `account_class` count.
 */
export function rulesFromRows(rows, account) {
  const above = levelsUp(account, rows.accounts ?? []);
  const buysBy = (list) =>
    (list.account_id == null || above.has(list.account_id)) &&
    (list.account_class == null || list.account_class === account.account_class);
  const prices = new Map(rows.price_lists.filter(buysBy).map((list) => [list.id, []]));
  for (const item of rows.price_list_items) prices.get(item.price_list_id)?.push(item);
  return {
    version: VERSION,
    products: rows.products.filter((product) => product.is_active),
    lists: rows.price_lists.filter(buysBy).map((list) => ({
      ...list,
      levels_up: list.account_id == null ? null : above.get(list.account_id),
      discounts: typeof list.discounts === "string" ? JSON.parse(list.discounts) : (list.discounts ?? []),
      prices: prices.get(list.id),
    })),
    taxes: rows.tax_rates,
  };
}

/** How far above the buyer each account stands: 0 the buyer itself, 1 its parent, and so on as far as rows are held. */
function levelsUp(account, accounts) {
  const known = new Map(accounts.map((each) => [each.id, each]));
  const above = new Map();
  for (let one = account; one && !above.has(one.id); one = known.get(one.parent_id)) above.set(one.id, above.size);
  return above;
}

/** The most that a role may take off a line, in basis points, of the synced rows of `discount_limits`. */
export function discountLimit(role, limits) {
  return limits.find((limit) => limit.role === role)?.basis_points ?? DISCOUNT_DEFAULTS[role] ?? 0;
}

/** A quotient of two BigInts, rounded to a whole number, halves up; neither is negative. */
export function halfUp(numerator, denominator) {
  return (2n * numerator + denominator) / (2n * denominator);
}

function instant(value) {
  return typeof value === "number" ? value : Date.parse(value);
}

function inForce(rule, now) {
  const begun = rule.valid_from == null || instant(rule.valid_from) <= now;
  return begun && (rule.valid_until == null || now < instant(rule.valid_until));
}

/** Without the lists of accounts that stand higher than another one with a list. */
function nearest(lists) {
  const least = Math.min(...lists.map((rule) => rule.levels_up ?? Infinity));
  return lists.filter((rule) => (rule.levels_up ?? least) === least);
}

/** By rank, then by id: ids in lower case sort as text like the 16 bytes that they stand for. */
function byPrecedence(one, other) {
  if (one.rank !== other.rank) return one.rank - other.rank;
  return one.id < other.id ? -1 : Number(one.id > other.id);
}

/** The newest rate of each tax code that has begun. */
function ratesAt(taxes, now) {
  const begun = taxes.filter((tax) => instant(tax.valid_from) <= now);
  begun.sort((one, other) => instant(one.valid_from) - instant(other.valid_from));
  return new Map(begun.map((tax) => [tax.code, tax.basis_points]));
}

/** [list, its price for one piece] for each list that has one, in order of precedence. */
function offersFor(lists, items, line, index) {
  const field = `lines.${index}.product_id`;
  if (!items.has(line.product_id)) throw new PricingError("product.unknown", field);
  const offers = [];
  for (const rule of lists) {
    const reached = rule.prices
      .filter((step) => step.product_id === line.product_id && step.min_quantity <= line.quantity)
      .map((step) => step.unit_price);
    if (reached.length > 0) offers.push([rule, Math.min(...reached)]);
  }
  if (offers.length === 0) throw new PricingError("product.no-price", field);
  return offers;
}

/** The one in which every line has a price; of several that of the first list that prices any line in one of them. */
function commonCurrency(offers) {
  let common;
  offers.forEach((offered, index) => {
    const currencies = new Set(offered.map(([rule]) => rule.currency));
    common = common ? new Set([...common].filter((currency) => currencies.has(currency))) : currencies;
    if (common.size === 0) throw new PricingError("order.mixed-currencies", `lines.${index}.product_id`);
  });
  const fitting = offers.flat().map(([rule]) => rule).filter((rule) => common.has(rule.currency));
  return fitting.sort(byPrecedence)[0].currency;
}

function pricedLine(line, item, rule, unitPrice, rate) {
  const discount = Math.max(line.discount_basis_points ?? 0, listDiscount(rule.discounts, item, line.quantity));
  const [whole, basisPoints] = [BigInt(WHOLE), BigInt(rate)];
  const amount = halfUp(BigInt(line.quantity) * BigInt(unitPrice) * BigInt(WHOLE - discount), whole);
  const tax = halfUp(amount * basisPoints, rule.includes_tax ? whole + basisPoints : whole);
  return {
    product_id: line.product_id,
    quantity: line.quantity,
    price_list_id: rule.id,
    unit_price: unitPrice,
    includes_tax: rule.includes_tax,
    discount_basis_points: discount,
    tax_basis_points: rate,
    net: rule.includes_tax ? amount - tax : amount,
    tax,
    total: rule.includes_tax ? amount : amount + tax,
  };
}

/** The largest discount of the list that this product and quantity reach; 0 without one. */
function listDiscount(discounts, item, quantity) {
  const reached = (discounts ?? []).filter(
    (discount) =>
      discount.min_quantity <= quantity &&
      (discount.product_id == null || discount.product_id === item.id) &&
      (discount.category == null || discount.category === item.category),
  );
  return Math.max(0, ...reached.map((discount) => discount.basis_points));
}

function sum(lines, name) {
  return lines.reduce((total, line) => total + line[name], 0n);
}

function asNumbers(line) {
  return { ...line, net: Number(line.net), tax: Number(line.tax), total: Number(line.total) };
}
