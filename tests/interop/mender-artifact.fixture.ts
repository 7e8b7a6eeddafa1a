import { execFile } from "node:child_process";
import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { SigningKeyKind } from "@moult/artifact";

const run = promisify(execFile);

/** Debian's Mender tool. The suites are about it, so a machine without it fails them and does not skip them. */
export async function menderArtifact(...args: readonly string[]): Promise<string> {
  try {
    const { stdout, stderr } = await run("mender-artifact", [...args]);
    return `${stdout}${stderr}`;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      throw new Error("mender-artifact is missing: apt-get install mender-artifact", { cause });
    throw cause;
  }
}

export const KEY_KINDS = ["rsa-3072", "ecdsa-p256"] as const;

interface KeyFiles {
  readonly privatePath: string;
  readonly publicPath: string;
  readonly publicPem: string;
}

/** A folder with payloads, scripts and keys, for both tools to read and write in. */
export interface Workspace {
  path(name: string): string;
  write(name: string, source: AsyncIterable<Uint8Array> | string): Promise<string>;
  sha256(name: string): Promise<string>;
  key(kind: SigningKeyKind): KeyFiles;
  remove(): Promise<void>;
}

export async function createWorkspace(): Promise<Workspace> {
  const directory = await mkdtemp(path.join(tmpdir(), "moult-interop-"));
  const at = (name: string): string => path.join(directory, name);
  const image = Buffer.concat([randomBytes(300_000), Buffer.alloc(700_001)]);
  await writeFile(at("rootfs.ext4"), image);
  await writeFile(at("app.conf"), "mode=fast\n");
  await writeFile(at("empty"), "");
  await writeFile(at("ArtifactInstall_Enter_05_check"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  await writeFile(at("ArtifactCommit_Leave_00"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  await writeFile(at("meta-data"), `{"channel":"stable","parts":[1,2,"deep"]}`);
  const keys = {
    "rsa-3072": await rsaKey(at("rsa")),
    "ecdsa-p256": await ecdsaKey(at("ecdsa")),
  };
  return {
    path: at,
    write: async (name, source) => {
      if (typeof source === "string") await writeFile(at(name), source);
      else await pipeline(source, createWriteStream(at(name)));
      return at(name);
    },
    sha256: async (name) =>
      createHash("sha256")
        .update(await readFile(at(name)))
        .digest("hex"),
    key: (kind) => keys[kind],
    remove: () => rm(directory, { recursive: true }),
  };
}

// The tool of this version reads private keys in their older forms alone, PKCS#1 and SEC1.

async function rsaKey(at: string): Promise<KeyFiles> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 3072,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return keyFiles(at, privateKey, publicKey);
}

async function ecdsaKey(at: string): Promise<KeyFiles> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "sec1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return keyFiles(at, privateKey, publicKey);
}

async function keyFiles(at: string, privatePem: string, publicPem: string): Promise<KeyFiles> {
  await writeFile(`${at}.key`, privatePem);
  await writeFile(`${at}.pub`, publicPem);
  return { privatePath: `${at}.key`, publicPath: `${at}.pub`, publicPem };
}
