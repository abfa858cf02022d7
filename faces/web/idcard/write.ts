// Writes the file of an ID card on its holder's page.
import { Hands, post, show } from "./words";

type Saver = (o: { suggestedName: string; types: { description: string; accept: Record<string, string[]> }[] }) => Promise<FileSystemFileHandle>;

/** place asks where the file goes, where the browser can: onto the stick at once. */
async function place(name: string): Promise<FileSystemFileHandle | "download" | "nowhere"> {
	const ask = (window as unknown as { showSaveFilePicker?: Saver }).showSaveFilePicker;
	if (!ask) return "download";
	try {
		return await ask({ suggestedName: name, types: [{ description: "Callisto", accept: { "application/octet-stream": [".callisto-card"] } }] });
	} catch (e) {
		return e instanceof DOMException && e.name === "AbortError" ? "nowhere" : "download";
	}
}

async function keep(file: string, name: string, to: FileSystemFileHandle | "download"): Promise<void> {
	if (to !== "download") {
		const w = await to.createWritable();
		await w.write(file);
		await w.close();
		return;
	}
	const a = document.createElement("a");
	a.href = URL.createObjectURL(new Blob([file], { type: "application/octet-stream" }));
	a.download = name;
	a.click();
	setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

export function writes(form: HTMLFormElement, worker: string): void {
	const says = form.dataset;
	const wrong = form.querySelector<HTMLElement>(".wrong"), good = form.querySelector<HTMLElement>(".say");
	const button = form.querySelector("button")!;
	const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement;
	form.hidden = false;
	form.addEventListener("submit", async (e) => {
		e.preventDefault();
		show(wrong, "");
		const passphrase = field("passphrase").value;
		if ([...passphrase].length < 12) { show(wrong, says.short ?? ""); return; }
		if (passphrase !== field("again").value) { show(wrong, says.differ ?? ""); return; }
		const to = await place((says.write ?? "").split("/")[2]!.slice(-6) + ".callisto-card");
		if (to === "nowhere") return;
		button.disabled = true;
		show(good, says.busy ?? "");
		try {
			const hands = new Hands(worker);
			const made = await hands.ask({ do: "make", passphrase });
			if (made.did !== "made") throw new Error(made.did);
			const got = await post(says.write ?? "", { algorithm: made.algorithm, key: made.key });
			if (got.to) { // his proof is no longer fresh: what he typed stays here
				show(good, "");
				show(wrong, (says.first ?? "") + " ");
				const a = document.createElement("a");
				Object.assign(a, { href: got.to, target: "_blank", textContent: says.proof ?? "" });
				wrong?.append(a);
				button.disabled = false;
				return;
			}
			if (got.error) { show(good, ""); show(wrong, got.error); button.disabled = false; return; }
			const sealed = await hands.ask({ do: "seal", algorithm: made.algorithm, certificate: String(got.certificate), card: String(got.card), site: String(got.site) });
			if (sealed.did !== "sealed") throw new Error(sealed.did);
			await keep(sealed.file, String(got.name), to);
			show(good, says.done ?? "");
			const state = form.closest("section")?.querySelector("[data-state]");
			if (state) state.textContent = says.written ?? "";
			field("passphrase").value = field("again").value = "";
		} catch {
			show(good, "");
			show(wrong, says.failed ?? "");
		}
		button.disabled = false;
	});
}
