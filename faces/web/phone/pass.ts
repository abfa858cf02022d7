// The pass with which a browser registers: it is made for whoever is signed in,
// and is good for minutes.
import * as JsSIP from "jssip";
import type { Wire } from "./socket";

export interface Pass {
	pass: string;
	/** how long it is good (s) */
	for: number;
	ws: string;
	uri: string;
	name: string;
	number: string;
	/** the number it is for, and all there are */
	line: string;
	lines: Choice[] | null;
	ice_servers: RTCIceServer[] | null;
}

/** Choice is a number to call with. */
export interface Choice { id: string; number: string }

/** Refused says why there is no pass: `again` if it is worth asking once more, `none` until he has a number. */
export class Refused extends Error {
	constructor(public sentence: string, public again: boolean, public none = false) {
		super(sentence);
	}
}

export async function askPass(line: string): Promise<Pass> {
	let answer: Response;
	try {
		answer = await fetch("/phone/pass", { method: "POST", body: new URLSearchParams(line ? { line } : {}) });
	} catch {
		throw new Refused("", true);
	}
	if (!answer.ok) {
		const said = await answer.json().catch(() => ({}));
		throw new Refused(typeof said.error === "string" ? said.error : "", answer.status >= 500 || answer.status === 429);
	}
	let said: Pass | { none: string };
	try {
		said = await answer.json() as Pass | { none: string };
	} catch { // cut off, or a proxy's page
		throw new Refused("", true);
	}
	if ("none" in said) throw new Refused(said.none, false, true);
	return said;
}

/** agent registers with a pass, once it is started. */
export function agent(pass: Pass, wire: Wire, instance: string): JsSIP.UA {
	return new JsSIP.UA({
		sockets: [wire as unknown as JsSIP.Socket], uri: pass.uri, display_name: pass.name, authorization_jwt: "Bearer " + pass.pass, instance_id: instance,
		session_timers: true, session_timers_refresh_method: "UPDATE", connection_recovery_min_interval: 1, connection_recovery_max_interval: 3, register_expires: 300,
		user_agent: "Callisto in a browser",
	} as ConstructorParameters<typeof JsSIP.UA>[0]);
}

/** renew has it go on with the next one. */
export function renew(ua: JsSIP.UA, pass: Pass): void {
	ua.set("authorization_jwt", "Bearer " + pass.pass);
	if (ua.isConnected()) ua.register();
}
