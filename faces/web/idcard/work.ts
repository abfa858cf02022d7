// The work of an ID card that must not stop a page, or be slowed down with it:
// keys, passphrases, and looking whether the card is still there. It is a
// worker of its own: browsers let timers of hidden pages sleep, not of workers.
// Private keys and passphrases live here only, and are never sent anywhere.
import { argon2id } from "@noble/hashes/argon2.js";
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { asText, asBytes, type Asked, type Told } from "./words";

// 64 MiB and three rounds: each guess at a passphrase costs a thief that much
// (RFC 9106 §4, for what has little memory).
const costs = { m: 65536, t: 3, p: 1 };

const utf8 = new TextEncoder();

interface File1 {
	callisto: "id card";
	version: 1;
	card: string;
	site: string;
	kdf: { name: "argon2id"; salt: string; m: number; t: number; p: number };
	cipher: "XChaCha20-Poly1305";
	nonce: string;
	sealed: string;
}

let made: CryptoKeyPair | undefined; // for a file that is being written
let secret = ""; // its passphrase, until it is sealed
let open: { key: CryptoKey; algorithm: string } | undefined; // of the card at this terminal

/** bound is what the seal holds besides the secret: none of it can be changed. */
function bound(f: File1): Uint8Array {
	return utf8.encode(JSON.stringify([f.callisto, f.version, f.card, f.site, f.kdf.name, f.kdf.salt, f.kdf.m, f.kdf.t, f.kdf.p, f.cipher]));
}

function derived(passphrase: string, salt: Uint8Array, c: { m: number; t: number; p: number }): Uint8Array {
	return argon2id(utf8.encode(passphrase.normalize("NFKC")), salt, { ...c, dkLen: 32 });
}

async function newKey(): Promise<{ algorithm: string; pair: CryptoKeyPair }> {
	try {
		return { algorithm: "Ed25519", pair: await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]) as CryptoKeyPair };
	} catch { // a browser that knows nothing newer
		return { algorithm: "ES256", pair: await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]) };
	}
}

async function make(passphrase: string): Promise<Told> {
	const { algorithm, pair } = await newKey();
	made = pair;
	secret = passphrase;
	return { did: "made", algorithm, key: asText(new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey))) };
}

async function seal(algorithm: string, certificate: string, card: string, site: string): Promise<Told> {
	if (!made) return { did: "failed" };
	const salt = crypto.getRandomValues(new Uint8Array(16)), nonce = crypto.getRandomValues(new Uint8Array(24));
	const file: File1 = {
		callisto: "id card", version: 1, card, site, kdf: { name: "argon2id", salt: asText(salt), ...costs }, cipher: "XChaCha20-Poly1305", nonce: asText(nonce), sealed: "",
	};
	const key = asText(new Uint8Array(await crypto.subtle.exportKey("pkcs8", made.privateKey)));
	const inner = utf8.encode(JSON.stringify({ algorithm, key, certificate }));
	file.sealed = asText(xchacha20poly1305(derived(secret, salt, costs), nonce, bound(file)).encrypt(inner));
	made = undefined;
	secret = "";
	return { did: "sealed", file: JSON.stringify(file) + "\n" };
}

async function unlock(text: string, passphrase: string, site: string): Promise<Told> {
	let f: File1;
	try {
		f = JSON.parse(text) as File1;
		if (f.callisto !== "id card" || f.version !== 1 || f.kdf.name !== "argon2id" || f.kdf.m > 1 << 20 || f.kdf.t > 20 || f.kdf.p > 4) return { did: "no card" };
	} catch {
		return { did: "no card" };
	}
	if (f.site !== site) return { did: "other site", site: String(f.site) };
	let inner: { algorithm: string; key: string; certificate: string };
	try {
		const plain = xchacha20poly1305(derived(passphrase, asBytes(f.kdf.salt), f.kdf), asBytes(f.nonce), bound(f)).decrypt(asBytes(f.sealed));
		inner = JSON.parse(new TextDecoder().decode(plain)) as typeof inner;
	} catch {
		return { did: "wrong" };
	}
	const how = inner.algorithm === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256" };
	open = { algorithm: inner.algorithm, key: await crypto.subtle.importKey("pkcs8", asBytes(inner.key), how, false, ["sign"]) };
	return { did: "open", card: f.card, certificate: inner.certificate };
}

async function sign(text: string): Promise<Told> {
	if (!open) return { did: "failed" };
	const how = open.algorithm === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", hash: "SHA-256" };
	return { did: "signed", signature: asText(new Uint8Array(await crypto.subtle.sign(how, open.key, utf8.encode(text)))) };
}

const tell = (m: Told): void => postMessage(m);
let watching = 0;

/** there tells whether the file can still be read: it cannot once the stick is out. */
async function there(handle: FileSystemFileHandle): Promise<boolean> {
	try {
		return (await (await handle.getFile()).slice(0, 16).arrayBuffer()).byteLength > 0;
	} catch {
		return false;
	}
}

/** watch says at each beat that this terminal, and the card, are there. */
async function watch(handle: FileSystemFileHandle | undefined): Promise<void> {
	open = undefined; // it has served
	const mine = ++watching;
	let next = 0, silent = 0;
	while (mine === watching) {
		if (handle && !await there(handle)) {
			try {
				await fetch("/terminal/sign-out?how=removed", { method: "POST" });
			} catch { /* we are heard of no more, which ends it too */ }
			tell({ did: "removed" });
			return;
		}
		if (Date.now() >= next) {
			try {
				const said = await fetch("/terminal/beat", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
				const b = await said.json() as { live?: boolean; every?: number };
				if (!b.live) {
					tell({ did: "ended" });
					return;
				}
				if (silent > 1) tell({ did: "back" });
				silent = 0;
				next = Date.now() + (b.every ?? 2000);
			} catch {
				if (++silent === 2) tell({ did: "offline" });
				next = Date.now() + 1000;
			}
		}
		await new Promise((go) => setTimeout(go, 500));
	}
}

onmessage = async (e: MessageEvent<Asked>): Promise<void> => {
	const m = e.data;
	try {
		switch (m.do) {
			case "make": tell(await make(m.passphrase)); break;
			case "seal": tell(await seal(m.algorithm, m.certificate, m.card, m.site)); break;
			case "open": tell(await unlock(m.text, m.passphrase, m.site)); break;
			case "sign": tell(await sign(m.text)); break;
			case "watch": void watch(m.handle); break;
		}
	} catch {
		tell({ did: "failed" });
	}
};
