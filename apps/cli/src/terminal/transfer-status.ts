import { barText } from "./bar-text.ts";
import { sizeText } from "./size-text.ts";
import { durationText } from "./time-text.ts";
import type { Terminal } from "./terminal.ts";

const BAR_COLUMNS = 24;
const DRAW_EVERY_MS = 100;

/** Draws how far a transfer is, at most ten times a second. */
export interface TransferStatus {
  update(doneBytes: number, totalBytes: number): void;
  end(): void;
}

export function createTransferStatus(
  terminal: Terminal,
  label: string,
  now: () => number = () => performance.now(),
): TransferStatus {
  const startedMs = now();
  let drawnMs = -Infinity;
  let firstBytes: number | undefined;
  return {
    update: (doneBytes, totalBytes) => {
      firstBytes ??= doneBytes;
      const nowMs = now();
      if (nowMs - drawnMs < DRAW_EVERY_MS && doneBytes < totalBytes) return;
      drawnMs = nowMs;
      const share = totalBytes === 0 ? 1 : doneBytes / totalBytes;
      const percent = `${Math.floor(share * 100)} %`.padStart(5);
      const rate = (doneBytes - firstBytes) / Math.max(0.001, (nowMs - startedMs) / 1000);
      const left = rate > 0 ? durationText(Math.ceil((totalBytes - doneBytes) / rate)) : "";
      const rest = left === "" ? "" : `  ${sizeText(rate)}/s  ${left} left`;
      terminal.status([
        `${label}  ${barText(share, BAR_COLUMNS)} ${percent}  ${sizeText(totalBytes)}${rest}`,
      ]);
    },
    end: () => terminal.status(undefined),
  };
}
