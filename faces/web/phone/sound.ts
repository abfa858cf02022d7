// What the telephone itself sounds: the ring of a call that comes in, and what a
// caller hears while it rings at the other side. Made of tones; nothing is loaded.

interface Pattern { tones: number[]; on: number; off: number; loud: number }

const ring: Pattern = { tones: [440, 554, 659], on: 1, off: 2, loud: 0.25 };
const far: Pattern = { tones: [425], on: 1, off: 4, loud: 0.06 };
const knock: Pattern = { tones: [425], on: 0.2, off: 6, loud: 0.1 };

export class Sounder {
	private context?: AudioContext;
	private out?: HTMLAudioElement;
	private stopNow?: () => void;
	private playing: Pattern | null = null;

	/** play sounds what the calls ask for; null is silence. */
	play(kind: "ring" | "far" | "knock" | null, device: string): void {
		const wanted = kind === "ring" ? ring : kind === "far" ? far : kind === "knock" ? knock : null;
		if (wanted === this.playing) return;
		this.stopNow?.();
		this.stopNow = undefined;
		this.playing = wanted;
		if (!wanted) return;
		try {
			this.stopNow = this.start(wanted, device);
		} catch { /* a browser without sound still shows who calls */ }
	}

	private start(p: Pattern, device: string): () => void {
		const context = this.context ??= new AudioContext();
		void context.resume();
		const to = context.createMediaStreamDestination();
		const gain = context.createGain();
		gain.gain.value = 0;
		gain.connect(to);
		const voices = p.tones.map((hertz) => {
			const v = context.createOscillator();
			v.frequency.value = hertz;
			v.connect(gain);
			v.start();
			return v;
		});
		const out = this.out ??= new Audio();
		out.srcObject = to.stream;
		void into(out, device).then(() => out.play()).catch(() => {});
		const beat = () => {
			const t = context.currentTime;
			gain.gain.setTargetAtTime(p.loud, t, 0.02);
			gain.gain.setTargetAtTime(0, t + p.on, 0.02);
		};
		beat();
		const timer = setInterval(beat, (p.on + p.off) * 1000);
		return () => {
			clearInterval(timer);
			voices.forEach((v) => v.stop());
			out.pause();
			out.srcObject = null;
		};
	}
}

/** into sends an element's sound to a device; where the browser cannot, to its own. */
export async function into(element: HTMLAudioElement, device: string): Promise<void> {
	if (element.setSinkId) await element.setSinkId(device).catch(() => {});
}

/** openMicrophone says by a key of the texts why it cannot. */
export async function openMicrophone(device: string): Promise<MediaStream> {
	if (!navigator.mediaDevices) throw new Error("insecure");
	const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
	if (device) audio.deviceId = { ideal: device };
	try {
		return await navigator.mediaDevices.getUserMedia({ audio });
	} catch (e) {
		switch ((e as DOMException).name) {
			case "NotAllowedError": case "SecurityError": throw new Error("mic_refused");
			case "NotFoundError": case "OverconstrainedError": throw new Error("mic_none");
			default: throw new Error("mic_busy");
		}
	}
}
