// The page of a terminal: somebody brings his card, and it is his telephone
// until the card is gone.
import { asBytes, asText, Hands, post, show, type Answer, type Told } from "./words";

type Picker = (o: object) => Promise<FileSystemFileHandle[]>;
type Dragged = DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> };

const kept = "callisto-terminal-place"; // where this terminal is: of the terminal, not of who sits there

export class Terminal {
	private hands: Hands;
	private file: File | undefined;
	private handle: FileSystemFileHandle | undefined;
	private certificate = "";
	private card = "";
	private says: DOMStringMap;
	private leaving = (): void => { navigator.sendBeacon("/terminal/sign-out?how=removed"); };

	constructor(private root: HTMLElement, worker: string) {
		this.says = root.dataset;
		this.hands = new Hands(worker);
		this.hands.heard = (t) => this.heard(t);
		if (root.dataset.live) {
			this.hands.begin({ do: "watch", handle: undefined });
			return;
		}
		this.prepare();
	}

	private at<T extends HTMLElement>(id: string): T {
		return this.root.querySelector<T>("#" + id)!;
	}

	private prepare(): void {
		const form = this.at<HTMLFormElement>("card-form");
		form.hidden = false;
		const remembered = JSON.parse(localStorage.getItem(kept) ?? "null") as { country: string; address: string } | null;
		if (remembered) {
			this.at<HTMLSelectElement>("place").value = remembered.country;
			this.at<HTMLInputElement>("address").value = remembered.address;
			this.at("moved").hidden = false;
		}
		this.at<HTMLInputElement>("card-file").addEventListener("change", (e) => this.chosen((e.target as HTMLInputElement).files?.[0], undefined));
		const at = window as unknown as { showOpenFilePicker?: Picker };
		if (at.showOpenFilePicker) {
			this.at("watch-row").hidden = false;
			this.at("watch-pick").addEventListener("click", async () => {
				try {
					const [handle] = await at.showOpenFilePicker!({ types: [{ description: "Callisto", accept: { "application/octet-stream": [".callisto-card"] } }] });
					if (handle) this.chosen(await handle.getFile(), handle);
				} catch { /* he chose none */ }
			});
		}
		for (const kind of ["dragover", "drop"]) {
			document.addEventListener(kind, (e) => void this.dropped(e as DragEvent));
		}
		form.addEventListener("submit", (e) => { e.preventDefault(); void this.go(); });
		this.at("take").addEventListener("click", () => void this.enter(true));
		const passkey = this.root.querySelector<HTMLButtonElement>("#by-passkey");
		if (passkey && "PublicKeyCredential" in window) {
			passkey.hidden = false;
			passkey.addEventListener("click", () => void this.byPasskey());
		}
	}

	private async dropped(e: DragEvent): Promise<void> {
		e.preventDefault();
		if (e.type !== "drop") return;
		const item = e.dataTransfer?.items[0] as Dragged | undefined, file = e.dataTransfer?.files[0];
		let handle: FileSystemHandle | null | undefined;
		try {
			handle = await item?.getAsFileSystemHandle?.();
		} catch { /* it is read, and not watched */ }
		this.chosen(file, handle?.kind === "file" ? handle as FileSystemFileHandle : undefined);
	}

	private chosen(file: File | undefined, handle: FileSystemFileHandle | undefined): void {
		this.file = file;
		this.handle = handle;
		this.certificate = "";
		const said = this.at("card-chosen");
		said.hidden = !file;
		if (!file) return;
		said.querySelector("b")!.textContent = file.name;
		const words = said.querySelector<HTMLElement>("span")!;
		words.textContent = (handle ? words.dataset.watched : words.dataset.loose) ?? "";
		this.at<HTMLInputElement>("passphrase").focus();
	}

	private wrong(text: string): void {
		show(this.root.querySelector<HTMLElement>(".wrong"), text);
		this.busy(false);
	}

	private busy(yes: boolean): void {
		show(this.root.querySelector<HTMLElement>("#card-busy"), yes ? this.says.busy ?? "" : "");
		this.root.querySelectorAll<HTMLButtonElement>("#card-form button").forEach((b) => { b.disabled = yes; });
	}

	private where(): { country: string; address: string } {
		return { country: this.at<HTMLSelectElement>("place").value, address: this.at<HTMLInputElement>("address").value };
	}

	private async go(): Promise<void> {
		this.wrong("");
		this.at("take-row").hidden = true;
		if (!this.file) { this.wrong(this.says.noCard ?? ""); return; }
		this.busy(true);
		let text: string;
		try {
			if (this.file.size > 65536) throw new Error("too long");
			text = await this.file.text();
		} catch {
			this.wrong(this.says.noCard ?? "");
			return;
		}
		const field = this.at<HTMLInputElement>("passphrase");
		const told = await this.hands.ask({ do: "open", text, passphrase: field.value, site: location.origin });
		switch (told.did) {
			case "open":
				this.certificate = told.certificate;
				this.card = told.card;
				await this.enter(false);
				return;
			case "wrong": this.wrong(this.says.wrong ?? ""); field.select(); return;
			case "other site": this.wrong((this.says.other ?? "").replace("{site}", told.site)); return;
			case "no card": this.wrong(this.says.noCard ?? ""); return;
			default: this.wrong(this.says.failed ?? "");
		}
	}

