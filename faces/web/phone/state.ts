// What the telephone shows, in every tab, and what a tab may ask of it.

import type { Choice } from "./pass";

export type Stage = "incoming" | "calling" | "connected" | "held";

/** Warning is what is wrong with the sound now, with figures to be filled in. */
export interface Warning {
	what: "loss" | "jitter" | "delay" | "silence";
	figure: string;
}

export interface Call {
	id: string;
	outgoing: boolean;
	stage: Stage;
	name: string;
	number: string;
	/** of one that came in, the number that was called */
	to: string;
	/** when it was answered, by the clock of this machine; 0 before */
	since: number;
	muted: boolean;
	/** the other side holds */
	waits: boolean;
	/** how loud the other side is, 0 to 1 */
	level: number;
	warning?: Warning;
	/** it is passed on: whether it rings there yet, and to which number; "" if it is not */
	passing: "" | "calling" | "ringing";
	passed: string;
}

export type Link = "off" | "connecting" | "ready" | "lost";

export interface Devices {
	microphone: string;
	speaker: string;
	ringer: string;
}

export interface View {
	link: Link;
	number: string;
	name: string;
	domain: string;
	calls: Call[];
	/** a key of the texts, or "" */
	problem: string;
	/** what is filled into its text, or a key of the texts for that */
	figure: string;
	/** why there is no telephone now, a sentence the server made; or "" */
	sentence: string;
	devices: Devices;
	/** the numbers to call with, if there is a choice, and the one that is chosen */
	lines: Choice[];
	line: string;
}

export type Command =
	| { do: "call"; to: string; name: string; shown: string }
	| { do: "answer" | "hangUp" | "hold" | "resume" | "mute" | "unmute"; id: string }
	| { do: "digit"; id: string; digit: string }
	| { do: "transfer"; id: string; to: string; shown: string }
	| { do: "join"; id: string; with: string }
	| { do: "devices"; devices: Devices }
	| { do: "line"; line: string }
	| { do: "hear" | "forget" | "turned" | "end" };

export const nothing = (): View => ({
	link: "off", number: "", name: "", domain: "", calls: [], problem: "", figure: "", sentence: "", devices: { microphone: "", speaker: "", ringer: "" }, lines: [], line: "",
});

/** clock is how long something lasted (ms), as a clock shows it. */
export function clock(ms: number): string {
	const s = Math.max(0, Math.floor(ms / 1000));
	return Math.floor(s / 60) + ":" + String(s % 60).padStart(2, "0");
}
