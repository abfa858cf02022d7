// Beside the pages: shows /offline where there is no network. No page is kept but
// that one, which holds nothing of anybody.
"use strict";
const shell = "shell-1";
let away = false; // the last page could not be reached: what belongs to the page shown instead comes from here
const asVisitor = { credentials: "omit", cache: "reload" };
self.addEventListener("install", (e) => e.waitUntil((async () => {
	const keep = await caches.open(shell);
	const page = await fetch("/offline", asVisitor);
	const html = await page.clone().text();
	await keep.put("/offline", page);
	for (const [, file] of html.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)) await keep.put(file.split("?")[0], await fetch(file, asVisitor));
	await self.skipWaiting();
})()));
self.addEventListener("activate", (e) => e.waitUntil((async () => {
	for (const name of await caches.keys()) if (name !== shell) await caches.delete(name);
	await self.clients.claim();
})()));
self.addEventListener("fetch", (e) => {
	const to = new URL(e.request.url);
	if (e.request.mode === "navigate") e.respondWith(fetch(e.request).then((r) => { away = false; return r; }, async () => {
		away = true;
		return (await caches.match("/offline")) || Response.error();
	}));
	else if (away && to.origin === location.origin && to.pathname.startsWith("/static/")) e.respondWith(fetch(e.request).catch(async () => (await caches.match(to.pathname)) || Response.error()));
});
