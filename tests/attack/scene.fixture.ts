import { randomUUID } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Instruction } from "@moult/trust";
import { createLocalDevice, type LocalDevice } from "../../tools/local/local-agent.ts";
import type { MemorySigner } from "../../tools/local/local-trust.ts";
import { waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import type { DeviceServer } from "../system/device-server.fixture.ts";
import {
  PROGRAM,
  buildRelease,
  publish,
  type Release,
  type ReleaseWish,
} from "./release.fixture.ts";
import type { Repository } from "./repository.fixture.ts";
import { Wire } from "./wire.fixture.ts";
import {
  CONFIG,
  SERVER_CERTIFICATE,
  WAIT_MS,
  addressOf,
  provision,
  serverOf,
  type ServerAddress,
  type Stock,
} from "./stock.fixture.ts";

export interface SceneOptions {
  /** Over the agent's settings. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Before the device is switched on for the first time. */
  readonly prepare?: (root: string) => void;
  /** Whether the device speaks TLS, and believes the test authority alone. */
  readonly isEncrypted?: boolean;
  /** Whether the device's clock can be set. */
  readonly hasOwnClock?: boolean;
}

/** Both halves of the story: a device with its agent, and the server, repository and network around it. */
export class Scene {
  readonly root: string;
  readonly device: LocalDevice;
  readonly repository: Repository;
  readonly server: DeviceServer;
  readonly wire: Wire;
  /** Where the device is told that its server is. */
  readonly address: ServerAddress;
  readonly #clockFile: string;
  #agent: LocalProcess | undefined;
  /** What it is right for the device to run. */
  #honest: Buffer;
  #startedAt = 0;
  #versions = 1;
  /** How much of the agent's log belongs to what was before. */
  #logStart = 0;
  #reportStart = 0;

  private constructor(
    parts: Pick<Scene, "root" | "device" | "repository" | "server" | "wire" | "address">,
    clockFile: string,
  ) {
    this.root = parts.root;
    this.device = parts.device;
    this.repository = parts.repository;
    this.server = parts.server;
    this.wire = parts.wire;
    this.address = parts.address;
    this.#clockFile = clockFile;
    this.#honest = this.installed();
  }

  static async open(stock: Stock, bundle: string, options: SceneOptions = {}): Promise<Scene> {
    const folder = join(stock.folder, randomUUID());
    const root = join(folder, "device");
    mkdirSync(folder);
    cpSync(stock.root, root, { recursive: true });
    const repository = stock.repository.copy();
    const server = await serverOf(repository, stock.server);
    const certificate = options.isEncrypted === true ? SERVER_CERTIFICATE : undefined;
    const wire = await new Wire(server.port, certificate).listen();
    const address = addressOf(wire.port, options.isEncrypted);
    provision(root, server, repository, address);
    options.prepare?.(root);
    const clockFile = join(folder, "clock-ahead-ms");
    const device = await createLocalDevice({
      root,
      serial: "A-1",
      bundle,
      config: { ...CONFIG, ...options.config },
      environment: options.hasOwnClock === true ? clockEnvironment(folder, clockFile) : {},
    });
    return new Scene({ root, device, repository, server, wire, address }, clockFile);
  }

  /** A release that the honest operator built, with the next version unless it says which. */
  build(wish: Partial<ReleaseWish> = {}): Promise<Release> {
    this.#versions += 1;
    return buildRelease({ version: `${this.#versions}.0`, ...wish });
  }

  /** A release that the honest operator signed and the server published and holds. */
  async release(wish: Partial<ReleaseWish> = {}): Promise<Release> {
    const release = await this.build(wish);
    await publish(this.repository, [release], wish.role);
    this.serve();
    this.server.addBlob(release.bytes);
    return release;
  }

  /** The honest story: a release is signed, published and offered. */
  async offerNew(): Promise<Release> {
    const release = await this.release();
    this.offer(release);
    return release;
  }

  /** The server's signer gets another instruction key; devices learn of it by the next root. */
  signInstructionsBy(key: MemorySigner): void {
    this.repository.online.instruction = key;
    this.server.repository.instruction = key;
  }

  /** Serves the repository as its honest owners have it. */
  serve(files = this.repository.files): void {
    this.repository.served = files;
  }

  /** Has the server instruct the device to install a release; what is said of it can differ from what it is. */
  offer(
    release: Release,
    claims: Partial<Pick<Release, "version" | "path" | "sha256" | "sizeBytes">> & {
      readonly component?: string;
    } = {},
  ): string {
    const { version, path, sha256, sizeBytes } = { ...release, ...claims };
    const name = claims.component ?? "main";
    const assignmentId = randomUUID();
    this.server.instruct({
      kind: "install",
      assignmentId,
      deploymentId: randomUUID(),
      attempt: 1,
      artifactName: version,
      components: [{ name, path, sizeBytes, sha256 }],
    } as unknown as Instruction["action"]);
    return assignmentId;
  }

  /** Switches the device on; or, when it is on, makes it check in now. */
  async wake(): Promise<void> {
    if (this.#agent === undefined) {
      this.#startedAt = this.#wholeLog().length;
      this.#agent = await this.device.start();
      return;
    }
    // Before its start is over the agent does not listen to the signal.
    const isListening = this.#wholeLog().includes('"daemon-started"', this.#startedAt);
    if (isListening && this.#agent.exitCode() === undefined)
      process.kill(this.#agent.pid, "SIGUSR1");
  }

  async switchOff(): Promise<void> {
    await this.#agent?.kill();
    this.#agent = undefined;
  }

  /** Sets the device's clock, which its agent sees at once. */
  setClock(aheadMs: number): void {
    writeFileSync(this.#clockFile, String(aheadMs));
  }

  /** Waits until the device has checked in `count` times more, whatever it was answered, or refuses to run at all. */
  async checkedIn(count = 1): Promise<void> {
    const before = this.server.checkIns.length;
    await this.wake();
    await this.until(`${count} check-ins`, async () => {
      const hasCheckedIn = this.server.checkIns.length >= before + count;
      return hasCheckedIn || (await this.hasEnded()) ? true : undefined;
    });
  }

  /** Has the device install a release, honestly, and waits until it has said so. */
  async takesIn(release: Release): Promise<void> {
    const assignmentId = this.offer(release);
    await this.wake();
    await this.until(`the device to run ${release.version}`, () =>
      this.server.reports.find(
        ({ assignmentId: id, event }) =>
          id === assignmentId && event.kind === "finished" && event.outcome === "succeeded",
      ),
    );
    this.#honest = release.content;
  }

  /** Whether the device runs what it last took in honestly, and nothing else. */
  isUntouched(): boolean {
    return this.installed().equals(this.#honest);
  }

  isIdle(): boolean {
    return this.server.checkIns.at(-1)?.activity.kind === "idle";
  }

  until<T>(
    what: string,
    question: () => Promise<T | undefined> | T | undefined,
    timeoutMs = WAIT_MS,
  ): Promise<T> {
    return waitFor(what, question, timeoutMs, 25).catch((cause: unknown) => {
      throw new Error(`${what}; the agent's log ends with:\n${this.log().slice(-4_000)}`, {
        cause,
      });
    });
  }

  /** What the device runs. */
  installed(): Buffer {
    const file = join(this.root, PROGRAM);
    return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
  }

  async status(): Promise<Record<string, unknown>> {
    return JSON.parse(await this.device.runAside("status", "--json")) as Record<string, unknown>;
  }

  /** Somebody at the device installs a file from a stick, with the metadata that are on it. */
  async installFromStick(release: Release, metadata: ReadonlyMap<string, Buffer>): Promise<void> {
    const stick = join(dirname(this.root), `stick-${randomUUID()}`);
    const folder = join(stick, "trust");
    mkdirSync(folder, { recursive: true });
    const file = join(stick, "release.mender");
    writeFileSync(file, release.bytes);
    for (const [name, bytes] of metadata) writeFileSync(join(folder, name), bytes);
    await this.wake();
    await this.checkedIn();
    // What it refuses it tells by its exit code and in its log.
    await this.device.runAside("install", file, "--trust", folder, "--yes").catch(() => undefined);
  }

  /** Waits until the agent names a rule that refused something. */
  async refusedBy(rule: string): Promise<void> {
    await this.until(`a refusal by ${rule}`, () =>
      this.rulesNamed().has(rule) ? true : undefined,
    );
  }

  /** Gives the device its provisioning anew, as in the factory. */
  provision(): void {
    provision(this.root, this.server, this.repository, this.address);
  }

  /** From now on only what follows is evidence. */
  forgetEvidence(): void {
    this.#logStart = this.#wholeLog().length;
    this.#reportStart = this.server.reports.length;
  }

  log(): string {
    return this.#wholeLog().slice(this.#logStart);
  }

  /** Names of the rules and errors that the agent named since `forgetEvidence`, in its log and to its server. */
  rulesNamed(): ReadonlySet<string> {
    const named = new Set<string>();
    for (const line of this.log().split("\n")) for (const name of rulesIn(line)) named.add(name);
    for (const { event } of this.server.reports.slice(this.#reportStart))
      if (event.kind === "finished" && event.code !== undefined) named.add(event.code);
    return named;
  }

  /** Whether the agent was switched on and has ended by itself: it refuses to run. Then its log has all that it said. */
  async hasEnded(): Promise<boolean> {
    if (this.#agent?.exitCode() === undefined) return false;
    await this.#agent.stop();
    return true;
  }

  async close(): Promise<void> {
    await this.switchOff();
    await this.wire.close();
    await this.server.close();
  }

  #wholeLog(): string {
    const file = join(this.root, "agent.log");
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }
}

/** What an agent that refuses to run tells the person at its terminal. */
const TOLD_IN_WORDS = new Map([["The provisioning cannot be used", "provisioning-invalid"]]);

/** What a log line says by which rule something was refused: a field of that meaning, or the code of an error. */
function rulesIn(line: string): readonly string[] {
  if (!line.startsWith("{"))
    return [...TOLD_IN_WORDS].flatMap(([words, code]) => (line.includes(words) ? [code] : []));
  const { rule, reason, code, error } = JSON.parse(line) as Record<string, unknown>;
  const codes = Array.isArray(error)
    ? error.map((text) => /^(?:\w+: )?([a-z-]+)/.exec(String(text))?.[1])
    : [];
  return [rule, reason, code, ...codes].filter((name) => typeof name === "string");
}

/** A clock that is ahead of the machine's by what a file says; the agent itself knows nothing of it. */
function clockEnvironment(folder: string, clockFile: string): Record<string, string> {
  const preload = join(folder, "clock.mjs");
  writeFileSync(clockFile, "0");
  writeFileSync(
    preload,
    `import { readFileSync } from "node:fs";
     const now = Date.now;
     Date.now = () => now() + Number(readFileSync(${JSON.stringify(clockFile)}, "utf8"));`,
  );
  return { NODE_OPTIONS: `--import ${pathToFileURL(preload).href}` };
}
