import type { Problem, Upload } from "@moult/api";
import type { UploadId } from "@moult/model";
import { speedOf, withSample, type SpeedSample } from "./transfer-speed.ts";

/** How far one file is. */
export type UploadPhase =
  /** Its head is read, here in the browser. */
  | { readonly kind: "checking" }
  /** Found in the browser, before anything was sent. */
  | { readonly kind: "no-artifact"; readonly sentence: string }
  /** For the file before it. */
  | { readonly kind: "waiting" }
  | {
      readonly kind: "sending";
      readonly doneBytes: number;
      readonly samples: readonly SpeedSample[];
      /** The connection broke and is made again. */
      readonly isBroken: boolean;
    }
  | { readonly kind: "paused"; readonly doneBytes: number }
  /** Given up on the way; what arrived is kept, and it can go on. */
  | { readonly kind: "broken"; readonly doneBytes: number; readonly error: unknown }
  /** The server has all of it and reads it once more; `problem` holds that up. */
  | { readonly kind: "verifying"; readonly doneBytes: number; readonly problem: Problem | null }
  | { readonly kind: "finished"; readonly upload: Upload }
  | { readonly kind: "refused"; readonly error: unknown };

/** What a person says of files that are no artifacts; empty: the file says so, or is one. */
export interface ForeignNames {
  readonly version: string;
  readonly hardwareTypes: readonly string[];
}

export interface UploadItem extends ForeignNames {
  readonly key: number;
  readonly file: File;
  readonly product: string;
  readonly channel: string;
  /** The server's, once it has one. */
  readonly uploadId: UploadId | undefined;
  readonly phase: UploadPhase;
}

export const doneBytesOf = ({ phase }: UploadItem): number =>
  "doneBytes" in phase ? phase.doneBytes : 0;

/** The phase after some more bytes arrived; what was there from before does not count as speed. */
export function withProgress(item: UploadItem, doneBytes: number, nowMs: number): UploadPhase {
  const samples = item.phase.kind === "sending" ? item.phase.samples : [];
  return {
    kind: "sending",
    doneBytes,
    samples: withSample(samples, { atMs: nowMs, doneBytes }),
    isBroken: false,
  };
}

export const speedNow = ({ phase }: UploadItem): number | null =>
  phase.kind === "sending" && !phase.isBroken ? speedOf(phase.samples) : null;

/** Which file goes next: one at a time, in the order they came. */
export function nextToSend(items: readonly UploadItem[]): UploadItem | undefined {
  const isBusy = items.some(({ phase }) => phase.kind === "sending");
  return isBusy ? undefined : items.find(({ phase }) => phase.kind === "waiting");
}

const MOVING: readonly UploadPhase["kind"][] = ["checking", "waiting", "sending"];

/** Whether leaving the console would stop something. */
export const isMoving = (items: readonly UploadItem[]): boolean =>
  items.some(({ phase }) => MOVING.includes(phase.kind));
