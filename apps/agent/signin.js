// Signing in; the demo's page of phones may offer accounts to the window that it opened.

import { avatar, button, el, field } from "./dom.js";

const PLACE = globalThis.PLACE ?? { embedder: null };

/** Ask whoever opened this window for accounts; only the page that the server named is believed. */
export function askOpener(heard) {
  if (!PLACE.embedder || !globalThis.opener) return;
  globalThis.addEventListener("message", ({ source, origin, data }) => {
    if (source !== globalThis.opener || origin !== PLACE.embedder || data?.type !== "agent.accounts") return;
    if (Array.isArray(data.accounts)) heard(data.accounts.filter(isAccount));
  });
  globalThis.opener.postMessage({ type: "agent.here" }, PLACE.embedder);
}

const isAccount = (one) => [one?.name, one?.email, one?.password].every((text) => typeof text === "string");

export function drawSignIn(accounts, enter) {
  const error = el("p", { class: "error", role: "alert" });
  const email = el("input", { type: "email", name: "email", autocomplete: "username", required: true });
  const password = el("input", { type: "password", name: "password", autocomplete: "current-password", required: true });
  const submit = button("Sign in", null, { strong: true, kind: "submit" });
  const tryIt = async (who, secret) => {
    error.textContent = "";
    submit.disabled = true;
    try {
      await enter(who, secret);
    } catch (trouble) {
      error.textContent = trouble.message;
    }
    submit.disabled = false;
  };
  const onSubmit = (event) => {
    event.preventDefault();
    if (email.value.trim() && password.value) tryIt(email.value.trim(), password.value);
    else error.textContent = "Both are needed.";
  };
  const offered = accounts.map((one) =>
    el(
      "button",
      { type: "button", class: "choose", on: { click: () => tryIt(one.email, one.password) } },
      avatar(one.name, one.email),
      el("span", {}, el("strong", { text: one.name }), el("small", { text: "Agent" })),
    ),
  );
  return el(
    "div",
    { class: "signin" },
    el("h1", { text: "Inbox" }),
    el("p", { text: "Conversations that a person answers" }),
    ...offered,
    el("form", { novalidate: true, on: { submit: onSubmit } }, field("E-mail", email), field("Password", password), error, submit),
  );
}
