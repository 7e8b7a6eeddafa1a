import type { Terminal } from "../terminal/terminal.ts";

export const printJson = (terminal: Terminal, value: unknown): void =>
  terminal.out(JSON.stringify(value, null, 2));
