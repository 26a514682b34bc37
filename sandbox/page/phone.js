// One phone: its owner above, its screen with up to five faces, its dock, its banner and its toasts.

import { chatBubble, mail, notice, textBubble } from "./bubbles.js";
import { ChatFace } from "./chatface.js";
import { avatar, clock, day, el, icon, spaced } from "./dom.js";
import { ThreadView } from "./thread.js";

const FACE_WORD = { sms: "Messages", telegram: "Telegram", chat: "App", email: "Mail", push: "Lock screen" };
const MOST_SMS = 1_600;
const MOST_CHAT = 4_096;
const TOAST_MS = 3_200;
const BANNER_MS = 5_000;
const TYPING_MS = 5_000;
const TAP_MS = 6_000;

export class PhoneView {
  /** `us` is `{number, bot, product}`; `act` is `{text(body), telegram(update)}`, both promises that may throw NotTaken. */
  constructor(owner, us, act) {
    this.owner = owner;
    this.us = us;
    this.act = act;
    this.unread = { sms: 0, telegram: 0, chat: 0, email: 0, push: 0 };
    this.faces = {};
    this.tabs = {};
    this.timers = {};
    this.number = owner.phone ? spaced(owner.phone) : owner.chat ? `Telegram ${owner.chat}` : (owner.email ?? "App only");
    this.title = el(
      "button",
      { type: "button", class: "owner", tabindex: "-1" },
      avatar(owner),
      el("span", { class: "who" }, el("strong", { text: owner.name }), el("small", { text: this.number })),
    );
    this.title.addEventListener("click", () => this.enter());
    for (const face of owner.faces) this.faces[face] = this.makeFace(face);
    this.banner = el("button", { type: "button", class: "banner", hidden: true });
    this.toast = el("p", { class: "toast", role: "status", hidden: true });
    this.time = el("time", {});
    const bar = el("div", { class: "statusbar", "aria-hidden": "true" }, this.time, el("span", { class: "island" }), icon("signal"));
    const screen = el("div", { class: "screen" }, bar, ...Object.values(this.faces).map((face) => face.root), this.makeDock(), this.banner, this.toast);
    this.root = el("section", { class: "phone", "aria-label": `${owner.name}, ${this.number}` }, el("h2", {}, this.title), el("div", { class: "device" }, screen));
    this.root.addEventListener("keydown", (event) => event.key === "Escape" && this.title.focus());
    this.tick();
    this.show(owner.faces[0]);
  }

  makeDock() {
    const dock = el("div", { class: "dock", role: "tablist", "aria-label": "Faces of this phone" });
    for (const face of this.owner.faces) {
      const tab = el(
        "button",
        { type: "button", role: "tab", class: `tab ${face}`, "aria-controls": this.faces[face].root.id, id: `${this.faces[face].root.id}-tab` },
        icon(face), el("span", { text: FACE_WORD[face] }), el("span", { class: "badge", hidden: true }),
      );
      tab.addEventListener("click", () => this.show(face));
      this.tabs[face] = tab;
      dock.append(tab);
    }
    dock.addEventListener("keydown", (event) => this.turn(event));
    return dock;
  }

  turn(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const faces = this.owner.faces;
    this.show(faces[(faces.indexOf(this.face) + step + faces.length) % faces.length]);
    this.tabs[this.face].focus();
    event.preventDefault();
    event.stopPropagation();
  }

  makeFace(face) {
    const root = el("div", { class: `face ${face}`, role: "tabpanel", id: `face-${face}-${this.owner.key.replace(/\W/g, "")}` });
    root.setAttribute("aria-labelledby", `${root.id}-tab`);
    const made = { sms: () => this.makeSms(root), telegram: () => this.makeChat(root), chat: () => this.makeApp(root), email: () => this.makeMail(root), push: () => this.makeLockScreen(root) }[face]();
    return { root, ...made };
  }

