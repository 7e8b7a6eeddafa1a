import { unreachable, type InstantMs } from "@moult/base";
import type { AssignmentState, Hold } from "@moult/model";
import { heldStep, type ControllerWait, type ControllerWork } from "../../device-session/index.ts";
import type { ClientWays } from "./client-kind.ts";

/** Whether and how an update may be worked on now. */
export type Openness =
  /** Not shown at all. */
  | "hidden"
  /** A person at the device has to agree first. */
  | "to-be-confirmed"
  /** It may be fetched and not be installed. */
  | "download"
  /** All of it. */
  | "forced";

/** What the plan's words come to for a client, at this instant. */
export function opennessOf(work: ControllerWork, ways: ClientWays, now: InstantMs): Openness {
  const { state, terms } = work.offer;
  // What the plan says is about beginning. SWUpdate tells how an update ended after its restart, and only of one that it is shown.
  if (WRITTEN.has(state)) return "forced";
  const asks = asksPerson(work, now);
  if (heldStep(terms, now) !== undefined || (asks && !ways.canConfirm))
    return ways.endsWhatItSkips ? "hidden" : "download";
  return asks ? "to-be-confirmed" : "forced";
}

function asksPerson({ action: { isConfirmed }, offer }: ControllerWork, now: number): boolean {
  const { mode } = offer.terms;
  const isForced = mode?.forceFromMs != null && mode.forceFromMs <= now;
  return mode?.consent === true && !isForced && !isConfirmed;
}

/** Its client has nothing left to begin; one that was cut off while it installed begins again, and may not outside a window. */
const WRITTEN: ReadonlySet<AssignmentState> = new Set(["activating", "proving", "rolling-back"]);

/**
 * Why the client does not go on with the update now, in the words of Moult's agent: it says nothing of that itself. Undefined
 * while there is something for it to do.
 */
export function waitOf(
  work: ControllerWork,
  ways: ClientWays,
  now: InstantMs,
): ControllerWait | undefined {
  const openness = opennessOf(work, ways, now);
  if (openness === "forced" || (openness === "download" && !hasDownloaded(work))) return undefined;
  if (openness === "to-be-confirmed") return { before: "download", holds: [NOT_CONFIRMED] };
  return heldStep(work.offer.terms, now) ?? { before: "install", holds: [NOT_CONFIRMED] };
}

/** It has the whole file; or it has read what to do and fetches nothing, as one that streams what it installs. */
const hasDownloaded = ({ action, offer: { state, progressPercent } }: ControllerWork): boolean =>
  (state === "downloading" && progressPercent === 100) || (state === "offered" && action.isFetched);

const NOT_CONFIRMED: Hold = {
  code: "consent-needed",
  detail: "Somebody at the device has to say yes.",
};

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
    case "to-be-confirmed":
      return { download: "attempt", update: "attempt" };
    case "download":
      return { download: "forced", update: "skip", maintenanceWindow: "unavailable" };
    default:
      return unreachable(openness);
  }
}
