import type { Deployment, FleetNeed } from "@moult/model";
import { counted } from "./counted.ts";
import { tripWords } from "./headline.ts";

/** What a sentence about a need is made of. */
export type NeedFacts =
  | { readonly kind: "deployment-tripped" | "deployment-paused"; readonly deployment: Named }
  | {
      readonly kind: Exclude<
        FleetNeed["kind"],
        "deployment-tripped" | "deployment-paused" | "trust-expiring"
      >;
      readonly count: number;
    }
  | {
      readonly kind: "trust-expiring";
      /** The first one to expire, of `count`. */
      readonly role: string;
      /** Negative once it has expired. */
      readonly daysLeft: number;
      readonly count: number;
    };

type Named = Pick<Deployment, "name" | "stage" | "plan" | "trip">;

/** What waits for a person, in one sentence. */
export function needSentence(need: NeedFacts): string {
  switch (need.kind) {
    case "deployment-tripped": {
      const { name, trip } = need.deployment;
      return `"${name}" stopped ${trip === null ? "itself." : tripWords(trip)}`;
    }
    case "deployment-paused": {
      const { name, stage, plan } = need.deployment;
      const at = plan.stages.length === 1 ? "" : ` at stage ${stage + 1} of ${plan.stages.length}`;
      return `"${name}" is paused${at}.`;
    }
    case "identity-conflict":
      return need.count === 1
        ? "1 device shares its key with another machine."
        : `${counted(need.count, "device")} share their keys with other machines.`;
    case "trust-expiring":
      return `${expiryWords(need)}${need.count === 1 ? "" : `; ${counted(need.count - 1, "role")} more`}.`;
    case "proposals-waiting":
      return `${counted(need.count, "proposal")} ${need.count === 1 ? "waits" : "wait"} for signatures, or to be published.`;
    case "devices-pending":
      return `${counted(need.count, "device")} ${need.count === 1 ? "asks" : "ask"} to join.`;
    case "keys-pending":
      return need.count === 1
        ? "1 accepted device asks to use a new key."
        : `${counted(need.count, "accepted device")} ask to use new keys.`;
  }
}

function expiryWords({
  role,
  daysLeft,
}: {
  readonly role: string;
  readonly daysLeft: number;
}): string {
  if (daysLeft < 0) return `${role} has expired, so devices install nothing new by it`;
  if (daysLeft === 0) return `${role} expires today, and has to be signed anew`;
  return `${role} expires in ${counted(daysLeft, "day")}, and has to be signed anew`;
}
