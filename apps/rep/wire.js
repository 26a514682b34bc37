// The one way to the server. In airplane mode nothing passes here, and what is under way is cut.

/** There is no network, or none is allowed; the device goes on without. */
export class Offline extends Error {}

/** The session is over: sign in again. What is unsent stays. */
export class SignedOut extends Error {}

/** The server's no, as problem details say it: `status`, `code`, and a sentence as `message`. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The server answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
  }
}

const EARLY_MS = 30_000;
const PATIENCE_MS = 20_000;

export class Wire {
  /** `locks` is `navigator.locks`: two pages of one device must not use one refresh token twice. */
  constructor(store, { fetch = globalThis.fetch.bind(globalThis), locks = navigator.locks } = {}) {
    this.store = store;
    this.fetch = fetch;
    this.locks = locks;
    this.airplane = true; // until the stored switch is read
    this.underWay = new Set();
  }

  /** Turn the radio off or on. */
  turn(airplane) {
    this.airplane = airplane;
    if (airplane) for (const aborting of this.underWay) aborting.abort();
  }

  async signIn(email, password) {
    const device = (await this.store.fact("device")) ?? {
      id: crypto.randomUUID(),
      name: deviceName(),
      platform: "web",
    };
    const pair = await this.ask("POST", "/v1/auth/login", { body: { email, password, device } });
    return { device, session: sessionOf(pair, email) };
  }

  async signOut() {
    await this.call("POST", "/v1/auth/logout");
  }

  /** The answer of a call with the session's token; raises Offline, SignedOut or Refused. */
  async call(method, path, { body, key, signal, patience = PATIENCE_MS } = {}) {
    const session = await this.session();
    try {
      return await this.ask(method, path, { body, key, signal, patience, token: session.access_token });
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 401) throw error;
      const fresh = await this.refreshed(session.access_token);
      return this.ask(method, path, { body, key, signal, patience, token: fresh.access_token });
    }
  }

  async session() {
    const session = await this.store.fact("session");
    if (!session) throw new SignedOut("Sign in again.");
    return Date.now() < session.expires_at - EARLY_MS ? session : this.refreshed(session.access_token);
  }

  /** The next pair of tokens, unless another page has fetched one meanwhile. */
  refreshed(stale) {
    return this.locks.request(`${this.store.name}-refresh`, async () => {
      const session = await this.store.fact("session");
      if (!session) throw new SignedOut("Sign in again.");
      if (session.access_token !== stale) return session;
      try {
        const pair = await this.ask("POST", "/v1/auth/refresh", { body: { refresh_token: session.refresh_token } });
        const next = sessionOf(pair, session.email);
        await this.store.note("session", next);
        return next;
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 401) throw error;
        await this.store.note("session", undefined);
        throw new SignedOut("Your session has ended. Sign in again; what is unsent stays here.");
      }
    });
  }

  async ask(method, path, { body, key, token, signal, patience = PATIENCE_MS } = {}) {
    if (this.airplane) throw new Offline("Airplane mode is on.");
    const aborting = new AbortController();
    const timer = setTimeout(() => aborting.abort(), patience);
    signal?.addEventListener("abort", () => aborting.abort());
    this.underWay.add(aborting);
    const headers = { Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (key) headers["Idempotency-Key"] = key;
    if (token) headers.Authorization = `Bearer ${token}`;
    try {
      const options = { method, headers, signal: aborting.signal, cache: "no-store", credentials: "omit" };
      if (body !== undefined) options.body = JSON.stringify(body);
      const response = await this.fetch(path, options);
      return await read(response);
    } catch (error) {
      if (error instanceof Refused || error instanceof Offline) throw error;
      throw new Offline("The server cannot be reached.");
    } finally {
      clearTimeout(timer);
      this.underWay.delete(aborting);
    }
  }
}

async function read(response) {
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    if (response.ok) throw new Offline("Something on the way answers for the server."); // a hotel's sign-in page
  }
  if (response.status === 502 || response.status === 503 || response.status === 504)
    throw new Offline("The server is away.");
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

/** What is kept of a pair of tokens; `user_id` is the token's subject. */
function sessionOf(pair, email) {
  const claims = JSON.parse(atob(pair.access_token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  return {
    access_token: pair.access_token,
    refresh_token: pair.refresh_token,
    expires_at: Date.now() + pair.expires_in_s * 1000,
    user_id: claims.sub,
    email,
  };
}

function deviceName() {
  return `Rep app (${navigator.userAgentData?.platform || navigator.platform || "web"})`.slice(0, 100);
}
