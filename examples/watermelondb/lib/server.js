'use strict'

const { gzipSync } = require('node:zlib')

const WORTH_PACKING = 2048 // bytes
const TIMEOUT_MS = 30_000
const TRIES_WHEN_TOLD_TO_WAIT = 10

/** The server said no: `status`, and the `code` and `detail` of its problem document. */
class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.code}: ${problem.detail}`)
    this.status = status
    this.code = problem.code
  }
}

/** There is no network, or it gave way before the answer was here. */
class NoNetwork extends Error {}

/**
 * One sign-in of one device. `online` is the airplane switch; `trouble`, asked before each call, may say 'before'
 * (the request never leaves) or 'after' (the server did it, and the answer is lost).
 */
class Server {
  constructor(baseUrl, deviceId) {
    this.baseUrl = baseUrl
    this.deviceId = deviceId
    this.online = true
    this.trouble = () => null
    this.tokens = null
  }

  async signIn(email, password) {
    const device = { id: this.deviceId, name: this.deviceId, platform: 'android' }
    this.tokens = await this.call('POST', '/v1/auth/login', { email, password, device })
  }

  get(path) {
    return this.call('GET', path)
  }

  post(path, body, headers) {
    return this.call('POST', path, body, headers)
  }

  /** One call as JSON; a token that ran out is renewed once, a 429 or 503 is obeyed. */
  async call(method, path, body, headers = {}) {
    let renewed = false
    for (let tries = 0; ; tries += 1) {
      const response = await this.send(method, path, body, headers)
      if (response.status === 401 && this.tokens && !renewed) {
        renewed = true
        await this.renew()
      } else if ([429, 503].includes(response.status) && tries < TRIES_WHEN_TOLD_TO_WAIT) {
        await response.arrayBuffer()
        await new Promise((resolve) => setTimeout(resolve, 1000 * Number(response.headers.get('retry-after') || 1)))
      } else {
        return answerOf(response)
      }
    }
  }

  async send(method, path, body, headers) {
    const trouble = this.trouble()
    if (!this.online || trouble === 'before') throw new NoNetwork('no network')
    const options = { method, headers: { ...headers }, signal: AbortSignal.timeout(TIMEOUT_MS) }
    if (this.tokens) options.headers.Authorization = `Bearer ${this.tokens.access_token}`
    if (body !== undefined) pack(options, body)
    let response
    try {
      response = await fetch(this.baseUrl + path, options)
    } catch (error) {
      throw new NoNetwork(String(error.cause?.code ?? error.message))
    }
    if (trouble === 'after') {
      await response.arrayBuffer()
      throw new NoNetwork('the answer was lost')
    }
    return response
  }

  async renew() {
    const { refresh_token } = this.tokens
    this.tokens = null
    this.tokens = await this.call('POST', '/v1/auth/refresh', { refresh_token })
  }
}

function pack(options, body) {
  options.headers['Content-Type'] = 'application/json'
  options.body = Buffer.from(JSON.stringify(body))
  if (options.body.length > WORTH_PACKING) {
    options.headers['Content-Encoding'] = 'gzip'
    options.body = gzipSync(options.body)
  }
}

async function answerOf(response) {
  const text = await response.text()
  const body = text ? JSON.parse(text) : null
  if (!response.ok) throw new Refused(response.status, body ?? {})
  return body
}

module.exports = { NoNetwork, Refused, Server }
