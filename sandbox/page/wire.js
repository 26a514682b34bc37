// The calls to the sandbox that serves this page, and the live stream that finds its way back by itself.

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 5_000;

/** A call that the sandbox refused or did not hear; `message` can be shown to the person at the page. */
export class NotTaken extends Error {}

async function call(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new NotTaken("The sandbox is away.");
  }
  const text = await answer.text();
  let body = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    body = { error: text.slice(0, 200) };
  }
  if (!answer.ok) {
    throw new NotTaken(`The sandbox answered ${answer.status}${body.error ? `: ${body.error}` : ""}.`);
  }
  return body;
}

const get = (path) => call(path, { cache: "no-store" });
const remove = (path) => call(path, { method: "DELETE" });
const post = (path, body) =>
  call(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

export const people = () => get("/_control/people");
export const history = async () => {
  return (await get("/_control/history")).items ?? [];
};
export const text = (from, body) => post("/_control/sms", { from, body });
export const telegram = (update) => post("/_control/telegram", update);
export const faults = async () => (await get("/_control/faults")).items ?? [];
export const setFault = (fault) => post("/_control/faults", fault);
export const clearFaults = () => remove("/_control/faults");

/**
 * Keep the page in step with the sandbox. `load` fetches everything and returns the last n it saw; `take` gets every
 * later item; `tell` hears "live" or "away". A sandbox that was restarted counts from one again, so each
 * reconnection loads anew instead of asking for what came after an n that means nothing any more.
 */
export async function follow({ load, take, tell }) {
  let wait = FIRST_WAIT_MS;
  for (;;) {
    try {
      const after = await load();
      wait = FIRST_WAIT_MS;
      tell("live");
      await stream(after, take);
    } catch (error) {
      if (!(error instanceof NotTaken)) console.error(error);
    }
    tell("away");
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  }
}

function stream(after, take) {
  return new Promise((resolve) => {
    const source = new EventSource(`/_control/stream?after=${after}`);
    source.onmessage = (event) => take(JSON.parse(event.data));
    source.onerror = () => {
      source.close();
      resolve();
    };
  });
}
