// Prices the published vectors with the phone's rules: prints {"name": answer or {"error", "field"}} as JSON.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [module, vectors] = process.argv.slice(2);
const { PricingError, price } = await import(pathToFileURL(module));
const { rules, cases } = JSON.parse(readFileSync(vectors, "utf8"));

function answer({ rules: name, lines, at }) {
  try {
    return price(rules[name], lines, at);
  } catch (error) {
    if (error instanceof PricingError) return { error: error.code, field: error.field };
    throw error;
  }
}

process.stdout.write(JSON.stringify(cases.map(answer)));
