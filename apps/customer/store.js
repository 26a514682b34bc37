// What this device remembers: the session, as long as the tab is open.

export class Store {
  constructor(device) {
    this.name = `customer.${device}`;
  }

  async fact(key) {
    const kept = sessionStorage.getItem(`${this.name}.${key}`);
    return kept === null ? undefined : JSON.parse(kept);
  }

  async note(key, value) {
    if (value === undefined) sessionStorage.removeItem(`${this.name}.${key}`);
    else sessionStorage.setItem(`${this.name}.${key}`, JSON.stringify(value));
  }
}
