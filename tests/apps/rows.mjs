// Prices wishes with nothing but synced rows: prints [[currency, net, tax, total] or the code of the error] as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, file] = process.argv.slice(2);
const { PricingError, price, rulesFromRows } = await import(pathToFileURL(module));
const { rows, account, wishes } = JSON.parse(readFileSync(file, "utf8"));
const rules = rulesFromRows(rows, account);

function answer({ lines, at }) {
  try {
    const priced = price(rules, lines, at);
    return [priced.currency, priced.net_total, priced.tax_total, priced.total];
  } catch (error) {
    if (error instanceof PricingError) return error.code;
    throw error;
  }
}

process.stdout.write(JSON.stringify(wishes.map(answer)));
