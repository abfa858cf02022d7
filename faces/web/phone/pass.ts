// The pass with which a browser registers: it is made for whoever is signed in,
// and is good for minutes.

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
	const said = await answer.json() as Pass | { none: string };
	if ("none" in said) throw new Refused(said.none, false, true);
	return said;
}
