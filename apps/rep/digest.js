// The proof that this device holds what it should: the same sum that the server makes.

const MASK = (1n << 64n) - 1n;
const AT_ONCE = 500;

/** `{count, hash}` of raw records: the sum modulo 2^64 of the first 8 bytes of SHA-256 of "id:rev", as 16 hex digits. */
export async function digestOf(rows) {
  let sum = 0n;
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    const hashes = await Promise.all(rows.slice(at, at + AT_ONCE).map(firstBytes));
    for (const hash of hashes) sum = (sum + hash) & MASK;
  }
  return { count: rows.length, hash: sum.toString(16).padStart(16, "0") };
}

async function firstBytes({ id, rev }) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${id}:${rev}`));
  return new DataView(hash).getBigUint64(0);
}

/** The tables that differ; `mine` and `theirs` are `{table: {count, hash}}`, a table that is missing here is empty. */
export function differing(mine, theirs) {
  const empty = { count: 0, hash: "0".repeat(16) };
  return Object.keys(theirs).filter((table) => {
    const held = mine[table] ?? empty;
    return held.count !== theirs[table].count || held.hash !== theirs[table].hash;
  });
}
