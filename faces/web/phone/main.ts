// The browser phone: loaded on the pages of members, never on those of visitors.
import { Dock } from "./dock";
import { Tabs } from "./tabs";
import { Turner } from "./turn";

const first = document.querySelector("phone-dock");
if (first && "locks" in navigator && "BroadcastChannel" in window) {
	addEventListener("beforeinstallprompt", (e) => {
		Dock.install = e as typeof Dock.install;
		if (Dock.shown) Dock.shown.piece("install").hidden = false;
	});
	const tabs = Dock.tabs = new Tabs(first.getAttribute("account") ?? "", () => Dock.shown?.render());
	customElements.define("phone-dock", Dock);
	new Turner({ busy: () => tabs.busy(), leave: async () => !tabs.talking() || !!Dock.shown?.agrees("sign_out") && (await tabs.end(), true), reach: () => Dock.shown?.reach(), dial: (to) => Dock.shown?.dial(to), said: (key) => Dock.shown?.tell(key) });
	document.addEventListener("page:turned", () => {
		tabs.ask({ do: "turned" });
		Dock.shown?.turned();
	});
	addEventListener("hashchange", () => Dock.shown?.asked());
	if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/worker.js").catch(() => {});
}
