// One tab leads: it has the connection and the sound. The others show the same,
// and ask it. When it goes, another leads (Web Locks, BroadcastChannel).
import { Line } from "./line";
import { nothing, type Command, type View } from "./state";

type Word = { view: View } | { command: Command } | { hello: true };

export class Tabs {
	view: View = nothing();
	leads = false;
	private line?: Line;
	private channel: BroadcastChannel;

	constructor(account: string, private show: () => void) {
		this.channel = new BroadcastChannel("phone." + account);
		this.channel.onmessage = (e: MessageEvent<Word>) => {
			const word = e.data;
			if ("view" in word && !this.leads) this.set(word.view);
			if ("command" in word) void this.line?.do(word.command);
			if ("hello" in word && this.leads) this.channel.postMessage({ view: this.view } satisfies Word);
		};
		this.channel.postMessage({ hello: true } satisfies Word);
		void navigator.locks.request("phone." + account, () => {
			this.leads = true;
			this.line = new Line(account, (v) => {
				this.set(v);
				this.channel.postMessage({ view: v } satisfies Word);
			});
			this.line.start();
			return new Promise(() => {}); // until this page is gone
		});
	}

	ask(command: Command): void {
		if (this.line) void this.line.do(command);
		else this.channel.postMessage({ command } satisfies Word);
	}

	/** busy is true while this page must stay, because a call is in it. */
	busy(): boolean { return this.leads && this.view.calls.length > 0; }

	/** end hangs up the calls of all tabs, and waits a moment for them to be gone. */
	async end(): Promise<void> {
		this.ask({ do: "end" });
		for (let i = 0; i < 20 && this.talking(); i++) await new Promise((on) => setTimeout(on, 50));
	}

	/** talking is true while there is a call, in whatever tab, that nobody else could take. */
	talking(): boolean { return this.view.calls.some((c) => c.stage !== "incoming"); }

	private set(v: View): void {
		this.view = v;
		this.show();
	}
}
