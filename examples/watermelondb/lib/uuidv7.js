'use strict'

const { randomBytes } = require('node:crypto')

let last = 0

/**
 * A UUID of version 7 (RFC 9562): 48 bits of epoch milliseconds, then chance; lower case, as the server asks.
 * The milliseconds never go back, so that ids sort as rows were made, also when the phone's clock is set.
 */
function uuidv7() {
  last = Math.max(last, Date.now())
  const bytes = randomBytes(16)
  bytes.writeUIntBE(last, 0, 6)
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

module.exports = { uuidv7 }
