// The connection to the house and its calls: only the leading tab has one.
import type * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import { Aside } from "./aside";
import { forget, instance, keep, kept } from "./kept";
import { agent, askPass, Refused, renew, type Pass } from "./pass";
import { openMicrophone, Sounder } from "./sound";
import { Wire } from "./socket";
import { clock, nothing, type Command, type Devices, type View } from "./state";
import { numberOf, Talk, type Left } from "./talk";

const most = 4; // calls at once
const mostLines = 5; // numbers that ring here
const leftFor = 20_000; // how long the house keeps the other side of a page that went (ms)
const endedFor = 20_000; // how long it is said how a call ended (ms)

export class Line {
	private ua?: JsSIP.UA;
	private wire?: Wire;
	private pass?: Pass;
	private talks: Talk[] = [];
	private view: View = nothing();
	private sounder = new Sounder();
	private renewal = 0;
	private retry = 0;
	private tries = 0;
	private wasLost = false;
	private later = 0;
	private saying = 0;
	private ended = false;
	/** he has no number yet: the next page may give him one */
	private numberless = false;
	/** the number he calls with; "" is his first */
	private line: string;
	private asides = new Map<string, Aside>();

	constructor(private account: string, private show: (v: View) => void) {
		this.line = kept<string>("phone.line." + account) ?? "";
		this.view.devices = kept<Devices>("phone.devices") ?? this.view.devices;
		addEventListener("online", () => this.networkChanged());
		addEventListener("offline", () => this.wire?.drop());
		(navigator as { connection?: EventTarget }).connection?.addEventListener("change", () => this.networkChanged());
		addEventListener("pagehide", () => this.leave());
	}

	start(): void {
		if (!("RTCPeerConnection" in window) || !navigator.mediaDevices) {
			this.say(window.isSecureContext ? "no_webrtc" : "insecure");
			return;
		}
		void this.open();
	}

	/** busy is true while there is a call of whatever kind. */
	busy(): boolean { return this.talks.length > 0; }

	async do(c: Command): Promise<void> {
		try {
			await this.act(c);
		} catch (e) {
			this.say(e instanceof Error && /^[a-z_]+$/.test(e.message) ? e.message : "failed");
		}
	}

	private async act(c: Command): Promise<void> {
		const talk = "id" in c ? this.talks.find((t) => t.id === c.id) : undefined;
		switch (c.do) {
			case "call": return this.call(c.to, c.name, c.shown);
			case "answer": return talk && this.answer(talk);
			case "hangUp": return talk?.hangUp();
			case "hold": return talk?.hold();
			case "resume": return talk && this.alone(talk, () => talk.resume());
			case "mute": return talk?.mute(true);
			case "unmute": return talk?.mute(false);
			case "digit": return talk?.digit(c.digit);
			case "transfer": return talk?.transfer(this.address(c.to), c.shown);
			case "join": {
				const other = this.talks.find((t) => t.id === c.with);
				return other && talk?.transfer(other.session.remote_identity.uri.toString(), other.number, other);
			}
			case "devices": return this.use(c.devices);
			case "line": return this.choose(c.line);
			case "turned": return this.numberless ? this.open() : undefined;
			case "hear": this.talks.forEach((t) => t.hear()); return this.say("");
			case "forget": return this.say("");
			case "end": return this.talks.filter((t) => t.stage !== "incoming").forEach((t) => t.hangUp());
		}
	}

	private async open(): Promise<void> {
		clearTimeout(this.retry);
		if (this.ended) return;
		// A registration goes on while its pass is renewed, and JsSIP says "registered" only of one that begins.
		const on = () => !!this.ua?.isRegistered();
		if (!on()) this.set({ link: this.wasLost ? "lost" : "connecting" });
		let pass: Pass;
		try {
			pass = await askPass(this.line);
		} catch (e) {
			const r = e as Refused;
			if (!r.again && this.line) { // that number is his no more: the first will do
				this.line = "";
				forget("phone.line." + this.account);
				return this.open();
			}
			this.numberless = r.none;
			if (!r.again && !this.busy()) this.shut();
			this.set({ link: !r.again ? "off" : on() ? "ready" : "lost", sentence: r.again ? "" : r.sentence });
			if (r.again || this.busy()) this.again(() => this.open()); // calls that are there go on
			return;
		}
		this.tries = 0;
		this.numberless = false;
		this.pass = pass;
		clearTimeout(this.renewal);
		this.renewal = window.setTimeout(() => this.open(), Math.max(15_000, pass.for * 700));
		this.attend(pass);
		this.set({ name: pass.name, number: pass.number, line: pass.line, lines: pass.lines ?? [], domain: pass.uri.replace(/^sips?:/, "").replace(/^[^@]*@/, ""), sentence: "" });
		if (this.ua && this.wire?.url === pass.ws) renew(this.ua, pass);
		else this.connect(pass);
		if (on()) this.set({ link: "ready" });
	}

