'use strict'

// A rep's day: sign in, take everything along, work in a dead zone, come back.

const { demo, expect, expectEqual, phoneOf, run, tell } = require('./lib/story')
const { NoNetwork } = require('./lib/server')
const { uuidv7 } = require('./lib/uuidv7')

run(async () => {
  const running = demo(process.argv[2])
  tell('Sam signs in, and the phone takes along what is his, 20 changes a page.')
  const phone = await phoneOf(running, 'Sam', `sam-phone-${Date.now()}`, { limit: 20 })
  let pages = 1
  while (await phone.pull()) pages += 1
  expect(pages > 1, `the first sync came in ${pages} pages, each stored with its cursor`)
  await expectEqual(phone)

  tell('The app is killed and started again, and only asks for what is new.')
  await phone.die()
  await phone.sync()
  await expectEqual(phone)

  tell('No network. Sam corrects a customer, finds a new one, takes an order, writes a note.')
  phone.server.online = false
  const [ben] = await phone.rows('contacts')
  await phone.edit('contacts', ben.id, { notes: 'Ring the bell twice.' })
  const { order, account } = await visitRosa(phone)
  const greedy = await orderOf(phone, ben.id, 1_000_000)
  expect(await phone.hasUnsentWork(), 'all of it is on the phone, unsent')
  await phone.sync().then(
    () => expect(false, 'a sync needs a network'),
    (error) => expect(error instanceof NoNetwork, 'a sync fails, and nothing is lost by it'),
  )

  tell('Back on the road. The first push arrives, but its answer is lost; so it is sent again.')
  phone.server.online = true
  phone.server.trouble = () => 'after'
  await phone.push().catch((error) => tell(`  (${error.message})`))
  phone.server.trouble = () => null
  await phone.sync()
  const placed = await phone.row('orders', order.id)
  expect(placed.number !== '', `the order was placed once, as number ${placed.number}, for ${money(placed)}`)
  expect((await phone.row('contacts', ben.id)).notes.includes('twice'), `${ben.name} was corrected`)
  expect((await phone.rows('interactions')).some((each) => each.account_id === account.id), 'the note is in the log')

  tell('One order was more than there is in stock:')
  for (const { table, detail } of phone.refused.values()) tell(`  ${table}: ${detail}`)
  expect(phone.refused.has(`orders/${greedy.id}`), 'the order that was refused is still on the phone, unsent')
  for (const refused of [...phone.refused.values()]) await phone.giveUp(refused)
  expect(!(await phone.hasUnsentWork()), 'Sam has read why, and drops it')
  await expectEqual(phone)

  tell('The phone doubts what it holds, and has itself given everything anew.')
  await phone.repair()
  expect(phone.replaced, 'the server answered with the replacement strategy')
  await expectEqual(phone)
})

async function visitRosa(phone) {
  const [account] = await phone.create(['accounts', { name: "Rosa's Bakery" }])
  const [rosa] = await phone.create(['contacts', { name: 'Rosa Bianchi', account_id: account.id }])
  await phone.create(['interactions', { kind: 'note.added', account_id: account.id, text: 'Opens at six.' }])
  return { account, order: await orderOf(phone, rosa.id, 2, 1) }
}

/** An order and its lines, in one write: one line a quantity, each of another product. */
async function orderOf(phone, contactId, ...quantities) {
  const id = uuidv7()
  const products = (await phone.rows('products')).filter((each) => each.is_active)
  const lines = quantities.map((quantity, n) => ['order_lines', { order_id: id, product_id: products[n].id, quantity }])
  const [order] = await phone.create(['orders', { id, contact_id: contactId, reference: 'at the counter' }], ...lines)
  return order
}

function money({ total, currency }) {
  return new Intl.NumberFormat('en-GB', { style: 'currency', currency }).format(total / 100)
}
