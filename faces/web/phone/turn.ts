// Turning to another page of ours without leaving this one: what is around the
// telephone is exchanged, the telephone stays, and a call in it goes on. The
// server says where an answer leads by a header, because what fetch follows by
// itself it cannot be asked about.

interface Host {
	busy(): boolean;
	/** leave hangs up what calls there are, in whatever tab, if he who is asked will; false if he will not. */
	leave(): Promise<boolean>;
	dial(to: string): void;
	reach(): void;
	said(key: string): void;
}

const asks = "Callisto-Turn";
const leads = "Callisto-To";

export class Turner {
	private running?: AbortController;

	constructor(private host: Host) {
		history.scrollRestoration = "manual";
		document.addEventListener("click", (e) => this.clicked(e));
		document.addEventListener("submit", (e) => this.submitted(e));
		addEventListener("popstate", (e) => void this.go(location.href, { kept: (e.state as { y?: number } | null)?.y ?? 0 }));
	}

	private clicked(e: MouseEvent): void {
		if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
		const a = (e.target as Element).closest?.("a[href]") as HTMLAnchorElement | null;
		if (!a || a.hasAttribute("download") || (a.target && a.target !== "_self")) return;
		const to = new URL(a.href, location.href);
		if (to.protocol === "sip:" || to.protocol === "tel:") {
			e.preventDefault();
			this.host.dial(to.protocol === "tel:" ? decodeURIComponent(to.pathname) : a.href);
			return;
		}
		if (to.protocol !== "http:" && to.protocol !== "https:") return;
		if (to.origin !== location.origin) {
			if (this.host.busy()) {
				e.preventDefault();
				open(to.href, "_blank", "noopener");
			}
			return;
		}
		if (to.hash === "#phone-bar") { // following it, a browser takes the focus away again
			e.preventDefault();
			return this.host.reach();
		}
		if (!ours(to) || (to.hash && to.pathname + to.search === location.pathname + location.search)) return;
		e.preventDefault();
		void this.go(to.href, {});
	}

	private submitted(e: SubmitEvent): void {
		const form = e.target as HTMLFormElement;
		const said = (name: string) => form.getAttribute(name) ?? ""; // a field named method hides form.method
		if (e.defaultPrevented || form.matches("[hx-get],[hx-post],[method=dialog]") || !["", "_self"].includes(said("target"))) return;
		const by = e.submitter as HTMLButtonElement | null;
		const to = new URL(by?.getAttribute("formaction") ?? (said("action") || location.href), location.href);
		if (to.origin !== location.origin) return;
		if (to.pathname.endsWith("/sign-out")) {
			e.preventDefault();
			void this.host.leave().then((goes) => goes && form.submit());
			return;
		}
		if (!ours(to)) return;
		e.preventDefault();
		const fields = new FormData(form, by);
		const method = (by?.getAttribute("formmethod") ?? said("method")).toLowerCase() || "get";
		if (method === "get") {
			to.search = new URLSearchParams([...fields].map(([k, v]) => [k, String(v)])).toString();
			void this.go(to.href, {});
			return;
		}
		if (form.hasAttribute("aria-busy")) return; // it is on its way
		form.setAttribute("aria-busy", "true");
		const body = said("enctype") === "multipart/form-data" ? fields : new URLSearchParams([...fields].map(([k, v]) => [k, String(v)]));
		void this.go(to.href, { body }).finally(() => form.removeAttribute("aria-busy"));
	}

	/** go fetches a page and puts it in the place of this one. */
	async go(to: string, how: { body?: BodyInit; kept?: number }): Promise<void> {
		this.running?.abort();
		const running = this.running = new AbortController();
		document.documentElement.setAttribute("aria-busy", "true");
		try {
			const res = await fetch(to, { method: how.body ? "POST" : "GET", body: how.body, headers: { Accept: "text/html", [asks]: "1" }, signal: running.signal });
			const on = res.headers.get(leads);
			if (on) return this.follow(new URL(on, to));
			if (!(res.headers.get("Content-Type") ?? "").startsWith("text/html")) return await this.file(res, to, !!how.body);
			const html = await res.text();
			if (running.signal.aborted) return;
			const next = new DOMParser().parseFromString(html, "text/html");
			if (!next.querySelector("phone-dock")) {
				if (how.body && !this.host.busy()) return this.replaceAll(html, res.url);
				location.assign(res.url || to);
				return;
			}
			this.place(next, new URL(res.url || to), new URL(to).hash, how.kept);
		} catch {
			if (running.signal.aborted) return;
			if (this.host.busy() || how.body) this.host.said("page_lost");
			else location.assign(to);
		} finally {
			if (this.running === running) document.documentElement.removeAttribute("aria-busy");
		}
	}

