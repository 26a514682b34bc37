// What a rep writes: notes, people, addresses, tasks, changes of accounts and people.

import { badge, button, el, empty, field, icon, list, section } from "./dom.js";
import { CHANNELS, KINDS, spaced } from "./words.js";

const LANGUAGES = [
  ["", "As the account"],
  ["en-GB", "English"],
  ["cy", "Welsh"],
  ["fr", "French"],
  ["de", "German"],
  ["es", "Spanish"],
  ["it", "Italian"],
  ["pl", "Polish"],
];
const CLASSES = [
  ["", "None"],
  ["A", "A"],
  ["B", "B"],
  ["C", "C"],
];
const ADDRESSES = [
  ["sms", "Phone"],
  ["email", "E-mail"],
];
const MINUTES = 60_000;

/** A form that saves once; `save` may give a sentence that says what is missing. */
export function form(app, controls, words, save) {
  const error = el("p", { class: "error", role: "alert" });
  const submit = button(words, null, { strong: true, kind: "submit" });
  const made = el("form", { class: "form", novalidate: true }, ...controls, error, submit);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (submit.disabled) return;
    submit.disabled = true;
    error.textContent = (await save()) ?? "";
    submit.disabled = false;
  });
  return made;
}

const text = (facts = {}) => el("input", { type: "text", autocomplete: "off", maxlength: 200, ...facts });

function choice(options, chosen) {
  const known = options.some(([value]) => value === (chosen ?? ""));
  const all = known ? options : [...options, [chosen, chosen]];
  const made = el(
    "select",
    {},
    ...all.map(([value, words]) => el("option", { value, selected: value === (chosen ?? ""), text: words })),
  );
  return made;
}

const gone = (back) => ({ title: "Not here", back, body: empty("This is not on this device any more.") });

export async function newNote(app, accountId) {
  const account = await app.data.row("accounts", accountId);
  if (!account) return gone("#/accounts");
  const people = (await app.data.rows("contacts")).filter(({ account_id }) => account_id === accountId);
  const kinds = Object.entries(KINDS).map(([value, words], at) =>
    el(
      "label",
      {},
      el("input", { type: "radio", name: "kind", value, checked: at === 0 }),
      el("span", { text: words }),
    ),
  );
  const about = choice([["", "The account"], ...people.map(({ id, name }) => [id, name])], "");
  const words = el("textarea", { rows: 6, maxlength: 10_000 });
  const controls = [
    el("fieldset", { class: "choice" }, el("legend", { text: "Kind" }), ...kinds),
    field("About", about),
    field("What was said or seen", words),
  ];
  const save = async () => {
    if (!words.value.trim()) return "Write a few words.";
    const kind = kinds.map((label) => label.querySelector("input")).find((input) => input.checked).value;
    await app.data.make("interactions", {
      kind,
      at: Date.now(),
      account_id: accountId,
      contact_id: about.value || null,
      text: words.value.trim(),
    });
    app.saved(`${KINDS[kind]} saved.`);
    await app.back(`#/account/${accountId}`);
  };
  return {
    title: "Write down",
    small: account.name,
    back: `#/account/${accountId}`,
    body: form(app, controls, "Save", save),
    steady: true,
  };
}

export async function newTask(app, accountId) {
  const account = await app.data.row("accounts", accountId);
  if (!account) return gone("#/accounts");
  const title = text();
  const due = el("input", { type: "datetime-local", value: local(Date.now() + 1440 * MINUTES) });
  const save = async () => {
    if (!title.value.trim()) return "What is to be done?";
    const due_at = due.value ? new Date(due.value).getTime() : null;
    const user = await app.store.fact("last_user");
    await app.data.make("tasks", {
      title: title.value.trim(),
      due_at,
      account_id: accountId,
      done_at: null,
      owner_id: user?.user_id,
    });
    app.saved("Task saved.");
    await app.back(`#/account/${accountId}`);
  };
  return {
    title: "New task",
    small: account.name,
    back: `#/account/${accountId}`,
    body: form(app, [field("What is to be done", title), field("When it is due", due)], "Save", save),
    steady: true,
  };
}

/** Epoch milliseconds as the control for a date and a time wants them. */
function local(ms) {
  const at = new Date(ms - (ms % (15 * MINUTES)));
  return new Date(at.getTime() - at.getTimezoneOffset() * MINUTES).toISOString().slice(0, 16);
}

