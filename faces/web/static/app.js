// Small things the pages do without a round trip; every page works without them too.
"use strict";
(() => {
	const pad = (n) => String(n).padStart(2, "0");
	// What is left is counted from when it was seen: the clock of this machine may be another than the company's.
	const ends = new WeakMap();
	const countdown = (el) => {
		if (!ends.has(el)) ends.set(el, performance.now() + Number(el.dataset.left) * 1000);
		const left = Math.floor((ends.get(el) - performance.now()) / 1000);
		if (left <= 0) { el.textContent = el.dataset.over || ""; return; }
		const h = Math.floor(left / 3600);
		el.textContent = (h ? h + ":" + pad(Math.floor(left / 60) % 60) : Math.floor(left / 60)) + ":" + pad(left % 60);
	};
	const times = (root) => root.querySelectorAll("time[data-local]").forEach((t) => {
		const d = new Date(t.dateTime);
		if (isNaN(d)) return;
		const style = t.dataset.local === "clock" ? { timeStyle: "medium", dateStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" };
		t.textContent = new Intl.DateTimeFormat(document.documentElement.lang + "-u-nu-latn", style).format(d);
		t.title = t.dateTime;
	});
	const tick = () => document.querySelectorAll("[data-left]").forEach(countdown);
	const zone = () => document.querySelectorAll("input[data-zone], select[data-zone]").forEach((el) => {
		const mine = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
		if (el.value && !el.dataset.zone.split(" ").includes(mine || "-")) return;
		el.value = mine;
		if (!el.value && el.options) el.selectedIndex = 0; // a zone the list does not have
	});
	// A menu that lies over the page goes when it is left: by a press elsewhere, by Escape.
	const menus = () => document.querySelectorAll(".desk details[open]");
	document.addEventListener("click", (e) => menus().forEach((m) => { if (!m.contains(e.target)) m.open = false; }));
	document.addEventListener("keydown", (e) => {
		if (e.key === "Escape") menus().forEach((m) => { m.open = false; m.firstElementChild.focus(); });
	});
	document.addEventListener("click", async (e) => {
		const b = e.target.closest("button[data-copy]");
		if (!b) return;
		const from = document.getElementById(b.dataset.copy);
		try {
			await navigator.clipboard.writeText(from.textContent.trim());
			const was = b.textContent;
			b.textContent = b.dataset.done;
			setTimeout(() => { b.textContent = was; }, 1600);
		} catch {
			const r = document.createRange(); r.selectNodeContents(from);
			const s = getSelection(); s.removeAllRanges(); s.addRange(r);
		}
	});
	document.addEventListener("htmx:after:swap", () => { times(document); tick(); });
	const parts = document.currentScript.dataset.parts;
	let asked = false;
	const exchange = () => { // what exchanges parts of pages comes with the first page that has some
		if (asked || !document.querySelector("[hx-get]")) return;
		asked = true;
		const s = document.createElement("script");
		s.src = parts;
		document.head.append(s);
	};
	let ticking = 0;
	const fresh = () => {
		times(document); tick(); zone(); exchange();
		if (!ticking && document.querySelector("[data-left]")) ticking = setInterval(tick, 1000);
	};
	document.addEventListener("page:turned", fresh);
	fresh();
})();