  makeSms(root) {
    const thread = new ThreadView({
      label: `Text messages of ${this.owner.name}`,
      empty: "No texts yet. Say hello, or ask where an order is.",
      draw: (message) => textBubble(message, { botUsername: this.us.bot, openChat: (start) => this.openChat(start) }),
    });
    root.append(this.head("sms", spaced(this.us.number ?? "Our number"), "Text message"), thread.root, this.composer("Text message", (body) => this.act.text(body), MOST_SMS));
    return { thread };
  }

  makeChat(root) {
    const thread = new ThreadView({
      label: `Telegram chat of ${this.owner.name}`,
      empty: "No messages here yet.",
      draw: (message) => chatBubble(message, { tap: (...tapped) => this.tap(...tapped) }),
    });
    const start = el("button", { type: "button", class: "start", text: "Start", hidden: true });
    start.addEventListener("click", () => this.act.telegram({ text: "/start" }).catch((error) => this.say(error.message)));
    const keys = el("div", { class: "replies", role: "group", "aria-label": "Suggested replies", hidden: true });
    const head = this.head("telegram", this.us.bot ? `@${this.us.bot}` : "The bot", "bot");
    root.append(head, thread.root, start, this.composer("Message", (text) => this.act.telegram({ text }), MOST_CHAT), keys);
    return { thread, start, keys, subtitle: head.querySelector("small") };
  }

  makeApp(root) {
    const news = ({ unread, latest }) => {
      if (latest) this.arrived("chat", { own: false, text: latest });
      this.unread.chat = unread;
      this.showUnread();
    };
    return { thread: new ChatFace(root, this.owner, this.owner.app, news) };
  }

  makeMail(root) {
    const thread = new ThreadView({ label: `Mail of ${this.owner.name}`, empty: "No mail yet.", draw: (message) => mail(message, this.us), newestFirst: true });
    root.append(this.head("email", "Inbox", this.owner.email), thread.root);
    return { thread };
  }

  makeLockScreen(root) {
    const thread = new ThreadView({ label: `Notifications of ${this.owner.name}`, empty: "No notifications", draw: notice, newestFirst: true });
    this.bigTime = el("p", { class: "bigtime" });
    this.bigDay = el("p", { class: "bigday" });
    root.append(el("div", { class: "wall", "aria-hidden": "true" }, this.bigDay, this.bigTime), thread.root);
    return { thread };
  }

  head(face, title, subtitle) {
    return el("div", { class: "head" }, el("span", { class: `app ${face}`, "aria-hidden": "true" }, icon(face)), el("p", {}, el("strong", { text: title }), el("small", { text: subtitle })));
  }

