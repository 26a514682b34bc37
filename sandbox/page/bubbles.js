// One message, drawn: a text, a chat message with its buttons, a notification.

import { clock, el, icon } from "./dom.js";

const STATUS = {
  accepted: ["wait", "Queued"], scheduled: ["wait", "Queued"], queued: ["wait", "Queued"], sending: ["wait", "Sending"],
  sent: ["tick", "Sent"], delivered: ["ticks", "Delivered"], read: ["ticks", "Read"],
  undelivered: ["lost", "Not delivered"], failed: ["lost", "Failed"], canceled: ["lost", "Cancelled"],
};

const LINK = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]])/;
const MOST_BEGINNING = 120;

const STYLES = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "code" };

/** A text message; ours carries the carrier's latest word. */
export function textBubble(message, { botUsername, openChat }) {
  const item = frame(message, words(message));
  const start = deepLink(message, botUsername);
  if (start !== null) {
    const open = el("button", { type: "button", class: "chip", on: { click: () => openChat(start) } }, icon("telegram"), "Open in Telegram");
    item.append(open);
  }
  const note = el("p", { class: "note" }, el("time", { datetime: message.at.toISOString(), text: clock(message.at) }));
  if (message.status) {
    const [drawing, word] = STATUS[message.status] ?? ["wait", message.status];
    note.classList.toggle("bad", drawing === "lost");
    note.append(icon(drawing), el("span", { class: "status", text: word }));
  }
  item.append(note);
  return item;
}

/** A chat message, its time inside as Telegram draws it, its inline keyboard below. */
export function chatBubble(message, { tap }) {
  if (message.system) return el("li", { class: "message system" }, el("p", { text: message.text }));
  const text = words(message);
  if (message.contact) text.prepend(icon("card"));
  text.append(
    el("span", { class: "stamp" }, message.edited ? "edited " : "", el("time", { datetime: message.at.toISOString(), text: clock(message.at) })),
  );
  const item = frame(message, text);
  if (message.buttons.length > 0) {
    item.classList.add("keyed");
    item.append(keyboard(message, tap));
  }
  return item;
}

function keyboard(message, tap) {
  const rows = message.buttons.map((row) =>
    el("div", { class: "keys" }, ...row.map((button) => key(button, (node) => tap(message, button, node)))),
  );
  return el("div", { class: "keyboard", role: "group", "aria-label": "Buttons of this message" }, ...rows);
}

function key(button, tap) {
  if (button.url && /^https?:/i.test(button.url)) {
    return el("a", { class: "key", href: button.url, target: "_blank", rel: "noopener noreferrer" }, button.text, icon("out"));
  }
  const node = el("button", { type: "button", class: "key", text: button.text, disabled: !button.callback_data });
  node.addEventListener("click", () => tap(node));
  return node;
}

/** A mail: closed it is a subject and the beginning, opened all of its words; plain text, whatever it holds. */
export function mail(message, { product }) {
  const time = el("time", { datetime: message.at.toISOString(), text: clock(message.at) });
  const head = el("span", { class: "heading" }, el("span", { class: "from", text: message.from }), time);
  const subject = el("strong", { text: message.title });
  const beginning = el("span", { class: "beginning", text: message.text.replace(/\s+/g, " ").slice(0, MOST_BEGINNING) });
  const letter = el("p", { class: "letter" }, el("span", { class: "to", text: `To ${message.to}` }), ...linked(message.text, product));
  return el("li", { class: "mail" }, el("details", {}, el("summary", {}, head, subject, beginning), letter));
}

/** Words whose addresses lead to the product alone: nothing here sends anybody out of this machine. */
function linked(text, product) {
  return text.split(LINK).map((piece) => {
    const known = product && LINK.test(piece) && URL.canParse(piece) && new URL(piece).origin === product;
    return known ? el("a", { href: piece, target: "_blank", rel: "noopener noreferrer", text: piece }) : piece;
  });
}

/** A notification on the lock screen. */
export function notice(message) {
  return el(
    "li",
    { class: message.replaced ? "notice replaced" : "notice" },
    el("span", { class: "app", "aria-hidden": "true" }, icon("push")),
    el(
      "div",
      {},
      el("p", { class: "heading" }, el("strong", { text: message.title }), el("time", { datetime: message.at.toISOString(), text: clock(message.at) })),
      el("p", { class: "body", text: message.text }),
    ),
  );
}

function frame(message, text) {
  const side = message.own ? "own" : "theirs";
  return el("li", { class: `message ${side}` }, el("span", { class: "unseen", text: message.own ? "You:" : "They:" }), text);
}

/** The words, with Telegram's entities as elements around plain text; offsets count UTF-16 units, as strings here do. */
function words(message) {
  const bubble = el("p", { class: "bubble" });
  let done = 0;
  const known = [...message.entities].filter(({ type }) => STYLES[type]).sort((one, other) => one.offset - other.offset);
  for (const { type, offset, length } of known) {
    if (offset < done) continue;
    bubble.append(message.text.slice(done, offset), el(STYLES[type], { text: message.text.slice(offset, offset + length) }));
    done = offset + length;
  }
  bubble.append(message.text.slice(done));
  return bubble;
}

function deepLink(message, botUsername) {
  if (message.own || !botUsername) return null;
  const found = /t\.me\/([A-Za-z0-9_]+)\?start=([A-Za-z0-9_-]{1,64})/.exec(message.text);
  return found && found[1].toLowerCase() === botUsername.toLowerCase() ? found[2] : null;
}
