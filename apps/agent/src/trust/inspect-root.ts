import { instant } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { openTrust } from "@moult/trust";
import { emptyStore } from "./trust-store.ts";

/** Whether a root can be what a device starts from: signed as it asks itself, with keys for instructions. */
export type InspectedRoot =
  | { readonly kind: "usable"; readonly version: number }
  | { readonly kind: "unusable"; readonly reason: string };

export async function inspectRoot(root: Uint8Array): Promise<InspectedRoot> {
  const trust = await openTrust({
    store: emptyStore(),
    provisionedRoot: root,
    crypto: nodeCrypto,
    // It may well have expired by now: the chain leads on from it.
    clock: { now: () => instant(0) },
  });
  const { rootVersion } = trust.state();
  if (rootVersion === 0) {
    const refused = await trust.refresh({ fetch: () => Promise.resolve(undefined) });
    const reason = refused.kind === "refused" ? refused.detail : "it cannot be used";
    return { kind: "unusable", reason };
  }
  if (trust.instructionKeys().length === 0)
    return { kind: "unusable", reason: "it names no key that may sign instructions" };
  return { kind: "usable", version: rootVersion };
}
