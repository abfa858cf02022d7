// One call: a session of JsSIP, its sound, and what of it is shown.
import { NameAddrHeader, type URI } from "jssip";
import type { RTCSession, EndEvent } from "jssip/lib/RTCSession";
import { Ear } from "./quality";
import { into } from "./sound";
import type { Call, Stage } from "./state";

export interface Host {
	changed(): void;
	/** problem is told by a key of the texts, with another of why. */
	problem(key: string, why?: string): void;
	gone(talk: Talk): void;
	/** ended is told by a key of the texts how a call ended that lasted so long (ms). */
	ended(key: string, lasted: number): void;
	speaker(): string;
	linked(): boolean;
}

/** Left is what a page that comes back needs to take a call over (RFC 3891). */
export interface Left { to: string; call: string; mine: string; theirs: string; name: string; number: string; since: number; at: number }

/** Said is what a NOTIFY tells of a call that is passed on. */
interface Said { status_line: { status_code: number } }

/** takes has the house know that it may tell by UPDATE whom a call is with: JsSIP keeps it to itself when it answers. */
const takes = "Allow: INVITE, ACK, CANCEL, BYE, UPDATE, OPTIONS, REFER, INFO, NOTIFY";

const passingFor = 100_000; // how long the house lets it ring at most (ms), and some

let count = 0;

export class Talk {
	readonly id = Date.now().toString(36) + "-" + ++count;
	stage: Stage;
	since = 0;
	waits = false;
	early = false;
	rings = false;
	/** the number that was called, of a call that came in */
	to = "";
	private audio = new Audio();
	private ear = new Ear();
	private timer = 0;
	private level = 0;
	private warning: Call["warning"];
	private over = false;
	/** how it ends is said already */
	private told = false;
	private passing: Call["passing"] = "";
	private passed = "";
	private mending = 0;

	constructor(readonly session: RTCSession, readonly outgoing: boolean, public name: string, public number: string, private microphone: MediaStream | null, private host: Host) {
		this.stage = outgoing ? "calling" : "incoming";
		if (session.connection) this.listen(session.connection);
		session.on("peerconnection", (e) => this.listen(e.peerconnection));
		session.on("icecandidate", (e) => e.ready()); // the server has one address: nothing to wait for (RFC 8445 §2.5)
		session.on("progress", (e: { response?: { body?: string } }) => {
			this.rings = true;
			if (e.response?.body) this.early = true;
			this.host.changed();
		});
		session.on("accepted", () => this.answered());
		session.on("confirmed", () => this.answered());
		session.on("hold", (e) => this.held(String(e.originator) === "remote", true));
		session.on("unhold", (e) => this.held(String(e.originator) === "remote", false));
		session.on("reinvite", (e) => this.meets(e.request));
		session.on("update", (e) => this.meets(e.request));
		session.on("muted", () => this.host.changed());
		session.on("unmuted", () => this.host.changed());
		session.on("ended", (e) => this.end(e));
		session.on("failed", (e) => this.end(e));
		session.on("peerconnection:setremotedescriptionfailed", () => this.host.problem("sound_refused"));
	}

	view(): Call {
		return {
			id: this.id, outgoing: this.outgoing, stage: this.stage, name: this.name, number: this.number, to: this.to, since: this.since,
			muted: !!this.session.isMuted().audio, waits: this.waits, level: this.level, warning: this.warning,
			passing: this.passing, passed: this.passed,
		};
	}

	/** answer takes a call that came in. */
	answer(microphone: MediaStream, iceServers: RTCIceServer[]): void {
		this.microphone = microphone;
		this.session.answer({ mediaStream: microphone, pcConfig: { iceServers }, extraHeaders: [takes] });
	}

	hangUp(): void {
		if (this.session.isEnded()) return this.end();
		if (this.stage === "incoming") this.session.terminate({ status_code: 603, reason_phrase: "Decline" });
		else this.session.terminate();
	}

	hold(): void { if (this.stage === "connected") this.session.hold(); }
	resume(): void { if (this.stage === "held") this.session.unhold(); }