	private connect(pass: Pass): void {
		this.ua?.stop();
		const wire = this.wire = new Wire(pass.ws, () => this.busy());
		const ua = this.ua = agent(pass, wire, instance(this.account));
		ua.on("disconnected", () => {
			if (this.ua !== ua) return;
			this.wasLost = true;
			if (!this.ended) this.set({ link: "lost" });
		});
		ua.on("registered", () => this.ready());
		ua.on("registrationFailed", (e) => {
			if (this.ended || this.ua !== ua || !ua.isConnected()) return;
			this.set({ link: "lost" });
			const status = e.response?.status_code;
			this.again(status === 401 || status === 403 || status === 407 ? () => this.open() : () => ua.register());
		});
		ua.on("newRTCSession", (e: { originator: unknown; session: RTCSession }) => {
			if (String(e.originator) === "remote") this.ring(e.session, pass.number);
		});
		ua.start();
	}

	/** choose calls with another number from now on; not while there are calls. */
	private async choose(line: string): Promise<void> {
		if (this.busy() || line === this.line) return;
		this.line = line;
		keep("phone.line." + this.account, line);
		this.shut();
		await this.open();
	}

	/** shut ends the registrations, also those of the other numbers. */
	private shut(): void {
		const ua = this.ua;
		this.ua = this.wire = undefined;
		this.asides.forEach((a) => a.stop());
		this.asides.clear();
		ua?.stop();
	}

	/** attend has the other numbers ring here too. One that was out of service is tried anew with each pass. */
	private attend(pass: Pass): void {
		for (const l of (pass.lines ?? []).slice(0, mostLines)) {
			if (l.id === pass.line || this.asides.has(l.id)) continue;
			this.asides.set(l.id, new Aside(l.id, instance(this.account), {
				busy: () => this.busy(),
				ring: (s, number) => this.ring(s, number),
				refused: (a) => { if (this.asides.get(l.id) === a) this.asides.delete(l.id); },
			}));
		}
	}

	private again(what: () => unknown): void {
		clearTimeout(this.retry);
		this.retry = window.setTimeout(what, Math.min(5000, 500 * 2 ** this.tries++) * (0.75 + Math.random() / 4));
	}

	private ready(): void {
		this.tries = 0;
		const lost = this.wasLost;
		this.wasLost = false;
		this.set({ link: "ready", ...(this.view.problem === "lost" ? { problem: "" } : {}) });
		if (lost) this.talks.forEach((t) => t.mend());
		void this.takeOver();
	}

	private networkChanged(): void {
		if (this.wire?.isConnected()) this.wire.drop();
		this.asides.forEach((a) => a.drop());
	}

