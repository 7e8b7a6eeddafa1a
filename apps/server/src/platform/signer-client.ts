import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { backOffDelayMs, errorChain, utf8, type BackOff, type Log, type Random } from "@moult/base";
import {
  SignerReply,
  type OnlineFile,
  type OnlineKeys,
  type SignerRequest,
  type TenantId,
} from "@moult/model";
import type { Instruction } from "@moult/trust";
import { ApiError } from "./api-error.ts";
import { SIGNER_MAIN } from "./installation.ts";

/** The signer as the rest of the server sees it: a question, and an envelope or a typed refusal. */
export interface Signer {
  /** The DSSE envelope around `instruction`. Throws `SignerRefusal` when the signer does not agree, `signer-unavailable` when it cannot. */
  sign(instruction: Instruction): Promise<Uint8Array>;
  /** PEM keys that devices must be provisioned with. */
  publicKeys(): Promise<readonly string[]>;
  /** Its keys as a root of trust names them. */
  onlineKeys(): Promise<OnlineKeys>;
  /** New snapshot and timestamp, or why the signer makes none. */
  renew(tenantId: TenantId, of: RenewalOf): Promise<Renewal>;
  /** Has it remember what is published by now. Without an answer it does so when it next signs for the tenant. */
  notePublished(tenantId: TenantId): Promise<void>;
  stop(): Promise<void>;
}

/** What online metadata is made of; see `SignerRequest`. */
export type RenewalOf = Extract<SignerRequest, { kind: "renew" }>["of"];

export type Renewal =
  | {
      readonly kind: "renewed";
      readonly snapshot: OnlineFile | null;
      readonly timestamp: OnlineFile;
    }
  | { readonly kind: "refused"; readonly reason: string };

/** The signer runs, and does not sign this. */
export class SignerRefusal extends ApiError {
  readonly reason: string;

  constructor(reason: string) {
    super("signer-unavailable", `the signer refused: ${reason}; try again`);
    this.reason = reason;
  }
}

export interface SignerClientDeps {
  readonly keyFolder: string;
  /** PKCS#11 URIs of keys that are not in the folder. */
  readonly tokenKeys?: Partial<Record<keyof OnlineKeys, string | undefined>>;
  /** Path of the SQLite file, or a postgres:// URL; the signer opens it for reading. */
  readonly database: string;
  readonly installsPerMinute: number;
  /** Of a product's devices; absent: all of them. */
  readonly devicesPercentPerHour?: number;
  readonly log: Log;
  readonly random: Random;
}

/** Longer than any signature takes; a device then asks again. */
const ANSWER_TIMEOUT_MS = 5_000;
const RESTART_BACK_OFF: BackOff = { delayMsMin: 100, delayMsMax: 10_000 };
/** A signer that lived this long was healthy: its next restart is quick again. */
const HEALTHY_AFTER_MS = 10_000;

interface Waiting {
  readonly resolve: (reply: SignerReply) => void;
  readonly reject: (error: ApiError) => void;
  readonly timer: NodeJS.Timeout;
}

/** Starts the signer process, starts it again when it dies, and matches its answers to questions. */
export class SignerClient implements Signer {
  readonly #deps: SignerClientDeps;
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #restartTimer: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #failures = 0;
  #lastId = 0;
  #isStopping = false;

  constructor(deps: SignerClientDeps) {
    this.#deps = deps;
    this.#start();
  }

  async sign(instruction: Instruction): Promise<Uint8Array> {
    const reply = await this.#ask({ kind: "sign", instruction: JSON.stringify(instruction) });
    if (reply.kind === "signed") return utf8(reply.envelope);
    const reason = reply.kind === "refused" ? reply.reason : "unexpected-answer";
    this.#deps.log.warn("signer-refused", { reason, deviceId: instruction.deviceId });
    throw new SignerRefusal(reason);
  }

  async publicKeys(): Promise<readonly string[]> {
    const reply = await this.#ask({ kind: "public-keys" });
    if (reply.kind === "public-keys") return reply.publicKeys;
    throw new ApiError("signer-unavailable", "the signer did not name its keys; try again");
  }

  async onlineKeys(): Promise<OnlineKeys> {
    const reply = await this.#ask({ kind: "online-keys" });
    if (reply.kind === "online-keys") return reply.keys;
    throw new ApiError("signer-unavailable", "the signer did not name its keys; try again");
  }

