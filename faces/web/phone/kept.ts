// What this browser keeps for the telephone. One that keeps nothing still calls.

export function kept<T>(key: string): T | undefined {
	try {
		return JSON.parse(localStorage.getItem(key) ?? "null") ?? undefined;
	} catch {
		return undefined;
	}
}

export function keep(key: string, value: unknown): void {
	try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* as above */ }
}

export function forget(key: string): void {
	try { localStorage.removeItem(key); } catch { /* as above */ }
}

/** instance tells this browser from others of the same number (RFC 5626 §4.1). */
export function instance(account: string): string {
	const key = "phone.instance." + account;
	const id = kept<string>(key) ?? crypto.randomUUID();
	keep(key, id);
	return id;
}
