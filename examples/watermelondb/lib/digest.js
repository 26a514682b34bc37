'use strict'

const { createHash } = require('node:crypto')

/** What `GET /v1/sync/digest` says of a table that holds these raw records. */
function digestOf(raws) {
  let total = 0n
  for (const { id, rev } of raws) {
    total += createHash('sha256').update(`${id}:${rev}`).digest().readBigUInt64BE(0)
  }
  return { count: raws.length, hash: BigInt.asUintN(64, total).toString(16).padStart(16, '0') }
}

module.exports = { digestOf }
