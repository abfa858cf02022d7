// What page and worker say to each other, and how bytes are written (RFC 4648 §5).

export type Asked =
	| { do: "make"; passphrase: string }
	| { do: "seal"; algorithm: string; certificate: string; card: string; site: string }
	| { do: "open"; text: string; passphrase: string; site: string }
	| { do: "sign"; text: string }
	| { do: "watch"; handle: FileSystemFileHandle | undefined };

export type Told =
	| { did: "made"; algorithm: string; key: string }
	| { did: "sealed"; file: string }
	| { did: "open"; card: string; certificate: string }
	| { did: "signed"; signature: string }
	| { did: "other site"; site: string }
	| { did: "wrong" | "no card" | "failed" | "removed" | "ended" | "offline" | "back" };

export function asText(b: Uint8Array): string {
	let s = "";
	for (const x of b) s += String.fromCharCode(x);
	return btoa(s).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function asBytes(s: string): Uint8Array<ArrayBuffer> {
	return Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
}

/** Hands are a worker that is asked one thing at a time; what it says by itself goes to heard. */
export class Hands {
	private worker: Worker;
	private waiting: ((t: Told) => void) | undefined;
	heard: (t: Told) => void = () => {};

	constructor(address: string) {
		this.worker = new Worker(address);
		this.worker.onmessage = (e: MessageEvent<Told>) => {
			const w = this.waiting;
			this.waiting = undefined;
			if (w) w(e.data);
			else this.heard(e.data);
		};
		this.worker.onerror = () => this.waiting?.({ did: "failed" });
	}

	ask(m: Asked): Promise<Told> {
		return new Promise((done) => {
			this.waiting = done;
			this.worker.postMessage(m);
		});
	}

	begin(m: Asked): void {
		this.worker.postMessage(m);
	}
}

export interface Answer {
	error?: string;
	code?: string;
	field?: string;
	to?: string;
	[more: string]: unknown;
}

export async function post(to: string, body: unknown): Promise<Answer> {
	const answer = await fetch(to, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
	return await answer.json() as Answer;
}

export function show(el: HTMLElement | null, text: string): void {
	if (!el) return;
	el.textContent = text;
	el.hidden = text === "";
}
