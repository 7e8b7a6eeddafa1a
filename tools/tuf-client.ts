/**
 * `moult-tuf-client`: packages/trust behind the commands that the TUF conformance suite gives a client
 * (theupdateframework/tuf-conformance, CLIENT-CLI.md). `tools/tuf-conformance.sh` runs the suite with it.
 */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { instant } from "@moult/base";
import { nodeCrypto } from "@moult/node-crypto";
import { openTrust, type Trust, type TrustSource } from "@moult/trust";
import { downloadTarget } from "./tuf-client/download-target.ts";
import { FileTrustStore } from "./tuf-client/file-trust-store.ts";
import { HttpTrustSource } from "./tuf-client/http-trust-source.ts";

/** The root of `init`; not `.json`, since the suite takes every such file for trusted metadata. */
const PROVISIONED_ROOT = "provisioned-root";

const OPTIONS = {
  "metadata-dir": { type: "string" },
  "metadata-url": { type: "string" },
  "target-name": { type: "string", multiple: true },
  "target-base-url": { type: "string" },
  "target-dir": { type: "string" },
} as const;

const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });

function needed(name: Exclude<keyof typeof OPTIONS, "target-name">): string {
  const value = values[name];
  if (value === undefined) throw new Error(`--${name} is missing`);
  return value;
}

/** The suite reads trusted metadata from this folder, the root that a client starts with included. */
function init(root: string): void {
  const folder = needed("metadata-dir");
  copyFileSync(root, join(folder, PROVISIONED_ROOT));
  copyFileSync(root, join(folder, "root.json"));
}

async function refresh(): Promise<{ readonly trust: Trust; readonly source: TrustSource }> {
  const folder = needed("metadata-dir");
  const trust = await openTrust({
    store: new FileTrustStore(folder),
    provisionedRoot: readFileSync(join(folder, PROVISIONED_ROOT)),
    crypto: nodeCrypto,
    clock: { now: () => instant(Date.now()) },
  });
  const source = new HttpTrustSource(needed("metadata-url"));
  const result = await trust.refresh(source);
  if (result.kind === "refused")
    throw new Error(`${result.role}: ${result.rule}: ${result.detail}`);
  return { trust, source };
}

async function download(): Promise<void> {
  const { trust, source } = await refresh();
  for (const path of values["target-name"] ?? []) {
    const result = await trust.target(source, path);
    if (result.kind === "refused")
      throw new Error(`${path}: ${result.role}: ${result.rule}: ${result.detail}`);
    if (result.kind === "not-found") throw new Error(`${path}: not-found`);
    await downloadTarget(result.target, needed("target-base-url"), needed("target-dir"));
  }
}

async function run(command: string | undefined, argument: string | undefined): Promise<void> {
  if (command === "init" && argument !== undefined) init(argument);
  else if (command === "refresh") await refresh();
  else if (command === "download") await download();
  else throw new Error("commands: init ROOT, refresh, download");
}

try {
  await run(positionals[0], positionals[1]);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