	/** enter answers a question that is asked for this once. */
	private async enter(take: boolean): Promise<void> {
		this.busy(true);
		this.at("take-row").hidden = true;
		try {
			const asked = await post("/terminal/ask", { certificate: this.certificate });
			if (asked.error) { this.wrong(asked.error); return; }
			const nonce = String(asked.nonce);
			const signed = await this.hands.ask({ do: "sign", text: `callisto id card sign-in v1\n${location.origin}\n${this.card}\n${nonce}` });
			if (signed.did !== "signed") throw new Error(signed.did);
			const got = await post("/terminal/sign-in", { certificate: this.certificate, nonce, signature: signed.signature, watched: !!this.handle, take, ...this.where() });
			await this.entered(got);
		} catch {
			this.wrong(this.says.failed ?? "");
		}
	}

	private async entered(got: Answer): Promise<void> {
		if (got.error) {
			this.wrong(got.error);
			if (got.code === "card_in_use") this.at("take-row").hidden = false;
			if (got.field) this.root.querySelector<HTMLElement>(`[name="${got.field}"]`)?.focus();
			return;
		}
		localStorage.setItem(kept, JSON.stringify(this.where()));
		this.file = undefined;
		const page = new DOMParser().parseFromString(await (await fetch("/terminal", { headers: { Accept: "text/html" } })).text(), "text/html");
		const fresh = page.querySelector<HTMLElement>("#terminal");
		if (!fresh?.dataset.live) { location.assign("/terminal"); return; }
		const scripts = [...fresh.querySelectorAll("script")].map((s) => { s.remove(); return s.src; }).filter((src) => !src.includes("/card.js"));
		this.root.replaceChildren(...fresh.children);
		for (const src of scripts) { // what came with a page does not run by itself: the telephone
			const s = document.createElement("script");
			s.src = src;
			this.root.append(s);
		}
		document.dispatchEvent(new CustomEvent("htmx:after:swap")); // times are shown as here
		this.root.querySelector<HTMLElement>("h1")?.setAttribute("tabindex", "-1");
		this.root.querySelector<HTMLElement>("h1")?.focus();
		this.hands.begin({ do: "watch", handle: this.handle });
		if (this.handle) addEventListener("pagehide", this.leaving);
		this.root.querySelector("form")?.addEventListener("submit", () => removeEventListener("pagehide", this.leaving));
	}

	private heard(t: Told): void {
		switch (t.did) {
			case "removed":
			case "ended":
				removeEventListener("pagehide", this.leaving);
				location.assign("/terminal"); // which says how, and forgets who was here
				break;
			case "offline": show(this.root.querySelector<HTMLElement>(".wrong"), this.says.offline ?? ""); break;
			case "back": show(this.root.querySelector<HTMLElement>(".wrong"), ""); break;
		}
	}

	private async byPasskey(): Promise<void> {
		this.wrong("");
		this.busy(true);
		try {
			const q = await post("/terminal/passkey/begin", {});
			if (q.error) { this.wrong(q.error); return; }
			const o = (q.options as { publicKey: PublicKeyCredentialRequestOptions & { challenge: unknown } }).publicKey;
			const answer = await navigator.credentials.get({ publicKey: { ...o, challenge: asBytes(String(o.challenge)), allowCredentials: [] } }) as PublicKeyCredential;
			const r = answer.response as AuthenticatorAssertionResponse;
			const text = (b: ArrayBuffer | null): string => asText(new Uint8Array(b ?? new ArrayBuffer(0)));
			const got = await post("/terminal/passkey?token=" + encodeURIComponent(String(q.token)), {
				id: answer.id, rawId: text(answer.rawId), type: answer.type, clientExtensionResults: answer.getClientExtensionResults(),
				response: { clientDataJSON: text(r.clientDataJSON), authenticatorData: text(r.authenticatorData), signature: text(r.signature), userHandle: text(r.userHandle) },
			});
			if (got.error) { this.wrong(got.error); return; }
			this.choose(String(got.ticket), got.lines as { Membership: string; Number: string }[]);
		} catch {
			this.wrong(this.says.failed ?? "");
		}
	}

	/** choose asks at which number, if he has several. */
	private choose(ticket: string, lines: { Membership: string; Number: string }[]): void {
		const enter = async (membership: string): Promise<void> => {
			this.handle = undefined;
			try {
				await this.entered(await post("/terminal/enter", { ticket, membership, ...this.where() }));
			} catch {
				this.wrong(this.says.failed ?? "");
			}
		};
		const first = lines[0];
		if (lines.length === 1 && first) { void enter(first.Membership); return; }
		this.busy(false);
		const row = this.at("choose-line");
		row.hidden = false;
		row.querySelector(".buttons")!.replaceChildren(...lines.map((l) => {
			const b = document.createElement("button");
			b.type = "button";
			b.className = "button plain";
			b.dir = "ltr";
			b.textContent = l.Number;
			b.addEventListener("click", () => { row.hidden = true; void enter(l.Membership); });
			return b;
		}));
		row.querySelector("button")?.focus();
	}
}
