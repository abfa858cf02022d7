// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Grammar = any;

export function parse(input: string, startRule?: string): Grammar;

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function toSource(): any;
