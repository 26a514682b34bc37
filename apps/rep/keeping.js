// The app's own files, kept by the service worker; a new version takes over when the rep says so.

import { button, el } from "./dom.js";

/** Register the worker; where there is none to be had (no secure origin), the app works with a network only. */
export async function keepFiles(app) {
  if (!("serviceWorker" in navigator) || app.wire.airplane) return;
  try {
    const kept = await navigator.serviceWorker.register("worker.js", { updateViaCache: "none" });
    watch(kept);
  } catch (error) {
    console.warn("The app is not kept on this device:", error.message);
  }
}

function watch(kept) {
  const offerWhenReady = (worker) =>
    worker?.addEventListener(
      "statechange",
      () => worker.state === "installed" && navigator.serviceWorker.controller && offer(worker),
    );
  if (kept.waiting && navigator.serviceWorker.controller) offer(kept.waiting);
  offerWhenReady(kept.installing);
  kept.addEventListener("updatefound", () => offerWhenReady(kept.installing));
}

function offer(worker) {
  const take = () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage("take over");
  };
  const words = el("span", { text: "A new version of the app is here." });
  document.getElementById("toasts").replaceChildren(el("p", { class: "toast offer" }, words, button("Use it", take)));
}
