'use strict'

/**
 * Where LokiJS keeps a database between two starts of the app: here a text in memory, written only when `save` is
 * called. What was not saved when the app died is gone, as on a phone. (Apps use WatermelonDB's SQLite adapter, or
 * IndexedDB in a browser; a command that runs for a minute needs neither.)
 */
class Storage {
  constructor() {
    this.text = null
    this.fails = () => false // whether the app is killed while it writes
  }

  loadDatabase(_name, callback) {
    callback(this.text)
  }

  saveDatabase(_name, text, callback) {
    if (this.fails()) return callback(new Error('killed while saving'))
    this.text = text
    return callback(null)
  }

  deleteDatabase(_name, callback) {
    this.text = null
    callback()
  }
}

module.exports = { Storage }
