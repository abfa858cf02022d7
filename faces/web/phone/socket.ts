// A WebSocket for SIP (RFC 7118) that notices when it is dead: it sends the ping
// of RFC 5626 §3.5.1, sooner while there is a call, and gives up at once when the
// browser says that the network changed.

const calm = 20_000;
const busy = 1_500;
const patience = 1_500;

export class Wire {
	via_transport: string;
	readonly sip_uri: string;
	onconnect = (): void => {};
	ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => {};
	ondata: (data: unknown) => void = () => {};
	private ws: WebSocket | null = null;
	private heard = 0;
	private asked = 0;
	private timer = 0;

	constructor(readonly url: string, private talking: () => boolean) {
		const at = new URL(url);
		this.via_transport = at.protocol === "wss:" ? "WSS" : "WS";
		this.sip_uri = "sip:" + at.host + ";transport=ws";
	}

	isConnected(): boolean { return this.ws?.readyState === WebSocket.OPEN; }
	isConnecting(): boolean { return this.ws?.readyState === WebSocket.CONNECTING; }

	connect(): void {
		if (this.isConnected() || this.isConnecting()) return;
		const ws = new WebSocket(this.url, "sip");
		ws.binaryType = "arraybuffer";
		this.ws = ws;
		const giveUp = setTimeout(() => { if (ws.readyState === WebSocket.CONNECTING) this.lose(ws, 1006, "no answer"); }, 4000);
		ws.onopen = () => {
			clearTimeout(giveUp);
			this.heard = Date.now();
			this.asked = 0;
			this.timer = window.setInterval(() => this.look(), 500);
			this.onconnect();
		};
		ws.onclose = (e) => { clearTimeout(giveUp); this.lose(ws, e.code, e.reason); };
		ws.onmessage = (e) => {
			this.heard = Date.now();
			this.asked = 0;
			this.ondata(e.data);
		};
	}

	disconnect(): void {
		const ws = this.ws;
		this.ws = null;
		clearInterval(this.timer);
		if (ws) {
			ws.onopen = ws.onclose = ws.onmessage = null;
			ws.close();
		}
	}

	send(message: string | ArrayBufferLike | Blob | ArrayBufferView): boolean {
		if (!this.ws || !this.isConnected()) return false;
		this.ws.send(message as string);
		return true;
	}

	/** The network changed: what was sent may never arrive. */
	drop(): void {
		if (this.ws) this.lose(this.ws, 1006, "the network changed");
	}

	private lose(ws: WebSocket, code: number, reason: string): void {
		if (this.ws !== ws) return;
		this.disconnect();
		this.ondisconnect(true, code, reason);
	}

	private look(): void {
		const now = Date.now();
		if (this.asked) {
			if (now - this.asked > patience) this.drop();
		} else if (now - this.heard > (this.talking() ? busy : calm)) {
			this.asked = now;
			this.send("\r\n\r\n");
		}
	}
}
