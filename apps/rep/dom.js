// Building the page: every word that comes from a record is set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * A new element. `facts` are attributes, except `text` (its words) and `on` (event listeners by name);
 * false, null and undefined are left out, of the children, too.
 */
export function el(tag, facts = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(facts)) {
    if (value === false || value === null || value === undefined) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on")
      for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** One drawing of icons.svg, invisible to screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `icons.svg#${name}`);
  svg.append(use);
  return svg;
}

let fields = 0;

/** A labelled control; `hint` stands below it and is read with it. */
export function field(label, control, hint = null) {
  fields += 1;
  control.id = `field-${fields}`;
  if (hint) control.setAttribute("aria-describedby", `${control.id}-hint`);
  return el(
    "div",
    { class: "field" },
    el("label", { for: control.id, text: label }),
    control,
    hint && el("p", { class: "hint", id: `${control.id}-hint`, text: hint }),
  );
}

/** A titled group; nothing at all when there is nothing in it. */
export function section(title, ...children) {
  const inside = children.flat().filter(Boolean);
  if (inside.length === 0) return null;
  return el("section", { class: "group" }, title && el("h2", { text: title }), ...inside);
}

/** A list of rows, each a link when it has a `to`; `side` and `mark` stand at its end. */
export function list(rows, label) {
  return el(
    "ul",
    { class: "rows", "aria-label": label },
    ...rows.filter(Boolean).map((row) => el("li", {}, rowOf(row))),
  );
}

function rowOf({ to, title, small, side, mark, lead }) {
  const inside = [
    lead && el("span", { class: "lead", "aria-hidden": "true" }, lead),
    el("span", { class: "words" }, el("strong", { text: title }), small && el("small", { text: small })),
    (side || mark) && el("span", { class: "side" }, side && el("span", { text: side }), mark),
    to && icon("next"),
  ];
  return to ? el("a", { class: "row", href: to }, ...inside) : el("div", { class: "row" }, ...inside);
}

/** A small word with a colour: waiting, bad, good, calm. */
export const badge = (words, tone = "calm") => el("span", { class: `tag ${tone}`, text: words });

/** The round picture of somebody or something: initials on one of six colours. */
export function avatar(name, id = name) {
  const words = String(name)
    .replace(/[^\p{L}\p{N} ]/gu, "")
    .split(" ")
    .filter((word) => word && word !== "The");
  const letters =
    words
      .slice(0, 2)
      .map((word) => word[0])
      .join("") || "#";
  const tint = [...String(id)].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 6, 0);
  return el("span", { class: "avatar", "data-tint": tint, "aria-hidden": "true", text: letters.toUpperCase() });
}

export const empty = (words) => el("p", { class: "empty", text: words });

export function button(words, act, { strong = false, kind = "button", picture = null, danger = false } = {}) {
  const facts = { type: kind, class: `${strong ? "strong" : "quiet"}${danger ? " danger" : ""}` };
  return el(
    "button",
    act ? { ...facts, on: { click: act } } : facts,
    picture && icon(picture),
    el("span", { text: words }),
  );
}

/** Ask something with a yes and a no; resolves to whether it was yes. */
export function ask(question, detail, yes, { danger = false } = {}) {
  return new Promise((resolve) => {
    const dialog = el("dialog", { class: "ask", "aria-label": question });
    const end = (answer) => () => {
      dialog.close();
      dialog.remove();
      resolve(answer);
    };
    dialog.addEventListener("cancel", end(false));
    dialog.append(
      el("h2", { text: question }),
      el("p", { text: detail }),
      el("div", { class: "actions" }, button("Cancel", end(false)), button(yes, end(true), { strong: true, danger })),
    );
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Whether the end of a list is in sight, give or take a line. */
export const isAtEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 40;

/** Show the end of a list as long as its reader is there, whatever grows or shrinks around it. */
export function keepAtEnd(list) {
  let atEnd = true;
  const stay = () => atEnd && (list.scrollTop = list.scrollHeight);
  list.addEventListener("scroll", () => (atEnd = isAtEnd(list)));
  new ResizeObserver(stay).observe(list);
  new MutationObserver(stay).observe(list, { childList: true, subtree: true });
  document.fonts.ready.then(stay);
}
