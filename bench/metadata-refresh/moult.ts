import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { instant } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { openTrust } from "@moult/trust";
import { FileTrustStore } from "../../tools/tuf-client/file-trust-store.ts";
import { PROVISIONED_ROOT } from "./layout.ts";
import { measured, repository, storeFolder } from "./visits.ts";

await measured(async (path) => {
  const trust = await openTrust({
    store: new FileTrustStore(storeFolder),
    provisionedRoot: readFileSync(join(repository, PROVISIONED_ROOT)),
    crypto: nodeCrypto,
    clock: { now: () => instant(Date.now()) },
  });
  const source = {
    fetch: async (name: string) => {
      const file = join(repository, name);
      return existsSync(file) ? readFileSync(file) : undefined;
    },
  };
  const refreshed = await trust.refresh(source);
  if (refreshed.kind === "refused") throw new Error(refreshed.detail);
  const found = await trust.target(source, path);
  return found.kind === "found" ? found.target.length : undefined;
});
