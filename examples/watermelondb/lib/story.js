'use strict'

const { readFileSync } = require('node:fs')
const path = require('node:path')
const { Device, complaints } = require('./device')
const { Server } = require('./server')

const DESCRIPTION = path.resolve(__dirname, '../../../var/demo.json') // `make demo` writes it

/** The running demo, from the file named on the command line. */
function demo(file = process.argv[2] ?? DESCRIPTION) {
  return JSON.parse(readFileSync(file, 'utf8'))
}

/** Somebody of the demo's staff, by the first name, signed in on a device of that name. */
async function signedIn(running, first, deviceId) {
  const { email, password } = running.accounts.find((each) => each.email.startsWith(`${first.toLowerCase()}@`))
  const server = new Server(running.base_url, deviceId)
  await server.signIn(email, password)
  return server
}

/** A device with an open, empty database. */
async function phoneOf(running, first, deviceId, options) {
  return new Device(deviceId, await signedIn(running, first, deviceId), options).open()
}

function tell(sentence) {
  console.log(sentence)
}

/** Say that something is so; stop with exit code 1 if it is not. */
function expect(isSo, sentence) {
  if (!isSo) throw new Error(`NOT SO: ${sentence}`)
  tell(`  ✓ ${sentence}`)
}

async function expectEqual(device) {
  const wrong = await device.differences()
  expect(wrong.length === 0, `the digest of ${device.name} is the server's${wrong.map((each) => `; ${each}`)}`)
}

/** Run a story to its end. */
function run(story) {
  story()
    .then(() => expect(complaints.length === 0, `WatermelonDB had nothing to complain about${complaints.map((each) => `; ${each}`)}`))
    .catch((error) => {
      console.error(error.stack)
      process.exitCode = 1
    })
}

module.exports = { demo, expect, expectEqual, phoneOf, run, signedIn, tell }
