import { spawn } from "node:child_process";
import { SECOND_MS } from "@moult/base";
import { derOfRawEcdsa } from "./ecdsa-signature.ts";
import {
  isSignatureOf,
  kindOf,
  publicKeyOf,
  type KeySigner,
  type NamedKey,
} from "./key-material.ts";
import { SigningError } from "./signing-error.ts";

/** A person may have to touch a token, or a service to answer. */
const TIME_LIMIT_MS = 120 * SECOND_MS;
/** The longest signature, DER of P-256, has 72 bytes; what is longer is something else. */
const OUTPUT_BYTES_MAX = 4 * 1024;
const RAW_ECDSA_BYTES = 64;

export interface CommandSignerOptions {
  readonly timeLimitMs?: number;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * A program that signs: it reads the message from its standard input and writes the bare signature to its standard
 * output (Ed25519: 64 bytes; ECDSA P-256 over SHA-256: DER or r||s). MOULT_KEYID and MOULT_SCHEME tell it which key is
 * meant. It runs without a shell; what it says on standard error goes to the person, never into an error or a log.
 */
export function commandSigner(
  program: string,
  args: readonly string[],
  key: NamedKey,
  options: CommandSignerOptions = {},
): KeySigner {
  const isEcdsa = kindOf(publicKeyOf(key)) === "ecdsa-p256";
  return {
    keyid: key.keyid,
    key,
    sign: async (message) => {
      const printed = await output(program, args, message, key, options);
      const isRaw = isEcdsa && printed.length === RAW_ECDSA_BYTES;
      const candidates = isRaw ? [derOfRawEcdsa(printed), printed] : [printed];
      const signature = candidates.find((each) => isSignatureOf(key, message, each));
      if (signature === undefined)
        throw new SigningError("signature-wrong", {
          program,
          keyid: key.keyid,
          printedBytes: printed.length,
        });
      return signature;
    },
  };
}

/** `PROGRAM ARGS` as a shell would take it apart, with quotes and nothing else of a shell. */
export function splitCommand(text: string): readonly [program: string, ...args: string[]] {
  const words = [...text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g)].map(([word]) =>
    word.replace(
      /"([^"]*)"|'([^']*)'/g,
      (_all, double?: string, single?: string) => double ?? single ?? "",
    ),
  );
  const [program, ...args] = words;
  if (program === undefined || program === "" || /["']/.test(text.replace(/"[^"]*"|'[^']*'/g, "")))
    throw new SigningError("key-reference-invalid", {
      reference: `command:${text}`,
      reason: "it names no program, or a quote is not closed",
    });
  return [program, ...args];
}

function output(
  program: string,
  args: readonly string[],
  message: Uint8Array,
  { keyid, scheme }: NamedKey,
  { timeLimitMs = TIME_LIMIT_MS, environment = process.env }: CommandSignerOptions,
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const failed = (reason: string, more: object = {}, cause?: unknown): void => {
      child.kill("SIGKILL");
      clearTimeout(timer);
      reject(new SigningError("command-failed", { program, reason, ...more }, { cause }));
    };
    const child = spawn(program, args, {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...environment, MOULT_KEYID: keyid, MOULT_SCHEME: scheme },
    });
    const timer = setTimeout(() => failed("it did not end in time", { timeLimitMs }), timeLimitMs);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    child.once("error", (cause) => failed("it could not be started", {}, cause));
    child.stdout.on("data", (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes > OUTPUT_BYTES_MAX) failed("it printed too much to be a signature");
      else chunks.push(chunk);
    });
    // A program that does not want the whole message tells by its exit code.
    child.stdin.on("error", () => undefined);
    child.stdin.end(message);
    child.once("close", (exitCode, signal) => {
      clearTimeout(timer);
      if (exitCode === 0) resolve(Buffer.concat(chunks));
      else failed("it ended badly", { exitCode, signal });
    });
  });
}
