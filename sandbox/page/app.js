// The page of phones: people and history first, then whatever happens, on the phone of whom it happens to.

import { Book } from "./book.js";
import { avatar, el, spaced } from "./dom.js";
import { openDrawer } from "./faults.js";
import { addedPhones, openNewPhone } from "./newphone.js";
import { PhoneView } from "./phone.js";
import { repPhones } from "./repphone.js";
import { Table } from "./threads.js";
import * as wire from "./wire.js";

const REMEMBERED = 20_000;
const LOOK_AGAIN_MS = 4_000;
const SAID_AT_ONCE = 4;

const $ = (id) => document.getElementById(id);
const book = new Book();
const views = new Map();
const stale = new Set();
let reps = [];
let [desk, deskOrigin, offered] = [null, "", []];
let table = new Table(book);
let items = [];
let us = { number: null, bot: null, product: null };
let known = "";
let framed = false;
let asked = 0;

const sides = (answer) => ({ number: answer.our_number, bot: answer.bot_username, product: answer.product ? new URL(answer.product).origin : null });

async function load() {
  const answer = await wire.people();
  us = sides(answer);
  known = JSON.stringify(answer);
  meetAgents(answer);
  items = (await wire.history()).slice(-REMEMBERED);
  rebuild(answer.people);
  meetReps(answer);
  return items.reduce((most, item) => Math.max(most, item.n ?? 0), 0);
}

/**
 * The reps' phones come once, last in the line; a frame that is moved starts anew, so they stay where they are. They come
 * after the customers': the line snaps to what stood in view first.
 */
function meetReps({ reps: known = [], rep_app: app }) {
  if (reps.length === known.length || reps.length > 0 || !app) return;
  reps = repPhones(known, app);
  $("phones").append(...reps.map(({ root }) => root));
  drawStrip();
}

/** The agents' screen opens in a window of its own, which asks for accounts; only that window is answered. */
function meetAgents({ agents = [], agent_app: app }) {
  $("open-desk").hidden = agents.length === 0 || !app;
  $("open-desk").onclick = () => {
    desk = window.open(app, "mcrm-agent");
    deskOrigin = new URL(app).origin;
  };
  offered = agents;
}

window.addEventListener("message", ({ source, origin, data }) => {
  if (!desk || source !== desk || origin !== deskOrigin || data?.type !== "agent.here") return;
  desk.postMessage({ type: "agent.accounts", accounts: offered }, deskOrigin);
});

const everybody = () => [...views.values(), ...reps];

/** Replay everything for these people. Faces shown, drafts and the focus stay as they are on the phones that stay. */
function rebuild(people) {
  book.read(people, addedPhones(), JSON.parse(known).chat_app ?? null);
  table = new Table(book);
  const latest = new Map();
  for (const item of items) {
    const happened = table.take(item);
    if (happened?.kind === "message") latest.set(happened.owner.key, happened.face);
  }
  const before = new Map(views);
  views.clear();
  for (const owner of book.owners) {
    const old = before.get(owner.key);
    const same = old && old.us.bot === us.bot && old.owner.name === owner.name && old.owner.faces.join() === owner.faces.join();
    if (same && old.owner.chat === owner.chat) views.set(owner.key, old);
    else place(owner).show(old?.face ?? latest.get(owner.key) ?? owner.faces[0]);
    table.of(owner);
  }
  for (const view of views.values()) for (const face of Object.values(view.faces)) face.thread.forget();
  line(everybody().map((view) => view.root));
  drawStrip();
  for (const owner of book.owners) stale.add(owner.key);
  table.live = true;
  draw();
}

/** Bring the phones into this order, moving none that stands right: a moved element loses its scroll and its focus. */
function line(roots) {
  const phones = $("phones");
  for (const child of [...phones.children]) if (!roots.includes(child)) child.remove();
  roots.forEach((root, at) => phones.children[at] !== root && phones.insertBefore(root, phones.children[at] ?? null));
}

function place(owner) {
  const view = new PhoneView(owner, us, {
    text: (body) => heard(wire.text(owner.phone, body)),
    telegram: (update) => heard(wire.telegram({ user_id: Number(owner.chat), ...profile(owner), ...update })),
  });
  views.set(owner.key, view);
  $("phones").append(view.root);
  return view;
}

/** Somebody the sandbox does not know on Telegram says who they are, as a real profile would. */
const profile = (owner) => (owner.linked ? {} : { first_name: owner.name.split(" ")[0] });

/** The sandbox took it; did the webhook? */
async function heard(sent) {
  const { webhook_status: status, problem } = await sent;
  if (status === null || status === undefined) throw new wire.NotTaken(problem ? `The webhook: ${problem}` : "The webhook did not answer.");
  if (status >= 300) throw new wire.NotTaken(`The webhook answered ${status}.`);
}

function take(item) {
  items.push(item);
  if (items.length > REMEMBERED * 1.2) items = items.slice(-REMEMBERED);
  const phones = book.owners.length;
  const happened = table.take(item);
  if (book.owners.length > phones) met(happened.owner, happened.face);
  drawSoon();  // also for one that is not shown: the crowd is counted
  if (!happened) return;
  stale.add(happened.owner.key);
  const view = views.get(happened.owner.key);
  if (happened.kind === "message") {
    view.arrived(happened.face, happened.message);
    if (happened.face === "sms" && !happened.message.own) view.faces.chat?.thread.text(happened.message.text);
    announce(happened);
  } else if (happened.kind === "toast") {
    view.answered();
    view.say(happened.text);
  } else if (happened.kind === "typing") view.typing();
}

