'use strict'

// Any days of four devices and an office, with a network that fails, apps that are killed and accounts that move; at
// the end all hold what the server holds, and nothing that somebody wrote is lost.
//
//     node drill.js [var/demo.json] [seed] [rounds]

const { sanitizedRaw } = require('@nozbe/watermelondb/RawRecord')
const { Chance } = require('./lib/chance')
const { NoNetwork, Refused } = require('./lib/server')
const { demo, expect, phoneOf, run, signedIn, tell } = require('./lib/story')
const { uuidv7 } = require('./lib/uuidv7')

const seed = Number(process.argv[3] ?? Date.now() % 100_000)
const rounds = Number(process.argv[4] ?? 20)
const chance = new Chance(seed)
const own = new Map() // contact id -> {device, name}: a field that one device alone writes
const counts = { edits: 0, syncs: 0, broken: 0, killed: 0, moved: 0, granted: 0, refused: 0, conflicts: 0 }
let serial = 0

run(async () => {
  tell(`Seed ${seed}, ${rounds} rounds.`)
  const running = demo(process.argv[2])
  const name = (who) => `${who}-${seed}-${Date.now()}`
  const devices = [
    await phoneOf(running, 'Sam', name('sam-phone'), { limit: 7 }),
    await phoneOf(running, 'Sam', name('sam-tablet')),
    await phoneOf(running, 'Lena', name('lena-phone'), { limit: 11 }),
    await phoneOf(running, 'Noor', name('noor-laptop'), { limit: 50 }),
  ]
  const office = await signedIn(running, 'Ada', name('ada-office'))
  for (const device of devices) await device.sync()
  for (const device of devices) makeTroublesome(device)
  for (let round = 0; round < rounds; round += 1) {
    await Promise.all([...devices.map(work), rule(office)])
  }
  for (const device of devices) device.server.trouble = () => null
  for (const device of devices) device.storage.fails = () => false
  await comeToRest(devices)
  for (const device of devices) await expectTheServersRows(device)
  await expectNothingLost(devices, office)
  tell(`  ${Object.entries(counts).map(([what, number]) => `${number} ${what}`).join(', ')}`)
})

function makeTroublesome(device) {
  device.server.trouble = () => (chance.is(0.2) ? chance.of(['before', 'after']) : null)
  device.storage.fails = () => chance.is(0.04) // killed in the midst of writing: the old text stands
}

/** A few edits, and mostly a sync. */
async function work(device) {
  for (let left = chance.below(4); left > 0; left -= 1) {
    await orDie(device, () => chance.of([findCustomer, rename, annotate, order, noteACall, dropAddress])(device))
    counts.edits += 1
  }
  if (chance.is(0.75)) {
    await orDie(device, () => device.sync())
    counts.syncs += 1
  }
  if (chance.is(0.05)) await kill(device)
}

/** Do it; a network that fails is nothing special, and an app that could not save is dead. */
async function orDie(device, deed) {
  try {
    await deed()
  } catch (error) {
    if (error instanceof NoNetwork) counts.broken += 1
    else if (!(error instanceof Refused && error.status === 409) && error.message !== 'killed while saving') throw error
    if (!(error instanceof NoNetwork) || chance.is(0.2)) await kill(device)
  }
}

async function kill(device) {
  counts.killed += 1
  await device.die()
}

async function findCustomer(device) {
  const name = nameOf(device)
  const [territory] = chance.shuffled(await device.rows('territories'))
  const [account] = await device.create(['accounts', { name, territory_id: territory.id }])
  const [contact] = await device.create(['contacts', { name, account_id: account.id }])
  own.set(contact.id, { device, name })
  const address = `c${serial}-${seed}-${Date.now()}@example.org`
  await device.create(['contact_points', { contact_id: contact.id, channel: 'email', address }])
}

async function rename(device) {
  const [contact] = chance.shuffled((await device.rows('contacts')).filter(({ id }) => own.get(id)?.device === device))
  if (!contact) return
  const name = nameOf(device)
  await device.edit('contacts', contact.id, { name })
  own.set(contact.id, { device, name })
}

async function annotate(device) {
  const [contact] = chance.shuffled(await device.rows('contacts'))
  if (contact) await device.edit('contacts', contact.id, { notes: `Seen by ${nameOf(device)}.` })
}

async function order(device) {
  const [contact] = chance.shuffled(await device.rows('contacts'))
  const products = chance.shuffled((await device.rows('products')).filter((each) => each.is_active))
  if (!contact) return
  const id = uuidv7()
  const lines = products.slice(0, 1 + chance.below(3)).map((product) => {
    return ['order_lines', { order_id: id, product_id: product.id, quantity: 1 + chance.below(12) }]
  })
  await device.create(['orders', { id, contact_id: contact.id }], ...lines)
}

