// The other numbers of a member: calls to them ring here too, though he calls with
// another. Each registers by a connection of its own.
import * as JsSIP from "jssip";
import type { RTCSession } from "jssip/lib/RTCSession";
import { askPass, Refused } from "./pass";
import { Wire } from "./socket";

interface Host {
	busy(): boolean;
	ring(session: RTCSession, number: string): void;
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
			this.tries = 0;
			this.later(Math.max(15_000, pass.for * 700));
			if (this.ua && this.wire?.url === pass.ws) {
				this.ua.set("authorization_jwt", "Bearer " + pass.pass);
				if (this.ua.isConnected()) this.ua.register();
				return;
			}
			this.ua?.stop();
			const wire = this.wire = new Wire(pass.ws, () => this.host.busy());
			const ua = this.ua = new JsSIP.UA({
				sockets: [wire as unknown as JsSIP.Socket], uri: pass.uri, display_name: pass.name, authorization_jwt: "Bearer " + pass.pass, instance_id: this.instance,
				session_timers: true, session_timers_refresh_method: "UPDATE", connection_recovery_min_interval: 1, connection_recovery_max_interval: 3, register_expires: 300,
				user_agent: "Callisto in a browser",
			} as ConstructorParameters<typeof JsSIP.UA>[0]);
			ua.on("registrationFailed", () => { if (ua.isConnected()) this.later(5000); });
			ua.on("newRTCSession", (e: { originator: unknown; session: RTCSession }) => {
				if (String(e.originator) === "remote") this.host.ring(e.session, pass.number);
			});
			ua.start();
		} catch (e) { // a number that is out of service does not ring
			if (!(e instanceof Refused) || e.again) this.later(Math.min(30_000, 1000 * 2 ** this.tries++));
		}
	}
}