  async renew(tenantId: TenantId, of: RenewalOf): Promise<Renewal> {
    const reply = await this.#ask({ kind: "renew", tenantId, of });
    if (reply.kind === "renewed" || reply.kind === "refused") return reply;
    throw new ApiError("signer-unavailable", "the signer made no metadata; try again");
  }

  async notePublished(tenantId: TenantId): Promise<void> {
    try {
      await this.#ask({ kind: "note-published", tenantId });
    } catch (error) {
      this.#deps.log.warn("signer-not-told", { tenantId, errors: errorChain(error) });
    }
  }

  /** For tests and operators: the process, if it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
      child.kill("SIGTERM");
    });
  }

  #ask(question: SignerQuestion): Promise<SignerReply> {
    const child = this.#child;
    if (child === undefined || !child.connected)
      throw new ApiError("signer-unavailable", "the signer is being started again; try again");
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new ApiError("signer-unavailable", "the signer did not answer in time; try again"));
      }, ANSWER_TIMEOUT_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      // A message that cannot be sent ends with the exit of the child, which rejects all that wait.
      child.send({ ...question, id } satisfies SignerRequest, () => undefined);
    });
  }

  #start(): void {
    const { keyFolder, tokenKeys = {}, database, installsPerMinute, log } = this.#deps;
    const { devicesPercentPerHour = 100 } = this.#deps;
    // Before Node makes it for its cache, with rights of its own choosing.
    mkdirSync(keyFolder, { recursive: true, mode: 0o700 });
    const child = spawn(
      process.execPath,
      [
        SIGNER_MAIN,
        "--key-folder",
        keyFolder,
        "--installs-per-minute",
        String(installsPerMinute),
        "--devices-percent-per-hour",
        String(devicesPercentPerHour),
        ...Object.entries(tokenKeys).flatMap(([use, uri]) =>
          uri === undefined ? [] : [`--${use}-key`, uri],
        ),
      ],
      {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
        // The signer needs nothing else of the server's environment; secrets that came that way stay here.
        env: {
          PATH: process.env["PATH"],
          MOULT_SIGNER_DATABASE: database,
          ...moduleVariables(process.env),
          // Compiled code, in a folder that only this user can write.
          NODE_COMPILE_CACHE: join(keyFolder, "compile-cache"),
        },
      },
    );
    this.#child = child;
    this.#startedAt = performance.now();
    child.on("message", (message) => this.#receive(message));
    child.once("error", (error) => log.error("signer-not-started", { reason: error.message }));
    child.once("exit", (code, signal) => this.#ended(code, signal));
    log.info("signer-started", { pid: child.pid });
  }

  #receive(message: unknown): void {
    const reply = SignerReply.safeParse(message);
    if (!reply.success) {
      this.#deps.log.error("signer-answer-malformed");
      return;
    }
    const waiting = this.#waiting.get(reply.data.id);
    if (waiting === undefined) return;
    this.#waiting.delete(reply.data.id);
    clearTimeout(waiting.timer);
    waiting.resolve(reply.data);
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = undefined;
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new ApiError("signer-unavailable", "the signer ended while it was asked; try again"));
    }
    this.#waiting.clear();
    if (this.#isStopping) return;

    this.#failures =
      performance.now() - this.#startedAt > HEALTHY_AFTER_MS ? 1 : this.#failures + 1;
    const delayMs = backOffDelayMs(RESTART_BACK_OFF, this.#failures, this.#deps.random);
    this.#deps.log.error("signer-ended", { code, signal, restartInMs: delayMs });
    this.#restartTimer = setTimeout(() => this.#start(), delayMs);
  }
}

type SignerQuestion =
  | { readonly kind: "sign"; readonly instruction: string }
  | { readonly kind: "renew"; readonly tenantId: TenantId; readonly of: RenewalOf }
  | { readonly kind: "note-published"; readonly tenantId: TenantId }
  | { readonly kind: "public-keys" | "online-keys" };

/** By which the PKCS#11 modules of token makers find their settings. */
const MODULE_VARIABLES = [
  "SOFTHSM2_CONF",
  "YUBIHSM_PKCS11_CONF",
  "CS_PKCS11_R3_CFG",
  "ChrystokiConfigurationPath",
];

const moduleVariables = (environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(
    MODULE_VARIABLES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
