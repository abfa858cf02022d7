// <phone-dock>: the telephone as it is seen and touched. Its words and its shape
// come from the server; this fills them in. It holds nothing that a call needs:
// it may be taken out of the page and put in again.
import { again, wire } from "./push";
import { ask, who, type Known, type Who } from "./who";
import { clock, type Call, type Devices, type View } from "./state";
import type { Tabs } from "./tabs";
import { openMicrophone } from "./sound";

type Says = Record<string, string>;

/** recorded is after how many milliseconds a call that ended is in the history, and paid */
const recorded = 2500;

export class Dock extends HTMLElement {
	static tabs: Tabs;
	static shown: Dock | null = null;
	/** what the browser offers to install this as a program with, once it does */
	static install: (Event & { prompt(): Promise<void> }) | null = null;
	private says: Says = {};
	private rows = new Map<string, HTMLElement>();
	private known = new Map<string, Who>();
	private contacts: Known[] = [];
	private found = new WeakMap<HTMLInputElement, Who | null>();
	private typing = 0;
	private clock = 0;
	private told = "";
	private placed = false; // a call from here, which is not shown yet
	private rang = ""; // what stands before the page's own title

	connectedCallback(): void {
		Dock.shown = this;
		this.says = JSON.parse(this.dataset.says ?? "{}") as Says;
		this.rows.clear();
		this.piece("calls").replaceChildren();
		this.listen();
		document.addEventListener("keydown", this.typed);
		this.clock = window.setInterval(() => this.tick(), 1000);
		this.render();
		this.turned();
	}

	/** asked opens the telephone where a link said so. */
	asked(): void {
		const asked = /^#phone(?:=(.*))?$/.exec(location.hash);
		if (!asked) return;
		if (asked[1]) this.dial(decodeURIComponent(asked[1]));
		else this.reach();
		history.replaceState(history.state, "", location.pathname + location.search);
	}

	/** reach puts the focus where the telephone is used next. */
	reach(): void {
		const first = this.firstButton(this.piece("calls"));
		if (!first) this.open(true);
		(first ?? this.to).focus();
	}

	/** firstButton is what of a call can be pressed first: what answers, where one rings. */
	private firstButton(within: ParentNode): HTMLElement | null {
		return within.querySelector<HTMLElement>("[data-stage=incoming] [data-do]:not([hidden])") ?? within.querySelector<HTMLElement>("[data-do]:not([hidden])");
	}

