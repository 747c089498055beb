// The registers on a phone without a network. What a tutor has open, and today's other registers, are kept
// on the phone: pages by person, files (styles, scripts, icons) for all. A page is asked of the network first;
// where that fails or takes too long, the kept one is shown. Marks are the page's own affair (register.js).
"use strict";
const HOME = new URL(self.registration.scope).pathname;
const PAGES = `registers of ${HOME} for `;
const FILES = "files of registers";
const PATIENCE = 4000; // milliseconds: then the kept page is better than none

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const isKept = (path) => path === HOME || /^\d+\/$/.test(path.slice(HOME.length));
const mine = async () => (await caches.keys()).find((name) => name.startsWith(PAGES));
const forget = async (but) => {
  for (const name of await caches.keys()) if (name.startsWith(PAGES) && name !== but) await caches.delete(name);
};

// What a page of the registers asks for: {person, pages, files, isAll}. With isAll other pages are let go.
const keep = async ({ person, pages, files, isAll }) => {
  await forget(PAGES + person);
  const kept = await caches.open(PAGES + person);
  const wanted = new Set(pages.map((page) => new URL(page, self.location).href));
  for (const request of isAll ? await kept.keys() : []) if (!wanted.has(request.url)) await kept.delete(request);
  const box = await caches.open(FILES);
  await Promise.all([
    ...[...wanted].map(async (page) => {
      const answer = await fetch(page, { redirect: "manual" });
      if (answer.ok) await kept.put(page, answer);
      else await kept.delete(page);
    }),
    ...files.map(async (file) => {
      const answer = await fetch(file);
      if (answer.ok) await box.put(file, answer);
    }),
  ]);
};

self.addEventListener("message", (event) => {
  event.waitUntil(
    keep(event.data)
      .then(() => event.source.postMessage({ kept: event.data.pages }))
      .catch(() => {}), // the network went away meanwhile: what was kept before stays
  );
});

const page = async (request) => {
  const path = new URL(request.url).pathname;
  const name = await mine();
  const box = name && (await caches.open(name));
  const before = box && (await box.match(request, { ignoreSearch: true }));
  const asked = fetch(request).then(async (answer) => {
    if (answer.type === "opaqueredirect") await forget(); // nobody is signed in any more
    else if (answer.ok && box && isKept(path) && !new URL(request.url).search) await box.put(request, answer.clone());
    else if (answer.status === 403 || answer.status === 404) await box?.delete(request);
    return answer;
  });
  try {
    if (!before) return await asked;
    asked.catch(() => {});
    return (await Promise.race([asked, new Promise((late) => setTimeout(late, PATIENCE))])) ?? before;
  } catch (silence) {
    const other = before ?? (box && (await box.match(`${HOME}offline/`)));
    if (other) return other;
    throw silence;
  }
};

const file = async (request) => {
  const box = await caches.open(FILES);
  try {
    const answer = await fetch(request);
    if (answer.ok) await box.put(request, answer.clone());
    return answer;
  } catch (silence) {
    const before = await box.match(request);
    if (before) return before;
    throw silence;
  }
};

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname.startsWith(HOME)) event.respondWith(page(request));
  else if (pathname.startsWith("{{ static_url }}")) event.respondWith(file(request));
});
