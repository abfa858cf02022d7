// Ringing a closed browser: by the push service of its maker, which the service
// worker hears (W3C Push API). What is asked of the browser's holder is asked when
// he presses the button, and never before.
import { instance, kept, keep, forget } from "./kept";

export type PushState = "on" | "off" | "refused" | "dismissed" | "unsupported" | "ios" | "insecure" | "no_service" | "failed";

const wanted = (account: string) => "phone.push." + account;

function apple(): boolean {
	return /iPad|iPhone|iPod/.test(navigator.userAgent) || navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1;
}

/** state is what can be said of this browser without asking anybody. */
async function state(account: string): Promise<PushState> {
	if (!window.isSecureContext) return "insecure";
	if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window)) return apple() ? "ios" : "unsupported";
	if (Notification.permission === "denied") return "refused";
	const has = await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription().catch(() => null);
	return has && kept(wanted(account)) ? "on" : "off";
}

async function tell(path: string, body: unknown): Promise<boolean> {
	const r = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
	if (r.ok) return true;
	const said = await r.json().catch(() => ({}));
	throw new Error(typeof said.error === "string" ? said.error : "failed");
}

async function subscribe(account: string): Promise<void> {
	const worker = await navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready);
	const { key } = await (await fetch("/phone/push")).json() as { key: string };
	const old = await worker.pushManager.getSubscription();
	let s = old;
	if (!old || base64(old.options.applicationServerKey) !== key) {
		await old?.unsubscribe();
		s = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
	}
	await tell("/phone/push", { endpoint: s!.endpoint, p256dh: base64(s!.getKey("p256dh")), auth: base64(s!.getKey("auth")), instance: instance(account) });
}

function base64(b: ArrayBuffer | null): string {
	return btoa(String.fromCharCode(...new Uint8Array(b ?? new ArrayBuffer(0)))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

async function on(account: string): Promise<PushState> {
	const may = await Notification.requestPermission();
	if (may !== "granted") return may === "denied" ? "refused" : "dismissed";
	await subscribe(account);
	keep(wanted(account), true);
	return "on";
}

async function off(account: string): Promise<PushState> {
	forget(wanted(account));
	const s = await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();
	if (s) {
		await tell("/phone/push/off", { endpoint: s.endpoint });
		await s.unsubscribe();
	}
	return "off";
}

/** again tells the house anew of what was switched on: the session may be another. */
export async function again(account: string): Promise<void> {
	if (kept(wanted(account)) && await state(account) === "on") await subscribe(account).catch(() => {});
}

/** wire fills a switch in: in the telephone, and on the page of what rings. */
export async function wire(at: HTMLElement, account: string, says: Record<string, string>): Promise<void> {
	const piece = <T extends HTMLElement>(name: string) => at.querySelector<T>(`[data-push-${name}]`)!;
	const show = (s: PushState, sentence = "") => {
		at.dataset.push = s;
		const text = sentence || (says["push_" + s] ?? "");
		if (piece("state").textContent !== text) piece("state").textContent = text;
		const focus = at.contains(document.activeElement);
		piece("on").hidden = !["off", "dismissed", "failed", "no_service"].includes(s);
		piece("off").hidden = s !== "on";
		if (focus) at.querySelector<HTMLElement>("button:not([hidden])")?.focus();
		at.hidden = false;
	};
	const press = (what: (account: string) => Promise<PushState>) => async () => {
		const buttons = at.querySelectorAll("button");
		buttons.forEach((b) => { b.disabled = true; });
		let s: PushState = "failed";
		let sentence = "";
		try {
			s = await what(account);
		} catch (e) {
			const x = e as Error;
			if (x.name === "NotAllowedError") s = "refused";
			else if (x.name === "AbortError" || x.name === "NotSupportedError") s = "no_service";
			else if (x.message.includes(" ")) sentence = x.message;
		}
		buttons.forEach((b) => { b.disabled = false; });
		show(s, s === "failed" ? sentence : "");
	};
	if (!at.dataset.wired) {
		at.dataset.wired = "1";
		piece("on").addEventListener("click", () => void press(on)());
		piece("off").addEventListener("click", () => void press(off)());
	}
	show(await state(account));
}