async function noteACall(device) {
  const [account] = chance.shuffled(await device.rows('accounts'))
  if (account) await device.create(['interactions', { kind: 'call.logged', account_id: account.id, text: 'Called.' }])
}

async function dropAddress(device) {
  const mine = (await device.rows('contact_points')).filter((each) => own.get(each.contact_id)?.device === device)
  if (mine.length) await device.delete('contact_points', chance.of(mine).id)
}

function nameOf(device) {
  serial += 1
  return `${device.name.split('-')[0]} ${serial}`
}

/** The office moves accounts between territories, grants East to Sam and takes it back, and writes notes itself. */
async function rule(office) {
  const { items: territories } = await office.get('/v1/territories')
  if (chance.is(0.5)) {
    const account = chance.of((await office.get('/v1/accounts?limit=100')).items)
    await change(office, `/v1/accounts/${account.id}`, { territory_id: chance.of(territories).id })
    counts.moved += 1
  }
  if (chance.is(0.5)) {
    const contact = chance.of((await office.get('/v1/contacts?limit=100')).items)
    await change(office, `/v1/contacts/${contact.id}`, { notes: `Office ${(serial += 1)}.` })
  }
  if (chance.is(0.2)) {
    const sam = (await office.get('/v1/users')).items.find((user) => user.email.startsWith('sam@'))
    const east = territories.find((each) => each.name === 'East')
    const granted = chance.is(0.5)
    await unless(404, office.call(granted ? 'PUT' : 'DELETE', `/v1/territories/${east.id}/grants/${sam.id}`))
    counts.granted += 1
  }
}

async function change(office, path, facts) {
  const { rev } = await office.get(path)
  await unless(412, office.call('PATCH', path, facts, { 'If-Match': `"${rev}"` }))
}

function unless(status, call) {
  return call.catch((error) => {
    if (error.status !== status) throw error
  })
}

/** Everybody comes back to the network, reads what was refused and drops it, until nobody has anything left. */
async function comeToRest(devices) {
  for (let turn = 0; turn < 4; turn += 1) {
    for (const device of devices) {
      await device.sync()
      for (const refused of [...device.refused.values()]) {
        counts.refused += 1
        if (refused.table === 'contacts') own.delete(refused.id) // the rep saw it and gave it up
        await device.giveUp(refused)
      }
    }
  }
  for (const device of devices) {
    await device.sync()
    counts.conflicts += device.conflicts.length
    expect(!(await device.hasUnsentWork()), `${device.name} has nothing left to send`)
  }
}

/** Not the digest alone: each column of each row. */
async function expectTheServersRows(device) {
  const wrong = await device.differences()
  const { changes } = await device.server.get('/v1/sync?last_pulled_at=1')
  for (const [table, { updated }] of Object.entries(changes)) {
    const mine = new Map((await device.rows(table)).map((raw) => [raw.id, raw]))
    for (const remote of updated) {
      const expected = { ...sanitizedRaw(remote, device.database.schema.tables[table]), _status: 'synced', _changed: '' }
      const found = JSON.stringify(sorted(mine.get(remote.id) ?? {}))
      if (found !== JSON.stringify(sorted(expected))) wrong.push(`${table}: ${found} is not ${JSON.stringify(expected)}`)
    }
  }
  expect(wrong.length === 0, `${device.name} holds the server's rows to the letter${wrong.map((each) => `\n    ${each}`)}`)
  const stock = await device.rows('stock_items')
  expect(stock.every((item) => item.on_hand >= item.reserved && item.reserved >= 0), 'no stock was promised twice')
}

function sorted(raw) {
  return Object.fromEntries(Object.entries(raw).filter(([name]) => !name.startsWith('$')).sort())
}

/** What one device alone wrote stands on the server, or is kept in the conflict inbox. */
async function expectNothingLost(devices, office) {
  const inbox = []
  let cursor = ''
  do {
    const page = await office.get(`/v1/sync/conflicts?limit=100${cursor && `&cursor=${cursor}`}`)
    inbox.push(...page.items)
    cursor = page.next_cursor
  } while (cursor)
  const lost = []
  for (const [id, { name }] of own) {
    const stored = await office.get(`/v1/contacts/${id}`).catch(() => null)
    const kept = inbox.some((each) => each.row_id === id && each.mine.name === name)
    if (stored?.name !== name && !kept) lost.push(`${id}: ${name} is ${stored?.name}`)
  }
  expect(lost.length === 0, `all ${own.size} names that one device gave stand or are kept${lost.map((each) => `\n    ${each}`)}`)
}
