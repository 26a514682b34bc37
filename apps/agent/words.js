// Times, money and states, as people read them.

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export const clock = (iso) => CLOCK.format(new Date(iso));
export const day = (iso) => DAY.format(new Date(iso));

/** A time today as its hour, else its day and hour. */
export function when(iso) {
  const today = new Date().toDateString() === new Date(iso).toDateString();
  return today ? clock(iso) : `${day(iso)}, ${clock(iso)}`;
}

/** How long until a time, or since it: "in 12 min", "3 h late". */
export function until(iso, now = Date.now()) {
  const minutes = Math.round((new Date(iso) - now) / 60000);
  const size = Math.abs(minutes);
  const words = size < 60 ? `${size} min` : size < 48 * 60 ? `${Math.round(size / 60)} h` : `${Math.round(size / 1440)} d`;
  return minutes >= 0 ? `in ${words}` : `${words} late`;
}

export function money(amount, currency) {
  const form = new Intl.NumberFormat("en-GB", { style: "currency", currency });
  return form.format(amount / 10 ** form.resolvedOptions().maximumFractionDigits);
}

/** Who it is, of a hand-over: the first line of its summary, without the channel. */
export const nameOf = (one) => one.summary.split("\n")[0].replace(/, by \w+$/, "");

export const channelName = (channel) => ({ sms: "SMS", telegram: "Telegram", push: "App", email: "E-mail" })[channel] ?? channel;

export const STATES = {
  queued: "Sending",
  sending: "Sending",
  accepted: "Sent",
  delivered: "Delivered",
  read: "Read",
  failed: "Not delivered",
  suppressed: "Not sent: stopped",
  expired: "Not sent in time",
  unknown: "Perhaps sent",
};

export const UNSETTLED = new Set(["queued", "sending"]);
