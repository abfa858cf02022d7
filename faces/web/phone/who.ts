// Who would be called, what time it is there, and what it costs.

export interface Who {
	shown: string;
	kind: string;
	name: string;
	place: string;
	there: string;
	price: string;
	words: string[];
	package: string;
	refused: string;
	call: string;
	/** it costs who calls */
	pays: boolean;
}

export interface Known { name: string; number: string; when?: string; kind?: string }

const asked = new Map<string, Promise<Who | null>>();

export function who(to: string): Promise<Who | null> {
	const key = document.documentElement.lang + " " + to;
	let answer = asked.get(key);
	if (!answer) {
		answer = ask<Who>("/phone/who?to=" + encodeURIComponent(to));
		asked.set(key, answer);
		setTimeout(() => asked.delete(key), 60_000); // prices and clocks go on
	}
	return answer;
}

export async function ask<T>(path: string): Promise<T | null> {
	try {
		const res = await fetch(path, { headers: { Accept: "application/json" } });
		return res.ok ? await res.json() as T : null;
	} catch {
		return null;
	}
}
