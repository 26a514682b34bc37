// Signing in: the own number, then the code that a text brings to it.

import { button, el, field } from "./dom.js";

/** `ask(phone)` has a code sent, `enter(phone, code)` signs in; both may throw what can be shown. */
export class SignIn {
  constructor(business, { ask, enter }) {
    this.ask = ask;
    this.enter = enter;
    this.awaits = false;
    this.error = el("p", { class: "error", role: "alert" });
    this.phone = el("input", { type: "tel", name: "phone", autocomplete: "tel", required: true });
    this.code = el("input", { type: "text", name: "code", inputmode: "numeric", autocomplete: "one-time-code", maxlength: 7 });
    this.second = el("div", { class: "second", hidden: true }, field("Code from the text", this.code));
    this.submit = button("Send me a code", null, { strong: true, kind: "submit" });
    this.root = el(
      "form",
      { class: "signin", novalidate: true, on: { submit: (event) => (event.preventDefault(), this.next()) } },
      el("h1", { text: business }),
      el("p", { text: "Sign in with your number to talk with us here." }),
      field("Your number", this.phone),
      this.second,
      this.error,
      this.submit,
    );
  }

  async next() {
    const [phone, code] = [this.phone.value.trim(), this.code.value.replace(/\D/g, "")];
    this.error.textContent = "";
    if (!phone) return void (this.error.textContent = "Which number is yours?");
    if (!this.second.hidden && !code) return void (this.error.textContent = "Write the six digits.");
    this.submit.disabled = true;
    try {
      if (this.second.hidden) await this.sent(phone);
      else await this.enter(phone, code);
    } catch (trouble) {
      this.error.textContent = trouble.message;
    }
    this.submit.disabled = false;
  }

  async sent(phone) {
    this.code.value = "";
    this.awaits = true; // the text may be here before the answer is
    await this.ask(phone);
    this.second.hidden = false;
    this.submit.querySelector("span").textContent = "Sign in";
    this.code.focus();
  }

  /** A text with a code came in on this phone: it is written for its owner, as phones do. */
  heard(code) {
    if (this.awaits) this.code.value = code;
  }
}
