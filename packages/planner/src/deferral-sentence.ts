import type { Deferral, HoldPoint } from "@moult/model";

const STEPS: Readonly<Record<HoldPoint, string>> = {
  download: "downloads",
  install: "installs",
  reboot: "reboots",
};

/** Why a device does not go on with its update now. The reasons are its own words and stand as they came. */
export function deferralSentence(
  { before, holds }: Pick<Deferral, "before" | "holds">,
  device = "The device",
): string {
  const told = holds.map(({ code, detail }) => (detail === "" ? `${code}.` : detail)).join(" ");
  return `${device} waits before it ${STEPS[before]}: ${told}`;
}
