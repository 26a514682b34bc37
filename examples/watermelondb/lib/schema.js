'use strict'

const { Model, appSchema, tableSchema } = require('@nozbe/watermelondb')
const { schemaMigrations } = require('@nozbe/watermelondb/Schema/migrations')

/**
 * The app's schema and one model class a table, made of what `GET /v1/sync/schema` says. An app in the shops writes
 * both down at build time; this one learns them from the server, so that it shows every table there is.
 */
function schemaOf(wire) {
  const tables = Object.entries(wire.tables).map(([name, { columns }]) =>
    tableSchema({
      name,
      columns: Object.entries(columns)
        .filter(([column]) => column !== 'id') // WatermelonDB's own
        .map(([column, { type, optional }]) => ({ name: column, type, isOptional: optional })),
    }),
  )
  return {
    schema: appSchema({ version: wire.schema_version, tables }),
    migrations: schemaMigrations({ migrations: [] }),
    modelClasses: Object.entries(wire.tables).map(([name, { columns }]) => modelOf(name, Object.keys(columns))),
  }
}

function modelOf(table, columns) {
  const model = class extends Model {}
  model.table = table
  for (const column of columns.filter((each) => each !== 'id')) {
    accessor(model, column, column)
  }
  accessor(model, 'createdAt', 'created_at') // WatermelonDB keeps these two by itself where a model has them
  accessor(model, 'updatedAt', 'updated_at')
  return model
}

function accessor(model, name, column) {
  Object.defineProperty(model.prototype, name, {
    get() {
      return this._getRaw(column)
    },
    set(value) {
      this._setRaw(column, value)
    },
  })
}

module.exports = { schemaOf }
