// The other numbers of a member: calls to them ring here too, though he calls with
// another. Each registers by a connection of its own.
import type * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import { agent, askPass, Refused, renew } from "./pass";
import { Wire } from "./socket";

interface Host {
	busy(): boolean;
	ring(session: RTCSession, number: string): void;
	/** its number is out of service: it is over */
	refused(a: Aside): void;
}

export class Aside {
	private ua?: JsSIP.UA;
	private wire?: Wire;
	private timer = 0;
	private tries = 0;
	private ended = false;

	constructor(readonly line: string, private instance: string, private host: Host) { void this.open(); }

	/** stop ends it; calls that came by it go on. */
	stop(): void {
		this.ended = true;
		clearTimeout(this.timer);
		if (this.host.busy()) return; // the page's end, or the next start, will end it
		this.ua?.stop();
	}

	drop(): void { this.wire?.drop(); }

	private later(ms: number): void {
		clearTimeout(this.timer);
		if (!this.ended) this.timer = window.setTimeout(() => void this.open(), ms);
	}

	private async open(): Promise<void> {
		if (this.ended) return;
		try {
			const pass = await askPass(this.line);
			if (this.ended) return;
			this.tries = 0;
			this.later(Math.max(15_000, pass.for * 700));
			if (this.ua && this.wire?.url === pass.ws) return renew(this.ua, pass);
			this.ua?.stop();
			const wire = this.wire = new Wire(pass.ws, () => this.host.busy());
			const ua = this.ua = agent(pass, wire, this.instance);
			ua.on("registrationFailed", () => { if (ua.isConnected()) this.later(5000); });
			ua.on("newRTCSession", (e: { originator: unknown; session: RTCSession }) => {
				if (String(e.originator) === "remote") this.host.ring(e.session, pass.number);
			});
			ua.start();
		} catch (e) {
			if (e instanceof Refused && !e.again && !this.host.busy()) {
				this.stop();
				this.host.refused(this);
			} else this.later(Math.min(30_000, 1000 * 2 ** this.tries++));
		}
	}
}
