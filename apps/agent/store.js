// What this tab remembers: the session, as long as the tab is open, and nothing of any customer.

export class Store {
  name = "agent";

  async fact(key) {
    const kept = sessionStorage.getItem(`agent.${key}`);
    return kept === null ? undefined : JSON.parse(kept);
  }

  async note(key, value) {
    if (value === undefined) sessionStorage.removeItem(`agent.${key}`);
    else sessionStorage.setItem(`agent.${key}`, JSON.stringify(value));
  }
}
