// The way to the server: closed in airplane mode, one refresh for everybody, words for what comes back.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Offline, Refused, SignedOut, Wire } from "../../../apps/rep/wire.js";

const TOKEN = `x.${Buffer.from(JSON.stringify({ sub: "sam" })).toString("base64url")}.x`;
const HOUR = 3_600_000;

class Facts {
  constructor(facts) {
    this.name = "rep";
    this.facts = facts;
  }
  async fact(name) {
    return this.facts[name];
  }
  async note(name, value) {
    this.facts[name] = value;
  }
}

class Locks {
  constructor() {
    this.last = Promise.resolve();
  }
  request(_, work) {
    const turn = this.last.then(work);
    this.last = turn.catch(() => {});
    return turn;
  }
}

const answer = (status, body) => new Response(body === undefined ? "" : JSON.stringify(body), { status });

function wire(answers, { expires_at = Date.now() + HOUR } = {}) {
  const calls = [];
  const fetch = async (path, options) => {
    calls.push([options.method, path, options.headers]);
    return answers(path, options);
  };
  const store = new Facts({ session: { access_token: "old", refresh_token: "r1", expires_at, email: "sam@x" } });
  const made = new Wire(store, { fetch, locks: new Locks() });
  made.turn(false);
  return { made, calls, store };
}

const pair = { access_token: TOKEN, refresh_token: "r2", expires_in_s: 900 };

test("in airplane mode nothing leaves the device", async () => {
  const { made, calls } = wire(() => answer(200, {}));
  made.turn(true);
  await assert.rejects(made.call("GET", "/v1/sync"), Offline);
  assert.equal(calls.length, 0);
});

test("turning the switch cuts what is under way", async () => {
  const { made } = wire(
    (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("cut")))),
  );
  const call = made.call("GET", "/v1/sync/wait");
  setTimeout(() => made.turn(true), 5);
  await assert.rejects(call, Offline);
});

test("a token that has run out is refreshed once, however many ask", async () => {
  const { made, calls, store } = wire((path) => answer(200, path.endsWith("refresh") ? pair : { ok: true }), {
    expires_at: Date.now(),
  });
  await Promise.all([made.call("GET", "/a"), made.call("GET", "/b"), made.call("GET", "/c")]);
  assert.equal(calls.filter(([, path]) => path.endsWith("refresh")).length, 1);
  assert.equal(store.facts.session.refresh_token, "r2");
  assert.equal(calls.at(-1)[2].Authorization, `Bearer ${TOKEN}`);
});

test("a session that the server has ended asks for a sign-in and keeps everything else", async () => {
  const { made, store } = wire(() => answer(401, { code: "auth.token-invalid", detail: "Sign in." }));
  store.facts.cursor = 7;
  await assert.rejects(made.call("GET", "/v1/sync"), SignedOut);
  assert.deepEqual([store.facts.session, store.facts.cursor], [undefined, 7]);
});

test("no network, a sleeping server and a hotel's sign-in page are all no network", async () => {
  for (const bad of [
    () => Promise.reject(new TypeError("failed")),
    () => answer(503, {}),
    () => new Response("<html>", { status: 200 }),
  ]) {
    await assert.rejects(wire(bad).made.call("GET", "/v1/sync"), Offline);
  }
});

test("a no of the server comes with its code and its sentence", async () => {
  const { made } = wire(() => answer(409, { code: "sync.pull-first", detail: "Sync once more." }));
  await assert.rejects(
    made.call("POST", "/v1/sync"),
    (error) => error instanceof Refused && error.code === "sync.pull-first" && error.message === "Sync once more.",
  );
});