	private async follow(to: URL): Promise<void> {
		if (to.origin === location.origin && ours(to)) return this.go(to.href, {});
		if (this.host.busy() && to.origin !== location.origin) {
			const tab = open(to.href, "_blank"); // where one pays, say: the call stays here
			if (tab) { tab.opener = null; return; }
		}
		location.assign(to.href);
	}

	/** file keeps what is no page: the browser does it best where it may ask again. */
	private async file(res: Response, to: string, posted: boolean): Promise<void> {
		if (!posted) {
			void res.body?.cancel();
			location.assign(to);
			return;
		}
		const a = document.createElement("a");
		a.href = URL.createObjectURL(await res.blob());
		a.download = /filename="?([^";]+)/.exec(res.headers.get("Content-Disposition") ?? "")?.[1] ?? "file";
		a.click();
		setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
	}

	private replaceAll(html: string, url: string): void {
		history.pushState(null, "", url);
		document.open();
		document.write(html);
		document.close();
	}

	private place(next: Document, url: URL, hash: string, kept?: number): void {
		if (kept === undefined) {
			history.replaceState({ ...history.state, y: scrollY }, "");
			if (url.href !== location.href.replace(/#.*/, "") || hash) history.pushState(null, "", url.pathname + url.search + (url.hash || hash));
		}
		const html = document.documentElement, fresh = next.documentElement;
		const spoke = html.lang;
		html.lang = fresh.lang;
		html.dir = fresh.dir;
		html.className = fresh.className;
		document.title = next.title;
		styles(next);
		const dock = document.querySelector("phone-dock")!;
		const other = next.querySelector("phone-dock")!;
		if (spoke !== fresh.lang || dock.getAttribute("account") !== other.getAttribute("account")) dock.replaceWith(document.adoptNode(other));
		else other.remove();
		const stays = document.querySelector("phone-dock")!;
		[...document.body.childNodes].forEach((n) => n !== stays && n.remove());
		[...next.body.childNodes].forEach((n) => document.body.insertBefore(document.adoptNode(n), stays));
		scripts();
		(window as { htmx?: { process(e: Element): void } }).htmx?.process(document.body);
		document.dispatchEvent(new Event("page:turned"));
		const at = (url.hash || hash).slice(1);
		const target = at ? document.getElementById(decodeURIComponent(at)) : null;
		const eager = document.querySelector<HTMLElement>("main [autofocus]");
		(eager ?? document.querySelector<HTMLElement>("main"))?.focus({ preventScroll: true });
		if (target && kept === undefined) target.scrollIntoView();
		else scrollTo({ top: kept ?? 0, behavior: "instant" });
	}
}

/** ours are the pages a telephone stays on; signing in and out begin a new one. */
function ours(to: URL): boolean {
	return !/^\/(api|static|sign-in|sign-out|phone\/out)(\/|$)/.test(to.pathname);
}

/** styles adds what the next page needs, and takes away what only the last did. */
function styles(next: Document): void {
	const wanted = new Map([...next.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")].map((l) => [l.getAttribute("href"), l]));
	document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]").forEach((l) => {
		if (!wanted.delete(l.getAttribute("href"))) l.remove();
	});
	wanted.forEach((l) => document.head.append(document.adoptNode(l)));
}

/** scripts runs those of the page: what is put there by another script does not run. */
function scripts(): void {
	document.querySelectorAll<HTMLScriptElement>("body script[src]").forEach((old) => {
		const s = document.createElement("script");
		s.src = old.src;
		old.replaceWith(s);
	});
}
