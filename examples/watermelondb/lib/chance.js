'use strict'

/** Chance that can be had again: the numbers of a seed (mulberry32). */
class Chance {
  constructor(seed) {
    this.state = seed >>> 0
  }

  /** From 0 to 1. */
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  is(probability) {
    return this.next() < probability
  }

  below(limit) {
    return Math.floor(this.next() * limit)
  }

  of(things) {
    return things[this.below(things.length)]
  }

  shuffled(things) {
    return things
      .map((thing) => [this.next(), thing])
      .sort(([one], [other]) => one - other)
      .map(([, thing]) => thing)
  }
}

module.exports = { Chance }
