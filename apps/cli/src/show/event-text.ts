import type { FleetEvent } from "@moult/model";
import { plainText } from "../terminal/plain-text.ts";
import { timeText } from "../terminal/time-text.ts";

/** One line: when, and the server's sentence about what happened. */
export const eventLine = ({ at, sentence }: FleetEvent): string =>
  plainText(`${timeText(at)}  ${sentence}`);

/** ` (health-check-failed: no network)`, or nothing. */
export function causeText(code: string | null, detail: string | null): string {
  const parts = [code, detail].filter((part) => part !== null && part !== "");
  return parts.length === 0 ? "" : ` (${parts.join(": ")})`;
}
