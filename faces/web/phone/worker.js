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
// What rings a closed browser: the house says in words what is shown, and every
// message shows something. Of the same call the last one stands.
self.addEventListener("push", (e) => e.waitUntil((async () => {
	let n = {};
	try { n = e.data.json(); } catch { /* shown without words */ }
	const rings = n.kind === "call";
	await self.registration.showNotification(n.title || "Callisto", {
		body: n.body || "", tag: n.tag || "callisto", lang: n.lang || "", dir: n.dir || "auto", icon: "/static/icon-192.png", badge: "/static/icon-192.png",
		renotify: !!n.tag && n.kind !== "over", silent: n.kind === "over", requireInteraction: rings, ...(rings ? { vibrate: [600, 300, 600, 300, 600] } : {}), data: { url: n.url || "/calls" },
	});
})()));
// A click opens the telephone, or comes back to it; it registers, and the call that waits rings there.
self.addEventListener("notificationclick", (e) => {
	e.notification.close();
	const to = new URL(e.notification.data?.url || "/calls", location.origin);
	if (to.origin !== location.origin) return;
	e.waitUntil((async () => {
		const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
		const page = open.find((c) => c.focused) || open[0];
		if (page) return page.focus();
		return self.clients.openWindow(to.href);
	})());
});
// A browser may change its subscription by itself: the house learns of the new one.
self.addEventListener("pushsubscriptionchange", (e) => e.waitUntil((async () => {
	const { key } = await (await fetch("/phone/push")).json();
	if (!key) return; // nobody is signed in any more
	const s = (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
	await fetch("/phone/push", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ endpoint: s.endpoint, ...s.keys, instance: "" }) });
})()));
