// The page of phones around the app: it turns the airplane switch and, in the demo, offers accounts to sign in with.
//
// place.js names the one page that may do so; a message from anywhere else is not read.

const PLACE = globalThis.PLACE ?? { embedder: null };

export class Frame {
  constructor(app) {
    this.app = app;
    this.around = globalThis.parent !== globalThis ? PLACE.embedder : null;
    if (!this.around) return;
    document.body.dataset.framed = "yes";
    globalThis.addEventListener("message", (event) => this.heard(event));
    this.send({ type: "rep.here" });
  }

  heard({ source, origin, data }) {
    if (source !== globalThis.parent || origin !== this.around || typeof data !== "object" || data === null) return;
    if (data.type === "rep.airplane" && typeof data.on === "boolean") this.app.radio.turn(data.on);
    if (data.type === "rep.accounts" && Array.isArray(data.accounts)) {
      this.app.accounts = data.accounts.filter(({ email, password, name }) =>
        [email, password, name].every((text) => typeof text === "string"),
      );
      this.app.changed();
    }
  }

  /** Say how the device is. */
  tell() {
    if (!this.around) return;
    const { wire, radio, unsent = 0, refused = 0 } = this.app;
    this.send({ type: "rep.state", airplane: wire.airplane, state: radio.state, unsent, refused });
  }

  send(message) {
    globalThis.parent.postMessage(message, this.around);
  }
}
