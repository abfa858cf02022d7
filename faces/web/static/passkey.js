// Asks the browser for a passkey and brings the answer. Loaded only where one can be used.
"use strict";
(() => {
	if (!window.PublicKeyCredential) return;
	const bytes = (s) => Uint8Array.from(atob(s.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
	const text = (b) => btoa(String.fromCharCode(...new Uint8Array(b))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
	const listed = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));
	const ask = {
		create: (o) => navigator.credentials.create({ publicKey: {
			...o, challenge: bytes(o.challenge), user: { ...o.user, id: bytes(o.user.id) }, excludeCredentials: listed(o.excludeCredentials) } }),
		get: (o) => navigator.credentials.get({ publicKey: { ...o, challenge: bytes(o.challenge), allowCredentials: listed(o.allowCredentials) } }),
	};
	const plain = (c) => {
		const r = { clientDataJSON: text(c.response.clientDataJSON) };
		for (const k of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (c.response[k]) r[k] = text(c.response[k]);
		if (c.response.getTransports) r.transports = c.response.getTransports();
		return { id: c.id, rawId: text(c.rawId), type: c.type, authenticatorAttachment: c.authenticatorAttachment, clientExtensionResults: c.getClientExtensionResults(), response: r };
	};
	const post = async (to, body) => (await fetch(to, { method: "POST", headers: { "Content-Type": "application/json" }, body })).json();
	document.querySelectorAll("form[data-passkey]").forEach((form) => {
		form.hidden = false;
		const wrong = form.querySelector(".wrong");
		const button = form.querySelector("button");
		form.addEventListener("submit", async (e) => {
			e.preventDefault();
			wrong.hidden = true;
			button.disabled = true;
			try {
				const q = await post(form.dataset.to + "/begin", "{}");
				let a = q;
				if (!q.error) {
					const answer = await ask[form.dataset.passkey](q.options.publicKey);
					const about = new URLSearchParams({ token: q.token, name: form.elements.name ? form.elements.name.value : "", next: form.dataset.next || "" });
					a = await post(form.dataset.to + "?" + about, JSON.stringify(plain(answer)));
				}
				if (a.to) { location.assign(a.to); return; }
				wrong.textContent = a.error;
			} catch {
				wrong.textContent = form.dataset.failed;
			}
			wrong.hidden = false;
			button.disabled = false;
		});
	});
})();
