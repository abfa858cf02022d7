// How a call sounds, out of what the browser counts (W3C WebRTC statistics).
import type { Warning } from "./state";

interface Counted { at: number; received: number; lost: number; heard: number }

export class Ear {
	private last: Counted = { at: 0, received: 0, lost: 0, heard: Date.now() };
	private warning: Warning | undefined;

	/** look returns how loud the other side is, and once in two seconds looks for what is wrong. */
	async look(pc: RTCPeerConnection, held: boolean): Promise<{ level: number; warning?: Warning }> {
		let level = 0, received = 0, lost = 0, jitter = 0, trip = 0;
		(await pc.getStats()).forEach((s) => {
			if (s.type === "inbound-rtp" && s.kind === "audio") {
				level = s.audioLevel ?? 0;
				received = s.packetsReceived ?? 0;
				lost = s.packetsLost ?? 0;
				jitter = s.jitter ?? 0;
			}
			if (s.type === "candidate-pair" && s.nominated) trip = s.currentRoundTripTime ?? 0;
			if (s.type === "remote-inbound-rtp" && s.roundTripTime) trip = Math.max(trip, s.roundTripTime);
		});
		const now = Date.now();
		if (now - this.last.at >= 2000) {
			const came = received - this.last.received, gone = Math.max(0, lost - this.last.lost);
			const heard = came > 0 || held || this.last.at === 0 ? now : this.last.heard;
			const share = came + gone > 0 ? gone / (came + gone) : 0;
			this.last = { at: now, received, lost, heard };
			this.warning = now - heard > 5000 ? { what: "silence", figure: "" }
				: share > 0.04 ? { what: "loss", figure: Math.round(share * 100) + " %" }
				: jitter > 0.06 ? { what: "jitter", figure: Math.round(jitter * 1000) + " ms" }
				: trip > 0.5 ? { what: "delay", figure: Math.round(trip * 500) + " ms" }
				: undefined;
		}
		return { level: Math.min(1, level * 2.5), warning: this.warning };
	}
}
