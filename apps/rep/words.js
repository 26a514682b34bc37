// How things are called and written: amounts, times, kinds of records, states.

const PLACE = globalThis.PLACE ?? { currency: "GBP" };
const TABLES = {
  accounts: "Account",
  contacts: "Contact",
  contact_points: "Address",
  orders: "Order",
  order_lines: "Order line",
  interactions: "Note",
  tasks: "Task",
  visits: "Visit",
  visit_reports: "Visit report",
  planned_visits: "Planned visit",
  leads: "Lead",
  opportunities: "Opportunity",
  stock_leases: "Stock lease",
  conflicts: "Conflict",
};
const COLUMNS = {
  name: "Name",
  notes: "Notes",
  number: "Number",
  locale: "Language",
  timezone: "Time zone",
  country: "Country",
  account_class: "Class",
  territory_id: "Territory",
  account_id: "Account",
  parent_id: "Parent account",
  title: "Title",
  total: "Total",
  due_at: "Due",
  done_at: "Done",
  checked_out_at: "Left at",
  outcome: "Outcome",
  amount: "Amount",
  stage: "Stage",
  status: "Status",
  closes_on: "Closes on",
};
export const KINDS = { "note.added": "Note", "call.logged": "Call", "meeting.logged": "Meeting" };
export const CHANNELS = { sms: "Text messages", telegram: "Telegram", email: "E-mail", push: "App" };

export const tableWord = (table) => TABLES[table] ?? plain(table);
export const columnWord = (column) => COLUMNS[column] ?? plain(column);

/** order_taken as people say it: Order taken. */
export function plain(name) {
  const words = String(name).replace(/[_.-]/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Minor units with their currency, as people write it; an odd currency is written out. */
export function money(minor, currency) {
  if (minor === null || minor === undefined) return "";
  try {
    const format = new Intl.NumberFormat(undefined, { style: "currency", currency: currency || PLACE.currency });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${minor} ${currency}`;
  }
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const LONG_DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const DAY_MS = 86_400_000;

export const clock = (ms) => CLOCK.format(new Date(ms));
export const longDay = (ms) => LONG_DAY.format(new Date(ms)).replace(",", "");

/** 2026-11-26, by the calendar of this device. */
export function dayOf(ms) {
  const date = new Date(ms);
  return `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}-${String(date.getDate()).padStart(2, "0")}`;
}

/** 2026-11-30 as people write it: 30 Nov. */
export function dayWord(day) {
  const at = Date.parse(`${day}T12:00:00`);
  return Number.isNaN(at) ? String(day) : DAY.format(at);
}

/** Whole days from one instant to another, by the calendar of this device. */
export function daysBetween(from, to) {
  return Math.round((new Date(to).setHours(0, 0, 0, 0) - new Date(from).setHours(0, 0, 0, 0)) / DAY_MS);
}

/** Today 14:05, Yesterday, 21 Nov. */
export function when(ms, now = Date.now()) {
  if (!ms) return "";
  const days = daysBetween(ms, now);
  if (days === 0) return `Today ${clock(ms)}`;
  return days === 1 ? "Yesterday" : days === -1 ? "Tomorrow" : DAY.format(new Date(ms));
}

/** A moment ago, 5 minutes ago, at 14:05. */
export function ago(ms, now = Date.now()) {
  if (!ms) return "never";
  const minutes = Math.floor((now - ms) / 60_000);
  if (minutes < 1) return "a moment ago";
  return minutes < 60 ? `${count(minutes, "minute")} ago` : when(ms, now);
}

export const count = (number, word, more = `${word}s`) => `${number.toLocaleString()} ${number === 1 ? word : more}`;

/** A value of a conflict, as people read it. */
export function shown(value, column = "") {
  if (value === null || value === undefined || value === "") return "(empty)";
  if (typeof value === "number" && column.endsWith("_at")) return when(value);
  if (column === "locale") return language(value);
  return String(value);
}

/** A language by its name. */
export function language(locale) {
  try {
    return new Intl.DisplayNames(undefined, { type: "language" }).of(locale);
  } catch {
    return locale;
  }
}

/** +447700900201 as people write it; anything else stays as it is. */
export function spaced(address) {
  const british = /^\+44(\d{4})(\d{6})$/.exec(address);
  return british ? `+44 ${british[1]} ${british[2]}` : address;
}