function drawSoon() {
  if (framed) return;
  framed = true;
  requestAnimationFrame(draw);
}

/** A stranger wrote, or was written to: show the phone, and ask whether the sandbox knows them by now. */
function met(owner, face) {
  place(owner).show(face);
  drawStrip();
  lookAgain();
}

async function lookAgain() {
  if (Date.now() - asked < LOOK_AGAIN_MS) return;
  asked = Date.now();
  try {
    const answer = await wire.people();
    if (JSON.stringify(answer) === known) return;
    known = JSON.stringify(answer);
    us = sides(answer);
    meetAgents(answer);
    rebuild(answer.people);
    meetReps(answer);
  } catch (error) {
    if (!(error instanceof wire.NotTaken)) throw error;
  }
}

function draw() {
  framed = false;
  for (const key of stale) {
    const view = views.get(key);
    if (view) view.render(table.of(view.owner));
  }
  stale.clear();
  $("crowd").hidden = book.crowd.size === 0;
  $("crowd").textContent = `and ${book.crowd.size.toLocaleString()} other addresses that are not shown`;
  for (const button of $("strip").children) button.classList.toggle("news", viewOf(button)?.root.classList.contains("news"));
}

function announce({ owner, face, message }) {
  if (message.own) return;
  const via = { sms: "text", telegram: "Telegram message", push: "notification", email: "mail" }[face];
  const announcer = $("announcer");
  announcer.append(el("p", { text: `${owner.name}, ${via}: ${message.title ? `${message.title}. ` : ""}${message.text}` }));
  while (announcer.children.length > SAID_AT_ONCE) announcer.firstChild.remove();
}

function drawStrip() {
  $("strip").replaceChildren(
    ...everybody().map((view) => {
      const { owner } = view;
      const button = el("button", { type: "button", "data-key": owner.key }, avatar({ ...owner, name: owner.person ?? owner.name }), el("span", { text: owner.short ?? (owner.stranger ? (owner.phone ? spaced(owner.phone) : owner.name) : owner.name.split(" ")[0]) }));
      button.addEventListener("click", () => go(viewOf(button), true));
      return button;
    }),
  );
  if (!everybody().some((view) => view.title.tabIndex === 0)) reachable(everybody()[0]);
  measure();
}

const viewOf = (button) => everybody().find(({ owner }) => owner.key === button.dataset.key);

/** Mark in the strip which phone is in front: the one that fills the window, or the one last used. */
function lookInView() {
  const phones = $("phones");
  const middle = phones.scrollLeft + phones.clientWidth / 2;
  for (const button of $("strip").children) {
    const view = viewOf(button);
    if (!view) continue;
    const { offsetLeft, offsetWidth } = view.root;
    const alone = offsetWidth > phones.clientWidth / 2;
    const here = alone ? offsetLeft <= middle && middle < offsetLeft + offsetWidth + 24 : view.title.tabIndex === 0;
    if (here && button.getAttribute("aria-current") !== "true") button.scrollIntoView({ inline: "nearest", block: "nearest" });
    button.setAttribute("aria-current", String(here));
  }
}

/** One phone at a time is in the tab order by its title; arrows move between them. */
function reachable(view) {
  for (const other of everybody()) other.title.tabIndex = other === view ? 0 : -1;
  lookInView();
}

function go(view, enter = false) {
  if (!view) return;
  reachable(view);
  view.root.scrollIntoView({ inline: "center", block: "nearest" });
  if (enter && matchMedia("(pointer: fine)").matches) view.enter();
  else view.title.focus({ preventScroll: true });
}

function arrows(event) {
  const inText = event.target.matches("input, select, textarea") && event.target.value !== "";
  if (inText || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("dialog")) return;
  const all = everybody();
  const here = all.findIndex((view) => view.root.contains(event.target));
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: all.length - 1 }[event.key];
  if (here < 0 || to === undefined || (["Home", "End"].includes(event.key) && event.target !== all[here].title)) return;
  event.preventDefault();
  go(all[Math.max(0, Math.min(to, all.length - 1))]);
}

function measure() {
  const phones = $("phones");
  $("strip").hidden = phones.scrollWidth <= phones.clientWidth + 8;
}

function tell(state) {
  $("live").dataset.state = state;
  $("live").querySelector(".words").textContent = state === "live" ? "Live" : "Away";
  $("away").hidden = state === "live";
  $("away").textContent = state === "live" ? "" : "The sandbox is away. This page finds it again by itself.";
}

$("phones").addEventListener("keydown", arrows);
$("phones").addEventListener("focusin", (event) => reachable(everybody().find((view) => view.root.contains(event.target))));
$("phones").addEventListener("scroll", lookInView, { passive: true });
new ResizeObserver(() => {
  measure();
  lookInView();
}).observe($("phones"));
setInterval(() => views.forEach((view) => view.tick()), 5_000);
setInterval(() => book.owners.length === 0 && lookAgain(), LOOK_AGAIN_MS);
window.addEventListener("focus", lookAgain);
openDrawer();
openNewPhone((phone) => {
  rebuild(JSON.parse(known).people);
  go(views.get(phone), true);
});
wire.follow({ load, take, tell });