	mute(on: boolean): void {
		if (on) this.session.mute({ audio: true });
		else this.session.unmute({ audio: true });
		this.host.changed();
	}

	digit(d: string): void {
		if (this.session.isEstablished()) this.session.sendDTMF(d, { transportType: "RFC2833" as never, duration: 120 });
	}

	/**
	 * transfer gives the call to somebody else, and shows how that goes (RFC 3515), or to another call of ours (RFC 3891).
	 * It stays here until they are connected, and if they are not.
	 */
	transfer(to: string, shown: string, other?: Talk): void {
		if (this.passing) return;
		let late = 0;
		const goes = (how: Call["passing"]) => {
			clearTimeout(late);
			if (how) late = window.setTimeout(() => failed(), passingFor);
			this.passing = how;
			this.passed = shown;
			if (other) other.told = how !== "";
			this.host.changed();
		};
		const failed = (status?: number, cause = "") => {
			if (this.over) return;
			const rang = this.passing === "ringing";
			goes("");
			this.host.problem("transfer_failed", status === 480 && rang ? "nobody_answered" : why(status, cause, /[.@]/.test(shown)));
		};
		const asked = this.session.refer(to, {
			replaces: other?.session,
			eventHandlers: {
				requestFailed: (e: { response?: { status_code: number } | null; cause: string }) => failed(e.response?.status_code, e.cause),
				progress: (e: Said) => Number(e.status_line.status_code) === 180 && goes("ringing"),
				failed: (e: Said) => failed(Number(e.status_line.status_code)),
				accepted: () => {
					clearTimeout(late);
					this.told = true;
					this.host.problem("transferred");
					setTimeout(() => [this, other].forEach((t) => t && !t.session.isEnded() && t.session.terminate()), 500);
				},
			},
		}) as unknown;
		if (asked) goes("calling"); // else it is over
	}

	async useMicrophone(fresh: MediaStream): Promise<void> {
		const track = fresh.getAudioTracks()[0];
		const sender = this.session.connection?.getSenders().find((s) => s.track?.kind === "audio" || !s.track);
		if (!track || !sender) return;
		track.enabled = !this.session.isMuted().audio && this.stage !== "held";
		await sender.replaceTrack(track);
		this.microphone?.getTracks().forEach((t) => t.stop());
		this.microphone = fresh;
	}

	useSpeaker(device: string): void { void into(this.audio, device); }

	/** hear tries again to play what the browser would not without a press. */
	hear(): void { void this.audio.play().catch(() => this.host.problem("press_to_hear")); }

	/** mend sends the sound by the way the network has now (RFC 8445 §2.4). */
	mend(): void {
		clearTimeout(this.mending);
		if (this.over || !this.session.isEstablished()) return;
		const went = this.host.linked() && this.session.renegotiate({ rtcOfferConstraints: { iceRestart: true } as RTCOfferOptions });
		if (!went) this.mending = window.setTimeout(() => this.mend(), 500);
	}

	/** left is what a next page needs to take this call over; null if nobody talks yet. */
	left(uri: string): Left | null {
		const dialog = (this.session as unknown as { _dialog?: { id: { call_id: string; local_tag: string; remote_tag: string } } })._dialog;
		if (!this.session.isEstablished() || !dialog) return null;
		return { to: uri, call: dialog.id.call_id, mine: dialog.id.local_tag, theirs: dialog.id.remote_tag, name: this.name, number: this.number, since: this.since, at: Date.now() };
	}