	private address(to: string): string {
		if (/^sips?:/i.test(to)) return to;
		const plain = /^[\d\s().\-+#*]+$/.test(to) ? to.replace(/[\s().-]/g, "") : to.trim();
		return "sip:" + encodeURIComponent(plain).replaceAll("%2B", "+") + "@" + this.view.domain;
	}

	private async call(to: string, name: string, shown: string, headers: string[] = [], since = 0): Promise<void> {
		if (!to.trim() || this.talks.length >= most) return;
		const ua = this.ua;
		if (!ua?.isConnected()) return this.say("lost");
		this.say("");
		const microphone = await openMicrophone(this.view.devices.microphone);
		this.talks.forEach((t) => t.hold());
		let talk: Talk | undefined;
		ua.once("newRTCSession", (e: { session: RTCSession; originator: unknown }) => {
			if (String(e.originator) !== "local") return;
			talk = new Talk(e.session, true, name, shown, microphone, this.host());
			talk.since = since;
			this.talks.push(talk);
		});
		ua.call(this.address(to), { mediaStream: microphone, pcConfig: { iceServers: this.pass?.ice_servers ?? [] }, extraHeaders: headers });
		this.changed();
	}

	private ring(session: RTCSession, to: string): void {
		const from = session.remote_identity;
		if (this.talks.length >= most) {
			session.terminate({ status_code: 486 });
			return;
		}
		const talk = new Talk(session, false, from.display_name ?? "", numberOf(from.uri), null, this.host());
		talk.to = to;
		this.talks.push(talk);
		this.say(this.view.problem === "lost" ? "lost" : ""); // what went wrong before is not of this call
	}

	private async answer(talk: Talk): Promise<void> {
		if (talk.stage !== "incoming") return;
		const microphone = await openMicrophone(this.view.devices.microphone);
		if (talk.session.isEnded()) return microphone.getTracks().forEach((t) => t.stop());
		this.alone(talk, () => talk.answer(microphone, this.pass?.ice_servers ?? []));
	}

	/** alone holds the other calls first. */
	private alone(talk: Talk, then: () => void): void {
		this.talks.forEach((t) => t !== talk && t.hold());
		then();
	}

	private async use(devices: Devices): Promise<void> {
		const fresh = devices.microphone !== this.view.devices.microphone;
		this.set({ devices });
		keep("phone.devices", devices);
		for (const t of this.talks) {
			t.useSpeaker(devices.speaker);
			if (fresh && t.since) await t.useMicrophone(await openMicrophone(devices.microphone));
		}
	}

	/** leave keeps what the next page, or the next leading tab, needs to go on with. */
	private leave(): void {
		this.ended = true;
		const left = this.talks.map((t) => t.left(t.session.remote_identity.uri.toString())).filter((l) => l !== null);
		if (left.length > 0) keep("phone.left." + this.account, left);
		this.sounder.play(null, "");
	}

	/** takeOver goes on with the calls of a page that went, by taking the place of its legs (RFC 3891). */
	private async takeOver(): Promise<void> {
		const left = kept<Left[]>("phone.left." + this.account) ?? [];
		forget("phone.left." + this.account);
		for (const l of left) {
			if (Date.now() - l.at > leftFor) continue;
			try {
				await this.call(l.to, l.name, l.number, [`Replaces: ${l.call};to-tag=${l.theirs};from-tag=${l.mine}`], l.since);
			} catch (e) {
				this.say((e as Error).message);
			}
		}
	}

	private host() {
		return {
			changed: () => this.changed(),
			problem: (key: string, why?: string) => this.say(key, why),
			gone: (talk: Talk) => { this.talks = this.talks.filter((t) => t !== talk); },
			ended: (key: string, lasted: number) => this.callEnded(key, lasted),
			speaker: () => this.view.devices.speaker,
			linked: () => this.view.link === "ready",
		};
	}

	private say(problem: string, figure = ""): void {
		clearTimeout(this.saying);
		this.set({ problem, figure });
	}

	/** callEnded says for a while how a call ended. */
	private callEnded(key: string, lasted: number): void {
		this.say(key, clock(lasted));
		this.saying = window.setTimeout(() => this.say(""), endedFor);
	}

	private set(part: Partial<View>): void {
		this.view = { ...this.view, ...part };
		this.changed();
	}

	/** changed shows what is, at most once a moment. */
	private changed(): void {
		clearTimeout(this.later);
		this.later = window.setTimeout(() => {
			const talking = this.talks.some((t) => t.stage === "connected");
			const calling = this.talks.find((t) => t.stage === "calling");
			this.sounder.play(this.talks.some((t) => t.stage === "incoming") ? (talking ? "knock" : "ring") : calling?.rings && !calling.early ? "far" : null,
				calling ? this.view.devices.speaker : this.view.devices.ringer);
			this.show({ ...this.view, calls: this.talks.map((t) => t.view()) });
		}, 10);
	}
}
