'use strict'

// Two devices and a manager: what never conflicts, what does, and what becomes of an account that moves away.

const { demo, expect, expectEqual, phoneOf, run, signedIn, tell } = require('./lib/story')

run(async () => {
  const running = demo(process.argv[2])
  const now = Date.now()
  const phone = await phoneOf(running, 'Sam', `sam-phone-${now}`)
  const tablet = await phoneOf(running, 'Sam', `sam-tablet-${now}`)
  const lena = await phoneOf(running, 'Lena', `lena-phone-${now}`)
  const noor = await signedIn(running, 'Noor', `noor-office-${now}`)
  const [account] = await phone.create(['accounts', { name: 'The Boathouse' }])
  const [contact] = await phone.create(['contacts', { name: 'Iris Webb', account_id: account.id }])
  await syncAll(phone, tablet, lena)
  expect(await tablet.row('contacts', contact.id), "what the phone made is on Sam's tablet")
  expect(!(await lena.row('contacts', contact.id)), "and not on Lena's phone: it lies in West")

  await differentFields({ phone, tablet, contact })
  await sameField({ phone, tablet, contact })
  await movedAway({ phone, tablet, lena, noor, account, contact })
})

async function differentFields({ phone, tablet, contact }) {
  tell('Phone and tablet, both offline, edit different fields of one contact.')
  await phone.edit('contacts', contact.id, { name: 'Iris Webb-Cole' })
  await tablet.edit('contacts', contact.id, { locale: 'en' })
  await syncAll(phone, tablet, phone)
  for (const device of [phone, tablet]) {
    const { name, locale } = await device.row('contacts', contact.id)
    expect(name === 'Iris Webb-Cole' && locale === 'en', `both edits stand on ${device.name}`)
  }
  expect(phone.conflicts.length + tablet.conflicts.length === 0, 'there was no conflict')
}

async function sameField({ phone, tablet, contact }) {
  tell('Both edit the same field.')
  await phone.edit('contacts', contact.id, { name: 'Iris Cole' })
  await tablet.edit('contacts', contact.id, { name: 'I. Webb-Cole' })
  await syncAll(phone, tablet, phone)
  const [conflict] = tablet.conflicts
  expect(conflict, 'the second one to arrive is told of a conflict')
  tell(`  mine: ${conflict.mine.name}; theirs: ${conflict.theirs.name}; what stands now: ${conflict.applied}`)
  expect((await phone.row('contacts', contact.id)).name === 'I. Webb-Cole', 'the later push stands, for now')
  await tablet.server.post(`/v1/sync/conflicts/${conflict.id}/settlement`, { choice: 'theirs' })
  await syncAll(phone, tablet)
  expect((await tablet.row('contacts', contact.id)).name === 'Iris Cole', 'Sam settles it: the other one was right')
  await expectEqual(phone)
  await expectEqual(tablet)
}

async function movedAway({ phone, tablet, lena, noor, account, contact }) {
  tell('Noor gives the account to Lena, while Sam writes on it in a dead zone.')
  const east = (await lena.rows('territories'))[0]
  await phone.edit('contacts', contact.id, { notes: 'Wants decaf.' })
  await move(noor, account.id, east.id)
  await syncAll(phone, tablet, lena)
  expect(!(await phone.row('contacts', contact.id)), "account and contact have left Sam's phone")
  expect(!(await tablet.row('accounts', account.id)), 'and his tablet')
  expect(await lena.row('contacts', contact.id), "and both are on Lena's, in one sync")
  const kept = phone.conflicts.find((each) => each.kind === 'moved')
  expect(kept?.mine.notes === 'Wants decaf.', 'what Sam wrote is in the conflict inbox, for him and Noor to settle')
  await noor.post(`/v1/sync/conflicts/${kept.id}/settlement`, { choice: 'mine' })
  await lena.sync()
  expect((await lena.row('contacts', contact.id)).notes === 'Wants decaf.', 'Noor lets it stand, and Lena has it')
  for (const device of [phone, tablet, lena]) await expectEqual(device)
}

async function move(manager, accountId, territoryId) {
  const { rev } = await manager.get(`/v1/accounts/${accountId}`)
  await manager.call('PATCH', `/v1/accounts/${accountId}`, { territory_id: territoryId }, { 'If-Match': `"${rev}"` })
}

async function syncAll(...devices) {
  for (const device of devices) await device.sync()
}