	private listen(pc: RTCPeerConnection): void {
		if (this.timer) return;
		pc.addEventListener("track", (e) => {
			this.audio.srcObject = e.streams[0] ?? new MediaStream([e.track]);
			void into(this.audio, this.host.speaker()).then(() => this.audio.play()).catch(() => this.host.problem("press_to_hear"));
		});
		pc.addEventListener("connectionstatechange", () => this.soundChanged(pc));
		pc.addEventListener("iceconnectionstatechange", () => {
			if (pc.iceConnectionState === "disconnected") this.mending = window.setTimeout(() => pc.iceConnectionState === "disconnected" && this.mend(), 1500);
		});
		this.timer = window.setInterval(async () => {
			if (this.over || this.stage === "incoming") return;
			const heard = await this.ear.look(pc, this.stage !== "connected" || this.waits).catch(() => ({ level: 0, warning: undefined }));
			if (heard.level === this.level && heard.warning?.what === this.warning?.what) return;
			this.level = heard.level;
			this.warning = heard.warning;
			this.host.changed();
		}, 250);
	}

	private soundChanged(pc: RTCPeerConnection): void {
		if (pc.connectionState !== "failed" || this.over) return;
		if (pc.iceConnectionState === "connected" || pc.iceConnectionState === "completed") {
			this.told = true;
			this.host.problem("fingerprint"); // a way there is, but who answers on it is not whom the call is with (RFC 8827 §6.5)
			this.hangUp();
		} else if (this.since) {
			this.mend();
		} else {
			this.host.problem("no_way");
		}
	}

	private answered(): void {
		if (this.since === 0) this.since = Date.now();
		if (this.stage !== "held") this.stage = "connected";
		this.host.changed();
	}

	private held(byThem: boolean, on: boolean): void {
		if (byThem) this.waits = on;
		else this.stage = on ? "held" : "connected";
		this.host.changed();
	}

	/** meets takes whom the house says the call is with now: it was passed on there (RFC 3325). */
	private meets(request: { getHeader(name: string): string | undefined }): void {
		const said = request.getHeader("P-Asserted-Identity");
		const who = said && NameAddrHeader.parse(said);
		if (!who) return;
		this.name = who.display_name ?? "";
		this.number = numberOf(who.uri);
		this.host.changed();
	}

	private end(e?: EndEvent): void {
		if (this.over) return;
		this.over = true;
		clearInterval(this.timer);
		clearTimeout(this.mending);
		this.passing = "";
		this.audio.srcObject = null;
		this.microphone?.getTracks().forEach((t) => t.stop());
		this.host.gone(this);
		const status = (e?.message as { status_code?: number } | undefined)?.status_code;
		if (e && this.outgoing && this.since === 0 && String(e.originator) !== "local") this.host.problem(why(status, e.cause, /[.@]/.test(this.number)));
		if (e && this.since && !this.told) this.host.ended(ending(e, this.outgoing), Date.now() - this.since);
		this.host.changed();
	}
}

/** numberOf is the number in an address of the house's. */
export function numberOf(uri: URI): string {
	const user = uri.user ?? "";
	try { return decodeURIComponent(user); } catch { return user; }
}

/** ending is a key of the texts for how a call ended that was answered, by the cause that the house gives (RFC 3326). */
function ending(e: EndEvent, outgoing: boolean): string {
	if (String(e.originator) !== "remote") return e.cause === "Terminated" ? "ended" : "ended_lost";
	const said = (e.message as { getHeader?(name: string): string | undefined } | undefined)?.getHeader?.("Reason") ?? "";
	switch (/text="([^"]*)"/.exec(said)?.[1] ?? "normal") {
		case "normal": return "ended_there";
		case "cut-off": case "unpaid": return outgoing ? "ended_money" : "ended"; // whose money it is knows who called
		case "silent": case "expired": return "ended_lost";
		default: return "ended";
	}
}

/** why is a key of the texts for how a call failed, to a number or to a domain's address. */
function why(status: number | undefined, cause: string, address: boolean): string {
	if (cause === "Connection Error" || cause === "Request Timeout") return "no_answer_of_ours";
	switch (status) {
		case 486: case 600: return "busy";
		case 603: case 403: return status === 603 ? "declined" : "not_allowed";
		case 402: return "no_money";
		case 404: case 410: case 484: case 604: return address ? "no_service" : "not_found";
		case 408: case 487: return "nobody_answered";
		case 480: return "not_reachable";
		case 488: case 606: case 415: return "sound_refused";
		default: return "failed";
	}
}
