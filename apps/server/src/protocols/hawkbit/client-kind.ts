import { BARE_PAYLOAD_TYPES, type ClientTraits } from "@moult/model";

/** The clients whose ways differ; everything else is `other`. */
export type ClientKind = "swupdate" | "rauc" | "other";

/** What the ways of a client ask of the server. */
export interface ClientWays {
  readonly traits: ClientTraits;
  /** It ends an update only after it has started what it installed. */
  readonly closesAfterRestart: boolean;
  /** It ends an update well that it is told to skip, so one that may not be installed now is not shown to it. */
  readonly endsWhatItSkips: boolean;
  /** It speaks hawkBit's confirmations, so that a person is asked before anything is fetched. */
  readonly canConfirm: boolean;
}

/** What a client says of itself is the header that its library sets: SWUpdate's is libcurl's name for it. */
export function clientKindOf(userAgent: string | undefined): ClientKind {
  if (userAgent === undefined) return "other";
  if (userAgent.startsWith("libcurl-agent/") || /^swupdate/i.test(userAgent)) return "swupdate";
  return userAgent.startsWith("rauc-hawkbit") ? "rauc" : "other";
}

const traits = (
  client: string,
  payloadTypes: readonly string[],
  trust: ClientTraits["trust"],
  cannotKeep: ClientTraits["cannotKeep"] = [],
): ClientTraits => ({
  client,
  payloadTypes: [...payloadTypes],
  pathPrefix: "",
  canAbort: true,
  trust,
  bareFiles: true,
  ...(cannotKeep.length === 0 ? {} : { cannotKeep: [...cannotKeep] }),
});

/** They know what to skip and what not; what they are left free to attempt they install at once. */
const NO_CONSENT: ClientTraits["cannotKeep"] = ["consent"];

const WAYS: Readonly<Record<ClientKind, ClientWays>> = {
  swupdate: {
    // Whether it checks signatures was decided when it was built; it does not say.
    traits: traits("swupdate", ["swu"], "server-trusted", NO_CONSENT),
    closesAfterRestart: true,
    endsWhatItSkips: true,
    canConfirm: false,
  },
  rauc: {
    // RAUC installs no bundle without a signature by its keyring.
    traits: traits("rauc-hawkbit-updater", ["rauc"], "payload-signed", NO_CONSENT),
    closesAfterRestart: false,
    endsWhatItSkips: false,
    canConfirm: false,
  },
  other: {
    traits: traits("hawkBit client", BARE_PAYLOAD_TYPES, "server-trusted"),
    closesAfterRestart: false,
    endsWhatItSkips: false,
    canConfirm: true,
  },
};

export const waysOf = (kind: ClientKind): ClientWays => WAYS[kind];
