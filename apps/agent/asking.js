// Questions in the middle of the screen; each resolves to what was said, null when it was called off.

import { button, el, field } from "./dom.js";

/** Why a colleague's conversation is taken over. */
export function askWhy() {
  const reason = el("textarea", { rows: 2, maxlength: 500 });
  return ask("Take over", "Take over this conversation", (say) => [
    el("p", { text: "Whoever answers it is told. While they are here, only managers may." }),
    form(() => reason.value.trim() && say(reason.value.trim()), field("Why", reason), "Take over", true),
  ]);
}

/** To whom a conversation goes: one of the colleagues who are present, or a queue. */
export function askWhom(colleagues, queueNow) {
  const queue = el("input", { type: "text", value: queueNow, pattern: "[a-z][a-z\\-]*", maxlength: 40 });
  return ask("Transfer", "Transfer this conversation", (say) => [
    ...colleagues.map((one) => button(`${one.name} (${one.conversations} open)`, () => say({ agent_id: one.id }))),
    colleagues.length ? null : el("p", { text: "No colleague is present." }),
    form(() => queue.checkValidity() && queue.value && say({ queue: queue.value }), field("Or back into a queue", queue), "To the queue"),
  ]);
}

const form = (send, input, label, strong = false) =>
  el("form", { novalidate: true, on: { submit: (event) => (event.preventDefault(), send()) } }, input, button(label, null, { kind: "submit", strong }));

function ask(label, title, parts) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "ask", "aria-label": label });
    const say = (what) => {
      dialog.close();
      dialog.remove();
      resolve(what);
    };
    dialog.append(el("h2", { text: title }), ...parts(say).filter(Boolean), button("Cancel", () => say(null)));
    dialog.addEventListener("cancel", (event) => (event.preventDefault(), say(null)));
    document.body.append(dialog);
    dialog.showModal();
  });
}
