// Signing in and out.

import { ask, avatar, button, el, field } from "./dom.js";
import { Offline, Refused } from "./wire.js";
import { count } from "./words.js";

export async function showSignIn(app) {
  const session = await app.store.fact("last_user");
  const error = el("p", { class: "error", role: "alert" });
  const email = el("input", {
    type: "email",
    name: "email",
    autocomplete: "username",
    required: true,
    value: session?.email ?? "",
  });
  const password = el("input", {
    type: "password",
    name: "password",
    autocomplete: "current-password",
    required: true,
  });
  const submit = button("Sign in", null, { strong: true, kind: "submit" });
  const form = el(
    "form",
    { class: "form", novalidate: true },
    field("E-mail", email),
    field("Password", password),
    error,
    submit,
  );
  const enter = async (who, secret) => {
    error.textContent = "";
    submit.disabled = true;
    try {
      await signIn(app, who, secret);
    } catch (trouble) {
      error.textContent = wordsOf(trouble);
    }
    submit.disabled = false;
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!email.value.trim() || !password.value) error.textContent = "Both are needed.";
    else enter(email.value.trim(), password.value);
  });
  return {
    title: "Sign in",
    small: "The field day, with or without a network",
    body: [offered(app, enter), form],
    steady: app.accounts.length > 0,
  };
}

function offered(app, enter) {
  if (app.accounts.length === 0) return null;
  const choose = ({ name, email, password, territory }) =>
    el(
      "button",
      { type: "button", class: "row choose", on: { click: () => enter(email, password) } },
      avatar(name, email),
      el(
        "span",
        { class: "words" },
        el("strong", { text: name }),
        el("small", { text: territory ? `Rep, ${territory}` : "Rep" }),
      ),
    );
  return el(
    "section",
    { class: "group" },
    el("h2", { text: "In this demo, be" }),
    el("ul", { class: "rows" }, ...app.accounts.map((account) => el("li", {}, choose(account)))),
  );
}

function wordsOf(trouble) {
  if (trouble instanceof Offline) return "Signing in needs a network. What is on this device stays.";
  if (trouble instanceof Refused) return trouble.message;
  throw trouble;
}

/** Sign in; somebody else than before begins with an empty device. */
async function signIn(app, email, password) {
  const { device, session } = await app.wire.signIn(email, password);
  const before = await app.store.fact("last_user");
  if (before && before.user_id !== session.user_id) {
    if (!(await mayWipe(app, "Begin anew on this device?", `${before.email} was signed in here.`))) return;
    await app.store.wipe();
  }
  await app.store.write(async (unit) => {
    await unit.note("device", device);
    await unit.note("session", session);
    await unit.note("last_user", { user_id: session.user_id, email });
  });
  app.sync.schemaIsFresh = false;
  app.radio.wake();
  await app.go("#/today", { instead: true });
}

/** Sign out: the device forgets everything. */
export async function signOut(app) {
  if (!(await mayWipe(app, "Sign out?", "This device forgets everything it holds."))) return;
  try {
    await app.wire.signOut();
  } catch (trouble) {
    if (!(trouble instanceof Offline || trouble instanceof Refused || trouble.name === "Error")) throw trouble;
  }
  const airplane = await app.store.fact("airplane");
  await app.store.wipe();
  await app.store.note("airplane", airplane);
  app.radio.wake();
  await app.go("#/sign-in", { instead: true });
}

async function mayWipe(app, question, words) {
  const unsent = (await app.store.unsent()).filter(({ table }) => table !== "order_lines").length;
  if (unsent === 0) return ask(question, words, "Yes");
  const lost = `${words} ${count(unsent, "change")} made here ${unsent === 1 ? "has" : "have"} not been sent and would be lost.`;
  return ask("Lose what was not sent?", lost, "Lose it", { danger: true });
}
