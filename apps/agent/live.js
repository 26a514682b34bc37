// A stream of hints: something changed. A break is made up for by the last position heard.

const AGAIN_MS = 3000;

/** Read hints at `path` until `signal` aborts; `changed` is called at each, `standing` with whether the stream is open. */
export async function follow(wire, { path, changed, standing, signal }) {
  let last = null;
  while (!signal.aborted) {
    try {
      const session = await wire.session();
      const headers = { Authorization: `Bearer ${session.access_token}`, Accept: "text/event-stream" };
      if (last !== null) headers["Last-Event-ID"] = last;
      const response = await fetch(path, { headers, signal, cache: "no-store" });
      if (response.status === 401) await wire.refreshed(session.access_token);
      if (response.ok) {
        standing(true);
        changed();
        last = await read(response.body.getReader(), changed, last);
      }
    } catch (error) {
      if (error.name === "SignedOut") throw error;
    }
    standing(false);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

async function read(reader, changed, last) {
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read().catch(() => ({ done: true }));
    if (done) return last;
    const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      last = /^id: (\d+)$/m.exec(event)?.[1] ?? last;
      if (/^event: changed$/m.test(event)) changed();
    }
  }
}