  composer(label, send, most) {
    const input = el("input", { type: "text", "aria-label": `${label} from ${this.owner.name}`, placeholder: label, autocomplete: "off", enterkeyhint: "send", maxlength: most });
    const button = el("button", { type: "submit", class: "send", "aria-label": "Send" }, icon("send"));
    const error = el("p", { class: "error", role: "alert" });
    const form = el("form", { class: "composer" }, error, input, button);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const words = input.value;
      if (!words.trim()) return;
      input.value = "";
      error.textContent = "";
      try {
        await send(words);
      } catch (refusal) {
        error.textContent = `Not sent. ${refusal.message}`;
        if (!input.value) input.value = words;
      }
    });
    return form;
  }

  async tap(message, button, node) {
    node.classList.add("waiting");
    node.setAttribute("aria-busy", "true");
    this.waiting = node;
    this.after("tap", TAP_MS, () => this.answered());
    try {
      await this.act.telegram({ callback_data: button.callback_data, message_id: Number(message.id) });
    } catch (refusal) {
      this.answered();
      this.say(refusal.message);
    }
  }

  answered() {
    this.waiting?.classList.remove("waiting");
    this.waiting?.removeAttribute("aria-busy");
  }

  openChat(start) {
    this.show("telegram");
    this.act.telegram({ text: `/start ${start}` }).catch((error) => this.say(error.message));
  }

  /** Turn to one face; its unread count is read. */
  show(face) {
    this.face = face;
    this.root.dataset.face = face;
    this.unread[face] = 0;
    for (const [name, { root, thread }] of Object.entries(this.faces)) {
      root.hidden = name !== face;
      this.tabs[name].setAttribute("aria-selected", String(name === face));
      this.tabs[name].tabIndex = name === face ? 0 : -1;
      if (name === face && thread.atNewest) thread.toNewest();
    }
    this.faces.chat?.thread.look(face === "chat");
    if (this.banner.dataset.face === face) this.banner.hidden = true;
    this.showUnread();
  }

  /** Put the focus where one writes, or on the notifications of a lock screen. */
  enter() {
    (this.root.querySelector(".face:not([hidden]) input") ?? this.faces[this.face].thread.scroller).focus();
  }

  render(threads) {
    for (const [face, { thread }] of Object.entries(this.faces)) thread.render(threads[face]);
    if (this.faces.telegram) this.renderReplies(threads);
  }

  renderReplies(threads) {
    const { start, keys } = this.faces.telegram;
    start.hidden = threads.telegram.length > 0;
    if (this.drawnKeyboard === threads.replyKeyboard) return;
    this.drawnKeyboard = threads.replyKeyboard;
    const rows = (threads.replyKeyboard?.rows ?? []).map((row) => el("div", { class: "keys" }, ...row.map((button) => this.reply(button))));
    keys.replaceChildren(...rows);
    keys.hidden = rows.length === 0;
  }

  reply(button) {
    const words = typeof button === "string" ? button : button.text;
    const contact = { phone_number: (this.owner.phone ?? "").replace("+", ""), user_id: Number(this.owner.chat), first_name: this.owner.name.split(" ")[0] };
    const update = button.request_contact ? { contact } : { text: words };
    const node = el("button", { type: "button", class: "key", disabled: Boolean(button.request_contact) && !this.owner.phone }, button.request_contact ? icon("card") : null, words);
    node.addEventListener("click", () => this.act.telegram(update).catch((error) => this.say(error.message)));
    return node;
  }

  /** A message came in live: count it where nobody looks, and let it slide in from above. */
  arrived(face, message) {
    if (message.own || !this.faces[face]) return;
    if (face === "telegram") this.typing(false);
    if (face === this.face) return;
    this.unread[face] += 1;
    this.showUnread();
    const title = message.title ?? FACE_WORD[face];
    this.banner.replaceChildren(el("span", { class: `app ${face}`, "aria-hidden": "true" }, icon(face)), el("span", { class: "words" }, el("strong", { text: title }), el("span", { text: message.text })));
    this.banner.dataset.face = face;
    this.banner.onclick = () => this.show(face);
    this.banner.hidden = false;
    this.after("banner", BANNER_MS, () => (this.banner.hidden = true));
  }

  showUnread() {
    for (const [face, tab] of Object.entries(this.tabs)) {
      const badge = tab.querySelector(".badge");
      const count = this.unread[face];
      badge.hidden = count === 0;
      badge.textContent = count > 99 ? "99+" : String(count);
      tab.setAttribute("aria-label", count ? `${FACE_WORD[face]}, ${count} new` : FACE_WORD[face]);
    }
    this.root.classList.toggle("news", Object.values(this.unread).some(Boolean));
  }

  typing(on = true) {
    const { subtitle } = this.faces.telegram;
    subtitle.textContent = on ? "typing…" : "bot";
    subtitle.classList.toggle("typing", on);
    if (on) this.after("typing", TYPING_MS, () => this.typing(false));
  }

  say(words) {
    this.toast.textContent = words;
    this.toast.hidden = !words;
    this.after("toast", TOAST_MS, () => (this.toast.hidden = true));
  }

  tick(now = new Date()) {
    this.time.textContent = clock(now);
    if (this.bigTime) {
      this.bigTime.textContent = clock(now);
      this.bigDay.textContent = day(now);
    }
  }

  after(what, ms, act) {
    clearTimeout(this.timers[what]);
    this.timers[what] = setTimeout(act, ms);
  }
}
