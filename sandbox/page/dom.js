// Building the page: every word that comes from outside is set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element. `facts` are attributes, except `text` (its words) and `on` (event listeners by name);
 * false, null and undefined are left out.
 */
export function el(tag, facts = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** One drawing of icons.svg, invisible to screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `/page/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** The round picture of somebody: initials on one of eight colours. */
export function avatar({ name, tint }) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, "").split(" ").filter(Boolean);
  const letters = /^\p{L}/u.test(words[0] ?? "") ? words.slice(0, 2).map((word) => word[0]).join("") : "#";
  return el("span", { class: "avatar", "data-tint": tint, "aria-hidden": "true", text: letters.toUpperCase() });
}

/** +447700900201 as people write it: +44 7700 900201. Other countries' numbers stay in groups of three. */
export function spaced(number) {
  const british = /^\+44(\d{4})(\d{6})$/.exec(number);
  if (british) return `+44 ${british[1]} ${british[2]}`;
  return number.replace(/(\d{3})(?=\d{2})/g, "$1 ");
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** 14:05 */
export function clock(date) {
  return CLOCK.format(date);
}

/** Wednesday 25 November */
export function day(date) {
  return DAY.format(date).replace(",", "");
}

/** Today, Yesterday, or the day by name. */
export function dayWord(date, today = new Date()) {
  const days = Math.round((new Date(today).setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  return days === 0 ? "Today" : days === 1 ? "Yesterday" : day(date);
}
