'use strict'

const { Database } = require('@nozbe/watermelondb')
const { default: LokiJSAdapter } = require('@nozbe/watermelondb/adapters/lokijs')
const { hasUnsyncedChanges, synchronize } = require('@nozbe/watermelondb/sync')
const { fetchLocalChanges, markLocalChangesAsSynced } = require('@nozbe/watermelondb/sync/impl')
const { prepareMarkAsSynced } = require('@nozbe/watermelondb/sync/impl/helpers')
const { default: logger } = require('@nozbe/watermelondb/utils/common/logger')
const { setGenerator } = require('@nozbe/watermelondb/utils/common/randomId')
const { digestOf } = require('./digest')
const { Refused } = require('./server')
const { schemaOf } = require('./schema')
const { Storage } = require('./storage')
const { uuidv7 } = require('./uuidv7')

const FROM_THE_BEGINNING = 1 // a cursor that no server ever gave: it answers with all there is, as a replacement

setGenerator(uuidv7) // the one line that mCRM asks of a WatermelonDB app
logger.silence()
const complaints = [] // what the library finds wrong with a server's answers
logger.error = (...words) => complaints.push(words.map(String).join(' '))

/** One phone: the stock WatermelonDB, and a sign-in to talk to mCRM with. */
class Device {
  constructor(name, server, { limit } = {}) {
    this.name = name
    this.server = server
    this.limit = limit
    this.storage = new Storage()
    this.refused = new Map() // 'table/id' -> {table, id, code, detail}: what the rep has to look at
    this.conflicts = []
    this.unanswered = null // a push whose answer never came: sent again with the same key
  }

  /** Learn the schema and open the database; again after `die`, with what was saved. */
  async open() {
    this.wire ??= await this.server.get('/v1/sync/schema')
    const { schema, migrations, modelClasses } = schemaOf(this.wire)
    const adapter = new LokiJSAdapter({
      schema,
      migrations,
      dbName: this.name,
      useWebWorker: false,
      useIncrementalIndexedDB: false,
      extraLokiOptions: { autosave: false },
      _testLokiAdapter: this.storage,
    })
    this.database = new Database({ adapter, modelClasses })
    await this.database.adapter.getLocal('opened') // it queues behind the loading
    return this
  }

  // what the rep does, network or not

  /** Make rows in one write, e.g. an order with its lines: `[[table, {column: value}], …]`; the records. */
  async create(...rows) {
    const records = await this.database.write(async () => {
      const prepared = rows.map(([table, values]) =>
        this.database.get(table).prepareCreate((record) => {
          if (values.id) record._raw.id = values.id
          for (const [column, value] of Object.entries(values)) if (column !== 'id') record[column] = value
        }),
      )
      await this.database.batch(...prepared)
      return prepared
    })
    await this.save()
    return records
  }

  async edit(table, id, values) {
    const record = await this.database.get(table).find(id)
    await this.database.write(() => record.update(() => Object.assign(record, values)))
    await this.save()
  }

  async delete(table, id) {
    const record = await this.database.get(table).find(id)
    await this.database.write(() => record.markAsDeleted())
    await this.save()
  }

  /** All rows of a table as raw records. */
  async rows(table) {
    return (await this.database.get(table).query().fetch()).map((record) => record._raw)
  }

  async row(table, id) {
    return (await this.rows(table)).find((raw) => raw.id === id)
  }

  hasUnsentWork() {
    return hasUnsyncedChanges({ database: this.database })
  }

  // the network

  /**
   * Send what is unsent, then take what is new, page by page. Sent first because WatermelonDB drops unsent edits of
   * rows that a pull deletes; mCRM merges field by field, so there is no need to pull before.
   */
  async sync() {
    try {
      await this.push()
    } catch (error) {
      if (!(error instanceof Refused && error.status === 409)) throw error
      await this.pullAll() // the server came back from a backup: take its rows, keep ours, then send
      await this.push()
    }
    await this.pullAll()
    if (await this.hasUnsentWork()) await this.push() // edited meanwhile
  }

  async pullAll() {
    while (await this.pull());
  }

