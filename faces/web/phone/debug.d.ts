// The bundled JsSIP logs through debug; only its types ask for this.
export type Debug = unknown;
