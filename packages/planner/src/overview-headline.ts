import type { Overview } from "@moult/model";
import { counted, devices, numberText } from "./counted.ts";

/** What an overview's headline is made of. */
export interface OverviewFacts {
  readonly needs: number;
  readonly moving: number;
  readonly byContact: Overview["byContact"];
}

/** Where the whole fleet stands, in one sentence that a person could say aloud. */
export function overviewHeadline({ needs, moving, byContact }: OverviewFacts): string {
  return `${[needsWords(needs), movingWords(moving), ...contactWords(byContact)].join("; ")}.`;
}

function needsWords(needs: number): string {
  if (needs === 0) return "Nothing needs you";
  return needs === 1 ? "One thing needs you" : `${numberText(needs)} things need you`;
}

function movingWords(moving: number): string {
  if (moving === 0) return "no deployment runs";
  return `${counted(moving, "deployment")} ${moving === 1 ? "runs" : "run"}`;
}

/** The worst that is known; silence of a few is worth a word however large the fleet. */
function contactWords(byContact: OverviewFacts["byContact"]): readonly string[] {
  const { silent, late } = byContact;
  const whole = Object.values(byContact).reduce((sum, count) => sum + count, 0);
  if (whole === 0) return [];
  if (silent > 0) return [`${numberText(silent)} of ${devices(whole, "is silent", "are silent")}`];
  if (late > 0) return [`${numberText(late)} of ${devices(whole, "is late", "are late")}`];
  const unseen = byContact["never-seen"];
  if (unseen > 0)
    return [`${numberText(unseen)} of ${devices(whole, "was never seen", "were never seen")}`];
  return [
    whole === 1 ? "the one device is on time" : `all ${counted(whole, "device")} are on time`,
  ];
}