  /** `synchronize()` without `pushChanges`: one page, stored together with its cursor; whether there is more. */
  async pull({ from } = {}) {
    let hasMore = false
    await synchronize({
      database: this.database,
      sendCreatedAsUpdated: true,
      migrationsEnabledAtVersion: 1,
      pullChanges: async ({ lastPulledAt, schemaVersion, migration }) => {
        const answer = await this.server.get(this.pullPath(from ?? lastPulledAt, schemaVersion, migration))
        hasMore = answer.has_more
        if (answer.experimentalStrategy) this.replaced = true
        return answer
      },
    })
    await this.save()
    return hasMore
  }

  pullPath(lastPulledAt, schemaVersion, migration) {
    const query = new URLSearchParams({
      last_pulled_at: String(lastPulledAt),
      schema_version: String(schemaVersion),
      migration: JSON.stringify(migration),
    })
    if (this.limit) query.set('limit', String(this.limit))
    return `/v1/sync?${query}`
  }

  /** The push half of `synchronize()`, of the library's own two parts; the server's answer, null if nothing was unsent. */
  async push() {
    if (!(await this.hasUnsentWork())) return null
    const local = await fetchLocalChanges(this.database)
    const changes = withoutEmptyTables(local.changes)
    const answer = await this.send(changes)
    this.note(changes, answer)
    await markLocalChangesAsSynced(this.database, local, answer.experimentalRejectedIds)
    await this.save()
    return answer
  }

  /** The same push is sent under the same key until it is answered, so that the server takes it once. */
  async send(changes) {
    const text = JSON.stringify(changes)
    if (this.unanswered?.text !== text) this.unanswered = { text, key: uuidv7() }
    const cursor = (await this.database.adapter.getLocal('__watermelon_last_pulled_at')) ?? ''
    const headers = { 'Idempotency-Key': this.unanswered.key }
    const answer = await this.server.post(`/v1/sync?last_pulled_at=${cursor}`, { changes }, headers)
    this.unanswered = null
    return answer
  }

  note(changes, answer) {
    for (const [table, lists] of Object.entries(changes)) {
      for (const { id } of [...lists.created, ...lists.updated]) this.refused.delete(`${table}/${id}`)
    }
    for (const error of answer.errors) this.refused.set(`${error.table}/${error.id}`, error)
    this.conflicts.push(...answer.conflicts)
  }

  /** The rep has read why a record was refused, and drops it: a new row goes, an edit gives way to the server's row. */
  async giveUp({ table, id }) {
    this.refused.delete(`${table}/${id}`)
    const record = await this.database.get(table).find(id).catch(() => null)
    if (record === null) return
    await this.database.write(async () => {
      if (record.syncStatus === 'created') await record.destroyPermanently()
      else await this.database.batch(prepareMarkAsSynced(record))
    })
    await this.save()
    if (record.syncStatus === 'synced') await this.repair()
  }

  /** Take the whole set anew; what is unsent stays. */
  async repair() {
    await this.pull({ from: FROM_THE_BEGINNING })
  }

  // proof

  /** The tables whose digest is not the server's; none: the device holds exactly what it should. */
  async differences() {
    const { tables } = await this.server.get('/v1/sync/digest')
    const wrong = []
    for (const [table, expected] of Object.entries(tables)) {
      const mine = digestOf(await this.rows(table))
      if (mine.count !== expected.count || mine.hash !== expected.hash) {
        wrong.push(`${table}: ${mine.count} rows here, ${expected.count} there`)
      }
    }
    return wrong
  }

  // the app's life

  /** Write the database down, as the SQLite adapter does at each commit. */
  save() {
    const { loki } = this.database.adapter.underlyingAdapter._driver
    return new Promise((resolve, reject) => loki.saveDatabase((error) => (error ? reject(error) : resolve())))
  }

  /** The app is killed and started again: what it had not saved is gone. */
  async die() {
    this.unanswered = null
    this.refused.clear()
    await this.open()
  }
}

function withoutEmptyTables(changes) {
  return Object.fromEntries(
    Object.entries(changes).filter(([, lists]) => Object.values(lists).some((records) => records.length)),
  )
}

module.exports = { Device, complaints }
