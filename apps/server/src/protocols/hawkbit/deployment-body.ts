import { unreachable } from "@moult/base";
import type { AssignmentState } from "@moult/model";
import type { ControllerWork } from "../../device-session/index.ts";
import type { ClientWays } from "./client-kind.ts";

/** Whether and how an update may be worked on now. */
export type Openness =
  /** Not shown at all. */
  | "hidden"
  /** A person at the device has to agree first. */
  | "to-be-confirmed"
  /** It may be fetched and not be installed. */
  | "download"
  /** All of it: when the client likes, or without asking. */
  | "soft"
  | "forced";

/** What the plan's words come to for a client, at this instant. */
export function opennessOf(
  { action: { isConfirmed }, offer }: ControllerWork,
  { endsWhatItSkips, canConfirm }: ClientWays,
  now: number,
): Openness {
  // What the plan says is about beginning. SWUpdate tells how an update ended after its restart, and only of one that it is shown.
  if (WRITTEN.has(offer.state)) return "forced";
  const { windows, mode } = offer.terms;
  const isWaiting =
    mode?.downloadOnly === true || !isOpen(windows?.install, now) || !isOpen(windows?.reboot, now);
  if (isWaiting) return endsWhatItSkips ? "hidden" : "download";
  const isForced = mode?.forceFromMs != null && mode.forceFromMs <= now;
  if (isForced || mode?.consent !== true) return "forced";
  if (isConfirmed) return "forced";
  return canConfirm ? "to-be-confirmed" : "soft";
}

/** Its client has nothing left to begin; one that was cut off while it installed begins again, and may not outside a window. */
const WRITTEN: ReadonlySet<AssignmentState> = new Set(["activating", "proving", "rolling-back"]);

const isOpen = (
  times: readonly { readonly fromMs: number; readonly untilMs: number }[] | undefined,
  now: number,
): boolean =>
  times === undefined || times.some(({ fromMs, untilMs }) => fromMs <= now && now < untilMs);

interface Addresses {
  /** Of this device, without a slash at its end. */
  readonly device: string;
}

/** What to do, in hawkBit's words. */
export function deploymentBody(
  { action, offer }: ControllerWork,
  openness: Exclude<Openness, "hidden">,
  addresses: Addresses,
): object {
  return {
    id: String(action.number),
    [openness === "to-be-confirmed" ? "confirmation" : "deployment"]: {
      ...handlingOf(openness),
      chunks: offer.payloads.map((payload) => ({
        part: "os",
        version: offer.version,
        name: offer.product,
        artifacts: payload.files.flatMap(({ name, sizeBytes, sha256, bare }) => {
          if (bare === undefined) return [];
          const href = `${addresses.device}/softwaremodules/${action.number}/artifacts/${encodeURIComponent(name)}`;
          const links = { href };
          const sums = { href: `${href}.MD5SUM` };
          return [
            {
              filename: name,
              hashes: { sha1: bare.sha1, md5: bare.md5, sha256 },
              size: sizeBytes,
              _links: {
                download: links,
                "download-http": links,
                md5sum: sums,
                "md5sum-http": sums,
              },
            },
          ];
        }),
      })),
    },
  };
}

function handlingOf(openness: Exclude<Openness, "hidden">): object {
  switch (openness) {
    case "forced":
      return { download: "forced", update: "forced" };
    case "soft":
    case "to-be-confirmed":
      return { download: "attempt", update: "attempt" };
    case "download":
      return { download: "forced", update: "skip", maintenanceWindow: "unavailable" };
    default:
      return unreachable(openness);
  }
}
