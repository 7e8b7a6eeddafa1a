import { execFileSync } from "node:child_process";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { present } from "@moult/base";

const MODULES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib64/pkcs11/libsofthsm2.so",
  "/opt/homebrew/lib/softhsm/libsofthsm2.so",
];
export const TOKEN_PIN = "4711-secret";
const LABEL = "release keys";

/** A PKCS#11 token in software (SoftHSM2), in a folder of its own. */
export interface SoftToken {
  /** For whoever loads the module. */
  readonly environment: { readonly SOFTHSM2_CONF: string };
  readonly modulePath: string;
  /** Holds the PIN. */
  readonly pinFile: string;
  /** Puts a new key on it; answers the public half. */
  addKey(label: string, id: string, kind: "ed25519" | "ecdsa-p256"): KeyObject;
  /** The URI of a key; `more` are further attributes of its query. */
  uri(key: string, more?: string): string;
}

export function createSoftToken(folder: string): SoftToken {
  execFileSync(fileURLToPath(new URL("../../tools/build-pkcs11.sh", import.meta.url)));
  const modulePath = present(
    MODULES.find((path) => existsSync(path)),
    "SoftHSM2 is installed (tools/test-packages.sh)",
  );
  mkdirSync(join(folder, "tokens"), { recursive: true });
  const config = join(folder, "softhsm2.conf");
  const pinFile = join(folder, "pin");
  writeFileSync(config, `directories.tokendir = ${folder}/tokens\nlog.level = ERROR\n`);
  writeFileSync(pinFile, `${TOKEN_PIN}\n`);
  const environment = { SOFTHSM2_CONF: config };
  const util = (...args: readonly string[]): void => {
    const env = { ...process.env, ...environment };
    execFileSync("softhsm2-util", [...args, "--pin", TOKEN_PIN], { stdio: "pipe", env });
  };
  util("--init-token", "--free", "--label", LABEL, "--so-pin", "12345678");
  return {
    environment,
    modulePath,
    pinFile,
    addKey: (label, id, kind) => {
      const { privateKey, publicKey } =
        kind === "ed25519"
          ? generateKeyPairSync("ed25519")
          : generateKeyPairSync("ec", { namedCurve: "prime256v1" });
      const pem = join(folder, `${label}.pem`);
      writeFileSync(pem, privateKey.export({ format: "pem", type: "pkcs8" }));
      util("--import", pem, "--token", LABEL, "--label", label, "--id", id);
      return publicKey;
    },
    uri: (key, more = "") =>
      `pkcs11:token=${encodeURIComponent(LABEL)};${key}?module-path=${modulePath}${more}`,
  };
}