	/** typed presses a key of the one call that hears keys, wherever the focus is but in a field. */
	private typed = (e: KeyboardEvent): void => {
		const at = e.target as Element;
		if (!/^[0-9*#]$/.test(e.key) || e.ctrlKey || e.altKey || e.metaKey || e.defaultPrevented || at.closest("input,textarea,select,[contenteditable]")) return;
		const [c, ...more] = Dock.tabs.view.calls.filter((c) => c.stage === "connected");
		const row = c && this.rows.get(c.id);
		if (row && more.length === 0) this.key(c.id, row, e.key);
	};

	disconnectedCallback(): void {
		document.removeEventListener("keydown", this.typed);
		clearInterval(this.clock);
		if (Dock.shown === this) Dock.shown = null;
	}

	piece<T extends HTMLElement = HTMLElement>(name: string, within: ParentNode = this): T {
		return within.querySelector<T>(`[data-part="${name}"]`)!;
	}

	private get bar(): HTMLElement { return this.piece("bar"); }
	private get to(): HTMLInputElement { return this.piece<HTMLInputElement>("to"); }

	open(on: boolean): void {
		this.piece("panel").hidden = !on;
		this.bar.setAttribute("aria-expanded", String(on));
		if (on) void this.fillKnown();
	}

	/** dial puts a number into the field and looks it up; calling it is for a press. */
	dial(to: string): void {
		this.open(true);
		this.to.value = to.replace(/^(sips?|tel):/i, "").replace("@" + Dock.tabs.view.domain, "").replace(/%23/g, "#").replace(/%40/g, "@");
		this.to.focus();
		void this.look(this.to, this.piece("found"));
	}

	/** tell shows a problem that is not of a call. */
	tell(key: string): void {
		this.piece("trouble").textContent = this.says[key] ?? key;
		this.piece("problem").hidden = key === "";
	}

	/** agrees asks a question of the texts. */
	agrees(key: string): boolean { return confirm(this.says[key]); }

	/** turned is what a page that has come says of the telephone. */
	turned(): void {
		this.fillSwitches();
		this.asked();
		this.entitle();
		this.missed(Number(document.querySelector(".top [data-missed]")?.lastElementChild?.textContent ?? 0));
	}

	/** missed shows how many calls wait to be looked at. */
	private missed(n: number): void {
		document.querySelectorAll<HTMLElement>("[data-missed]").forEach((at) => {
			at.hidden = n === 0;
			at.lastElementChild!.textContent = String(n);
		});
	}

	/** fillSwitches says whether this browser rings when it is closed: here, and on the page that tells. */
	fillSwitches(): void {
		const account = this.getAttribute("account") ?? "";
		document.querySelectorAll<HTMLElement>("[data-push]").forEach((at) => void wire(at, account, this.says));
	}

	private listen(): void {
		if (this.bar.dataset.wired) return;
		this.bar.dataset.wired = "1";
		this.bar.addEventListener("click", () => {
			this.open(this.piece("panel").hidden);
			if (!this.piece("panel").hidden) this.to.focus();
		});
		this.addEventListener("keydown", (e) => {
			if (e.key !== "Escape" || this.piece("panel").hidden) return;
			this.open(false);
			this.bar.focus();
		});
		this.piece("dial").addEventListener("submit", (e) => {
			e.preventDefault();
			this.call();
		});
		this.watch(this.to, this.piece("found"));
		this.piece("ok").addEventListener("click", () => {
			Dock.tabs.ask({ do: Dock.tabs.view.problem === "press_to_hear" ? "hear" : "forget" });
			this.piece("problem").hidden = true;
			this.bar.focus();
		});
		this.piece("links").addEventListener("click", () => {
			for (const scheme of ["tel", "sip"]) navigator.registerProtocolHandler(scheme, location.origin + "/calls#phone=%s");
		});
		this.piece("install").addEventListener("click", () => void Dock.install?.prompt());
		this.piece("install").hidden = !Dock.install;
		this.piece("devices").addEventListener("toggle", () => void this.listDevices());
		this.piece("devices").addEventListener("change", () => Dock.tabs.ask({ do: "devices", devices: this.chosen() }));
		this.piece<HTMLSelectElement>("line").addEventListener("change", () => Dock.tabs.ask({ do: "line", line: this.piece<HTMLSelectElement>("line").value }));
		void again(this.getAttribute("account") ?? "");
		this.addEventListener("click", (e) => {
			const b = (e.target as Element).closest<HTMLElement>("[data-known]");
			if (b?.dataset.known) this.dial(b.dataset.known);
		});
	}

	private call(): void {
		const to = this.to.value.trim();
		if (!to) return;
		const w = this.found.get(this.to);
		Dock.tabs.ask({ do: "call", to: w?.call || to, name: w?.name || this.nameOf(to), shown: w?.shown || to });
		this.to.value = "";
		this.found.delete(this.to);
		this.piece("found").replaceChildren();
		this.open(false);
		this.placed = true;
	}

	private nameOf(number: string): string {
		const digits = (s: string) => s.replace(/[\s().-]/g, "");
		return this.contacts.find((c) => digits(c.number) === digits(number))?.name ?? "";
	}

	/** watch looks up what is typed into a field, once it rests; note is said besides of a call that costs. */
	private watch(field: HTMLInputElement, at: HTMLElement, note = ""): void {
		field.addEventListener("input", () => {
			clearTimeout(this.typing);
			this.found.delete(field);
			this.typing = window.setTimeout(() => void this.look(field, at, note), 300);
		});
	}

	/** look shows who it is, what time it is there and what it costs, before anybody is called. */
	private async look(field: HTMLInputElement, at: HTMLElement, note = ""): Promise<void> {
		const to = field.value.trim();
		if (!to) return at.replaceChildren();
		const w = await who(to);
		if (field.value.trim() !== to) return;
		this.found.set(field, w);
		at.replaceChildren(...(w ? lines(w, this.nameOf(to), note) : []));
	}

	private async fillKnown(): Promise<void> {
		const k = await ask<{ recent: Known[]; contacts: Known[]; missed: number; purse: string }>("/phone/known");
		if (!k) return;
		this.contacts = k.contacts;
		this.missed(k.missed);
		const purse = document.querySelector(".top .purse .num");
		if (purse && k.purse) purse.textContent = k.purse;
		this.list("recent", k.recent);
		this.list("contacts", k.contacts);
	}

	private list(part: string, of: Known[]): void {
		this.piece(part).replaceChildren(...of.map((k) => {
			const li = document.createElement("li");
			const b = button(k.name || k.number, "phone-known");
			b.dataset.known = k.number;
			b.append(span(k.name ? k.number : "", "num"), span([k.kind ? this.says[k.kind] ?? "" : "", k.when ? local(k.when) : ""].filter(Boolean).join(", "), "hush"));
			li.append(b);
			return li;
		}));
		this.piece(part + "-none").hidden = of.length > 0;
	}

	private async listDevices(): Promise<void> {
		if (!(this.piece("devices") as HTMLDetailsElement).open || !navigator.mediaDevices) return;
		let all = await navigator.mediaDevices.enumerateDevices();
		if (all.every((d) => d.label === "")) { // a browser names them once the microphone is allowed
			try {
				(await openMicrophone("")).getTracks().forEach((t) => t.stop());
				all = await navigator.mediaDevices.enumerateDevices();
			} catch (e) {
				this.tell((e as Error).message);
			}
		}
		const { devices } = Dock.tabs.view;
		this.fill("microphone", all.filter((d) => d.kind === "audioinput"), devices.microphone);
		const out = all.filter((d) => d.kind === "audiooutput");
		this.fill("speaker", out, devices.speaker);
		this.fill("ringer", out, devices.ringer);
	}

	private fill(part: string, list: MediaDeviceInfo[], chosen: string): void {
		const select = this.piece<HTMLSelectElement>(part);
		const first = select.options[0]!;
		select.replaceChildren(first, ...list.filter((d) => d.deviceId && d.deviceId !== "default").map((d) => new Option(d.label || d.deviceId.slice(0, 8), d.deviceId, false, d.deviceId === chosen)));
	}

	private chosen(): Devices {
		const of = (part: string) => this.piece<HTMLSelectElement>(part).value;
		return { microphone: of("microphone"), speaker: of("speaker"), ringer: of("ringer") };
	}

	/** render shows what the telephone is doing. */
	render(): void {
		const v = Dock.tabs.view;
		const first = v.calls.find((c) => c.stage === "incoming") ?? v.calls.find((c) => c.stage !== "held") ?? v.calls[0];
		this.dataset.state = first?.stage ?? "idle";
		this.dataset.link = v.link;
		this.dataset.leads = String(Dock.tabs.leads);
		this.piece("state").textContent = first ? this.stageOf(first) : this.says[v.link] ?? "";
		this.piece("number").textContent = first ? "" : v.number;
		set(this.piece("trouble"), v.problem ? (this.says[v.problem] ?? this.says.failed ?? "").replace("{figure}", this.says[v.figure] ?? v.figure).trim() : "");
		if (!v.problem && this.piece("problem").contains(document.activeElement)) this.bar.focus();
		this.piece("problem").hidden = !v.problem;
		this.piece("why").textContent = v.sentence;
		this.piece("why").hidden = !v.sentence;
		this.renderLines(v);
		this.renderCalls(v);
		const tell = v.calls.map((c) => this.stageOf(c) + ": " + (this.named(c) || this.shownOf(c))).join(". ");
		if (tell !== this.told) this.piece("said").textContent = this.told = tell;
		this.entitle();
	}

	/** entitle says who is calling where the tab of this page is seen. */
	private entitle(): void {
		const c = Dock.tabs.view.calls.find((c) => c.stage === "incoming");
		const own = document.title.startsWith(this.rang) ? document.title.slice(this.rang.length) : document.title;
		this.rang = c ? "☎ " + (this.named(c) || this.shownOf(c)) + " · " : "";
		if (document.title !== this.rang + own) document.title = this.rang + own;
	}

	/** stageOf is what a call is doing, and that its microphone is off. */
	private stageOf(c: Call): string {
		if (c.passing) return (this.says[c.passing === "ringing" ? "passing_rings" : "passing"] ?? "").replace("{number}", apart(this.known.get(c.passed)?.shown || c.passed));
		const stage = this.says[c.stage === "connected" && c.waits ? "waits" : c.stage] ?? "";
		return c.muted && c.stage === "connected" ? stage + ", " + (this.says.muted ?? "") : stage;
	}

	private shownOf(c: Call): string { return this.known.get(c.number)?.shown || c.number; }

	/** named is by what name a call is shown: that of a contact before what the caller or the directory says. */
	private named(c: Call): string {
		const w = this.known.get(c.number);
		return this.nameOf(this.shownOf(c)) || this.nameOf(c.number) || (c.outgoing ? c.name || w?.name : w?.name || c.name) || "";
	}

	private renderLines(v: View): void {
		const select = this.piece<HTMLSelectElement>("line");
		const has = [...select.options].map((o) => o.value + o.text).join();
		if (has !== v.lines.map((l) => l.id + l.number).join()) select.replaceChildren(...v.lines.map((l) => new Option(l.number, l.id)));
		if (document.activeElement !== select || !v.calls.length) select.value = v.line;
		select.disabled = v.calls.length > 0;
		this.piece("line-row").hidden = v.lines.length < 2;
	}

	private renderCalls(v: View): void {
		for (const [id, row] of this.rows) {
			if (v.calls.some((c) => c.id === id)) continue;
			const had = row.contains(document.activeElement);
			row.remove();
			this.rows.delete(id);
			setTimeout(() => void this.fillKnown(), recorded);
			if (had) this.bar.focus();
		}
		for (const c of v.calls) {
			const had = this.rows.get(c.id), row = had ?? this.row(c);
			this.rows.set(c.id, row);
			this.renderCall(row, c, v.calls);
			if (had || !c.outgoing || !this.placed) continue;
			this.placed = false; // its field is gone, and the focus with it
			if (document.activeElement === document.body || this.contains(document.activeElement)) this.firstButton(row)?.focus();
		}
	}

	/** row makes what shows one call, out of the page's template. */
	private row(c: Call): HTMLElement {
		const row = (this.piece<HTMLElement>("call") as HTMLTemplateElement).content.firstElementChild!.cloneNode(true) as HTMLElement;
		row.dataset.call = c.id;
		row.addEventListener("click", (e) => {
			const b = (e.target as Element).closest<HTMLElement>("[data-do],[data-digit]");
			if (b?.dataset.digit) this.key(c.id, row, b.dataset.digit);
			else if (b?.dataset.do) this.pressed(b.dataset.do, c.id, row);
		});
		this.piece("give", row).addEventListener("submit", (e) => {
			e.preventDefault();
			const to = input.value.trim(), w = this.found.get(input);
			if (!to) return;
			Dock.tabs.ask({ do: "transfer", id: c.id, to: w?.call || to, shown: w?.shown || to });
			this.unfold("", row);
			this.firstButton(row)?.focus();
		});
		const input = this.piece<HTMLInputElement>("give-to", row);
		this.watch(input, this.piece("give-found", row), this.says.transfer_pays);
		input.id = "phone-give-" + c.id;
		row.querySelector("label")?.setAttribute("for", input.id);
		this.piece("calls").append(row);
		return row;
	}

	/** key presses one in a call, and shows what was pressed. */
	private key(id: string, row: HTMLElement, digit: string): void {
		Dock.tabs.ask({ do: "digit", id, digit });
		this.piece("pressed", row).textContent += digit;
	}

	/** recognise shows a number as it is written, and who it is by the directory or the member's contacts. */
	private async recognise(c: Call, row: HTMLElement): Promise<void> {
		if (this.contacts.length === 0) await this.fillKnown();
		const w = await who(c.number);
		if (w) this.known.set(c.number, w);
		if (row.isConnected) this.render();
	}

	private pressed(what: string, id: string, row: HTMLElement): void {
		switch (what) {
			case "pad": case "give": {
				const on = this.piece(what, row).hidden;
				this.unfold(on ? what : "", row);
				if (on) this.piece(what, row).querySelector<HTMLElement>("input,button")?.focus();
				return;
			}
			case "join": {
				const other = Dock.tabs.view.calls.find((c) => c.id !== id && c.since > 0);
				if (other) Dock.tabs.ask({ do: "join", id: other.id, with: id });
				return;
			}
			default:
				Dock.tabs.ask({ do: what as "answer", id });
		}
	}

	/** unfold shows the keys of a call, or where it is passed on, or neither. */
	private unfold(what: string, row: HTMLElement): void {
		for (const part of ["pad", "give"]) {
			this.piece(part, row).hidden = part !== what;
			row.querySelector(`[data-do=${part}]`)?.setAttribute("aria-expanded", String(part === what));
		}
	}

	private renderCall(row: HTMLElement, c: Call, all: Call[]): void {
		row.dataset.stage = c.stage;
		if (row.dataset.number !== c.number) { // new, or passed on to somebody else
			row.dataset.number = c.number;
			void this.recognise(c, row);
		}
		const shown = this.shownOf(c), name = this.named(c);
		set(this.piece("name", row), name || shown);
		const to = c.to && Dock.tabs.view.lines.length > 1 ? (this.says.to_line ?? "").replace("{number}", apart(c.to)) : "";
		set(this.piece("shown", row), [name ? apart(shown) : "", this.known.get(c.number)?.place ?? "", to].filter(Boolean).join(" · "));
		set(this.piece("stage", row), this.stageOf(c));
		const level = this.piece("level", row).firstElementChild as HTMLElement;
		level.style.inlineSize = Math.round(c.level * 100) + "%";
		const warning = this.piece("warning", row);
		set(warning, c.warning ? (this.says["warn_" + c.warning.what] ?? "").replace("{figure}", c.warning.figure) : "");
		warning.hidden = !c.warning;
		const talked = c.since > 0;
		const can: Record<string, boolean> = {
			answer: c.stage === "incoming", decline: c.stage === "incoming", hangUp: c.stage !== "incoming", hold: c.stage === "connected", resume: c.stage === "held",
			mute: talked && !c.muted, unmute: talked && c.muted, pad: c.stage === "connected", give: talked && !c.passing, join: talked && !c.passing && c.stage === "connected" && all.some((o) => o.id !== c.id && o.since > 0 && !o.passing),
		};
		const focus = document.activeElement;
		row.querySelectorAll<HTMLElement>("[data-do]").forEach((b) => { b.hidden = !can[b.dataset.as ?? b.dataset.do!]; });
		if (focus instanceof HTMLElement && row.contains(focus) && focus.hidden) row.querySelector<HTMLElement>("[data-do]:not([hidden])")?.focus();
		this.time(row, c);
	}

	private time(row: HTMLElement, c: Call): void {
		set(this.piece("clock", row), c.since ? clock(Date.now() - c.since) : "");
	}

	private tick(): void {
		for (const c of Dock.tabs.view.calls) {
			const row = this.rows.get(c.id);
			if (row) this.time(row, c);
		}
	}
}

function set(at: HTMLElement, text: string): void {
	if (at.textContent !== text) at.textContent = text;
}

/** apart has a number run from left to right between words of any script (Unicode UAX #9). */
function apart(number: string): string {
	return "\u2066" + number + "\u2069";
}

function span(text: string, name: string): HTMLElement {
	const s = document.createElement("span");
	s.className = name;
	s.textContent = text;
	s.dir = name === "num" ? "ltr" : "auto";
	return s;
}

function button(text: string, name: string): HTMLButtonElement {
	const b = document.createElement("button");
	b.type = "button";
	b.className = name;
	b.append(span(text, "phone-first"));
	return b;
}

function lines(w: Who, contact: string, note: string): HTMLElement[] {
	const p = (text: string, name: string) => {
		const e = document.createElement("p");
		e.className = name;
		e.textContent = text;
		return e;
	};
	const tags = p("", "phone-tags");
	[w.place, w.there, w.price, w.package].filter(Boolean).forEach((t) => tags.append(span(t, "tag"), " "));
	const out = [p([contact || w.name || w.kind, w.shown && apart(w.shown)].filter(Boolean).join(" · "), "phone-name"), tags];
	w.words.forEach((t) => out.push(p(t, "small hush")));
	if (w.pays && note) out.push(p(note, "small"));
	if (w.refused) out.push(p(w.refused, "say"));
	return out;
}

function local(when: string): string {
	return new Intl.DateTimeFormat(document.documentElement.lang + "-u-nu-latn", { dateStyle: "short", timeStyle: "short" }).format(new Date(when));
}