export async function editAccount(app, id) {
  const account = await app.data.row("accounts", id);
  if (!account) return gone("#/accounts");
  const name = text({ value: account.name });
  const grade = choice(CLASSES, account.account_class);
  const country = text({ value: account.country ?? "", maxlength: 2, autocapitalize: "characters" });
  const save = async () => {
    if (!name.value.trim()) return "An account needs a name.";
    await app.data.edit("accounts", id, {
      name: name.value.trim(),
      account_class: grade.value || null,
      country: country.value.trim().toUpperCase() || null,
    });
    app.saved("Account saved.");
    await app.back(`#/account/${id}`);
  };
  const controls = [field("Name", name), field("Class", grade), field("Country", country, "Two letters, such as GB")];
  return {
    title: "Edit account",
    small: account.name,
    back: `#/account/${id}`,
    body: form(app, controls, "Save", save),
    steady: true,
  };
}

export async function newContact(app, accountId) {
  const account = await app.data.row("accounts", accountId);
  if (!account) return gone("#/accounts");
  const name = text({ autocomplete: "off" });
  const phone = text({ type: "tel" });
  const save = async () => {
    if (!name.value.trim()) return "A person needs a name.";
    const id = await app.data.make("contacts", { name: name.value.trim(), account_id: accountId });
    if (phone.value.trim())
      await app.data.make("contact_points", { contact_id: id, channel: "sms", address: phone.value.trim() });
    app.saved("Person saved.");
    await app.back(`#/account/${accountId}`);
  };
  return {
    title: "New person",
    small: account.name,
    back: `#/account/${accountId}`,
    body: form(app, [field("Name", name), field("Phone", phone)], "Save", save),
    steady: true,
  };
}

export async function showContact(app, id) {
  const contact = await app.data.row("contacts", id);
  if (!contact) return gone("#/accounts");
  const points = (await app.data.rows("contact_points")).filter(({ contact_id }) => contact_id === id);
  const account = await app.data.row("accounts", contact.account_id);
  const row = (point) => ({
    title: point.channel === "sms" ? spaced(point.address) : point.address,
    small: CHANNELS[point.channel] ?? point.channel,
    mark: point._status !== "synced" ? badge("Unsent", "waiting") : point.verified_at && badge("Verified", "good"),
  });
  const phone = points.find(({ channel }) => channel === "sms");
  return {
    title: contact.name,
    small: account?.name ?? "",
    back: `#/account/${contact.account_id}`,
    body: [
      el(
        "div",
        { class: "actions-row" },
        phone && el("a", { class: "action", href: `tel:${phone.address}` }, icon("call"), el("span", { text: "Call" })),
        el("a", { class: "action", href: `#/contact/${id}/edit` }, icon("note"), el("span", { text: "Edit" })),
      ),
      section(
        "Addresses",
        points.length > 0 ? list(points.map(row), "Addresses") : empty("None yet."),
        el("a", { class: "more", href: `#/contact/${id}/point` }, icon("plus"), "Add an address"),
      ),
      section("Notes", el("p", { class: "prose", text: contact.notes || "None." })),
    ],
  };
}

export async function editContact(app, id) {
  const contact = await app.data.row("contacts", id);
  if (!contact) return gone("#/accounts");
  const name = text({ value: contact.name });
  const language = choice(LANGUAGES, contact.locale);
  const notes = el("textarea", { rows: 5, maxlength: 10_000 });
  notes.value = contact.notes ?? "";
  const save = async () => {
    if (!name.value.trim()) return "A person needs a name.";
    await app.data.edit("contacts", id, {
      name: name.value.trim(),
      locale: language.value || null,
      notes: notes.value.trim() || null,
    });
    app.saved("Person saved.");
    await app.back(`#/contact/${id}`);
  };
  const controls = [field("Name", name), field("Language", language), field("Notes", notes)];
  return {
    title: "Edit person",
    small: contact.name,
    back: `#/contact/${id}`,
    body: form(app, controls, "Save", save),
    steady: true,
  };
}

export async function newPoint(app, contactId) {
  const contact = await app.data.row("contacts", contactId);
  if (!contact) return gone("#/accounts");
  const channel = choice(ADDRESSES, "sms");
  const address = text();
  const save = async () => {
    if (!address.value.trim()) return "Write the number or the address.";
    await app.data.make("contact_points", {
      contact_id: contactId,
      channel: channel.value,
      address: address.value.trim(),
    });
    app.saved("Address saved.");
    await app.back(`#/contact/${contactId}`);
  };
  return {
    title: "New address",
    small: contact.name,
    back: `#/contact/${contactId}`,
    body: form(app, [field("Kind", channel), field("Number or address", address)], "Save", save),
    steady: true,
  };
}
