// Keeps the app's own files, so that it opens without a network. Data never passes here: that is in IndexedDB.
//
// place.js names the files and their version, made from their bytes: other bytes are another version, which is fetched
// whole beside the old one and takes over when the rep says so.

importScripts("place.js");

const CACHE = `rep-${self.PLACE.version}`;

self.addEventListener("install", (event) => {
  const fresh = self.PLACE.files.map((file) => new Request(file, { cache: "reload" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOldVersions().then(() => self.clients.claim()));
});

self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (origin !== self.location.origin || !pathname.startsWith("/rep/")) return;
  event.respondWith(kept(event.request));
});

async function kept(request) {
  const cache = await caches.open(CACHE);
  const page = request.mode === "navigate" ? "./" : request;
  return (await cache.match(page, { ignoreSearch: true })) ?? fetch(request);
}

async function dropOldVersions() {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith("rep-") && name !== CACHE).map((name) => caches.delete(name)),
  );
}
