// The middle: what was said on every channel, and the words that go out.

import { badge, button, el, empty } from "./dom.js";
import { channelName, nameOf, STATES, until, when } from "./words.js";

const FACTS = {
  "conversation.handed-over": () => "The bot called a person",
  "conversation.taken": (item) => `${item.name ?? "Somebody"} took the conversation`,
  "conversation.taken-over": (item) => `${item.name ?? "Somebody"} took it over: ${item.payload.reason ?? ""}`,
  "conversation.transferred": (item) => `${item.name ?? "The desk"} passed it on`,
  "conversation.resolved": (item) => `${item.name ?? "Somebody"} settled it`,
  "conversation.returned": () => "Back to the bot",
  "conversation.rated": (item) => `The customer’s rating: ${item.payload.rating} of 5`,
  "case.opened": (item) => `Case ${item.payload.number ?? ""} opened`,
};

/** The head of a conversation: who, and what can be done with it. */
export function drawHead(app) {
  const one = app.current;
  const [, , asked] = one.summary.split("\n");
  const mine = one.state === "taken" && one.agent_id === app.me;
  const acts =
    one.state === "waiting"
      ? [button("Take", () => app.take(), { strong: true })]
      : mine
        ? [
            button("Back to the bot", () => app.giveBack()),
            button("Transfer", () => app.transfer()),
            button("Resolve", () => app.resolve(), { strong: true }),
          ]
        : one.state === "taken"
          ? [button("Take over", () => app.takeOver())]
          : [];
  const clock = one.first_responded_at
    ? `Settle ${until(one.resolution_due_at)}`
    : `Answer ${until(one.first_response_due_at)}`;
  return el(
    "header",
    { class: "head" },
    button("Back", () => app.close()),
    el(
      "div",
      { class: "words" },
      el("h1", { text: nameOf(one) }),
      el("p", { text: asked }),
    ),
    el("div", { class: "marks" }, badge(channelName(one.channel)), one.ended_at ? null : badge(clock, "waiting")),
    el("div", { class: "acts" }, ...acts),
  );
}

/** All that was said, oldest first. */
export function drawThread(app) {
  const items = app.thread.map(itemOf).filter(Boolean);
  return el(
    "ol",
    { class: "said", "aria-live": "polite" },
    app.older && el("li", { class: "fact" }, button("Show earlier messages", () => app.showOlder())),
    ...(items.length ? items : [el("li", {}, empty("Nothing was said yet."))]),
  );
}

function itemOf(item) {
  const { kind, payload } = item;
  if (kind === "message.received") return bubble(item, "in", payload.text ?? `(${payload.kind})`, channelName(item.channel));
  if (kind === "delivery.queued") {
    if (payload.operation !== "send" || !payload.text || payload.kind === "agent-reply-news") return null;
    const who = item.name ?? (payload.kind === "reply" ? "Bot" : "mCRM");
    const state = STATES[payload.state] ?? payload.state;
    return bubble(item, item.name ? "out" : "out bot", payload.text, `${who} · ${channelName(item.channel)} · ${state}`);
  }
  if (kind === "conversation.noted" || kind === "note.added")
    return bubble(item, "note", payload.text ?? "", `${item.name ?? "Staff"} · note, unseen by the customer`);
  const words = FACTS[kind]?.(item);
  return words ? el("li", { class: "fact" }, el("span", { text: `${words} · ${when(item.at)}` })) : null;
}

const bubble = (item, side, text, small) =>
  el(
    "li",
    { class: `bubble ${side}` },
    el("p", { text }),
    el("small", { text: `${small} · ${when(item.at)}` }),
  );

/** Where words are written: to the customer, or for colleagues. It is made once for each conversation. */
export class Composer {
  constructor(app) {
    this.app = app;
    this.text = el("textarea", { rows: 3, maxlength: 1600, "aria-label": "Your answer", placeholder: "Answer the customer" });
    this.canned = el("select", { "aria-label": "Canned replies" });
    this.asNote = el("input", { type: "checkbox", id: "as-note" });
    this.send = button("Send", null, { strong: true, kind: "submit" });
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    });
    this.canned.addEventListener("change", () => this.insert(this.canned.value));
    this.asNote.addEventListener("change", () => this.toggled());
    this.root = el(
      "form",
      { class: "composer", on: { submit: (event) => (event.preventDefault(), this.submit()) } },
      this.text,
      el(
        "div",
        { class: "tools" },
        this.canned,
        el("label", { for: "as-note" }, this.asNote, el("span", { text: "Note for colleagues" })),
        el("small", { text: "Enter sends, Shift + Enter breaks the line" }),
        this.send,
      ),
    );
  }

  offer(replies) {
    this.canned.replaceChildren(
      el("option", { value: "", text: replies.length ? "Canned replies" : "No canned replies" }),
      ...replies.map((reply) => el("option", { value: reply.text, text: reply.name })),
    );
    this.canned.disabled = replies.length === 0;
  }

  /** While a colleague answers, only notes are taken. */
  limit(toNotes) {
    if (toNotes === this.asNote.disabled) return;
    this.asNote.disabled = toNotes;
    this.asNote.checked = toNotes;
    this.toggled();
  }

  insert(words) {
    this.canned.value = "";
    if (!words) return;
    this.text.setRangeText(words, this.text.selectionStart, this.text.selectionEnd, "end");
    this.text.focus();
  }

  toggled() {
    this.root.classList.toggle("note", this.asNote.checked);
    const toNotes = this.asNote.disabled ? "A colleague answers: a note for colleagues" : "Only colleagues read this";
    this.text.placeholder = this.asNote.checked ? toNotes : "Answer the customer";
    this.text.focus();
  }

  async submit() {
    const words = this.text.value.trim();
    if (!words || this.send.disabled) return;
    const isNote = this.asNote.checked;
    this.send.disabled = true;
    this.text.value = "";
    this.asNote.checked = this.asNote.disabled;
    this.toggled();
    const taken = await this.app.say(words, isNote);
    if (!taken && !this.text.value) this.text.value = words;
    this.send.disabled = false;
  }
}
