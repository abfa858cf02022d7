// The script of ID cards: on the page where they are written, and at terminals.
import { Terminal } from "./terminal";
import { writes } from "./write";

const worker = document.querySelector<HTMLElement>("[data-worker]")?.dataset.worker ?? "";
if (worker && "Worker" in window && "subtle" in crypto) {
	document.querySelectorAll<HTMLFormElement>("form[data-write]").forEach((form) => writes(form, worker));
	const terminal = document.getElementById("terminal");
	if (terminal) new Terminal(terminal, worker);
}
