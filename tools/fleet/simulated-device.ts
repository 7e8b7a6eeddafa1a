import {
  createHash,
  createPrivateKey,
  createPublicKey,
  randomBytes,
  randomUUID,
  sign,
  type KeyObject,
} from "node:crypto";
import { base64, present, type Random } from "@moult/base";
import {
  ChallengeReply,
  EnrollReply,
  SIGNATURE_HEADER,
  SIGNATURE_PURPOSE,
  SessionReply,
  inventoryDigest,
  runningDigest,
  signedMessage,
  type AssignmentEvent,
  type AssignmentEventsRequest,
  type CheckInRequest,
  type Provisioning,
} from "@moult/device-protocol";
import {
  Sha256,
  type ClientTraits,
  type DeviceId,
  type DeviceState,
  type Inventory,
  type Running,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  INSTRUCTION_FIELD,
  MetadataFile,
  RootMetadata,
  verificationKey,
  verifyInstruction,
  type Instruction,
  type VerificationKey,
} from "@moult/trust";
import type { FleetLink, LinkReply } from "./fleet-link.ts";

/** How the simulated devices behave. */
export interface Behaviour {
  /** Share of updates that fail and roll back, 0 to 100. */
  readonly failPercent: number;
  /** A release that always fails and rolls back. */
  readonly failVersion: string | undefined;
  /** A release that devices are too busy to install for the time of many steps. */
  readonly putOffVersion?: string | undefined;
  /** Whether the artifact is really fetched. */
  readonly downloads: boolean;
  /** Pause between two steps of an update. */
  readonly stepMs: number;
}

/** How long a device that puts its update off does so, in steps of an update. */
const PUT_OFF_STEPS = 30;

/** PKCS #8 (RFC 8410) wrapping of a raw 32-byte Ed25519 seed. */
const ED25519_PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

export interface SimulatedDeviceDeps {
  readonly link: FleetLink;
  readonly provisioning: Provisioning;
  readonly behaviour: Behaviour;
  readonly random: Random;
  readonly wait: (delayMs: number) => Promise<void>;
  /** What it reports beside what every simulated device does. */
  readonly inventory?: Inventory;
}

type InstallAction = Extract<Instruction["action"], { kind: "install" }>;

type Step = "enrolling" | "waiting-for-acceptance" | "idle" | "updating";

/** One device of the simulated fleet: real key, real signatures, real messages, no disk. */
export class SimulatedDevice {
  readonly keyFingerprint: Sha256;
  readonly #deps: SimulatedDeviceDeps;
  readonly #privateKey: KeyObject;
  readonly #publicKey: Uint8Array;
  readonly #identity: string;
  readonly #instanceId = randomUUID();
  readonly #keys: readonly VerificationKey[];
  readonly #traits: ClientTraits;
  readonly #inventory: Inventory;
  #running: Running;
  #deviceId: DeviceId | undefined;
  #token = "";
  #generation = 0;
  #step: Step = "enrolling";
  #owed = { running: true, inventory: true };

  /** The same `seed` and `index` give the same key, so a restarted fleet is the same fleet. */
  constructor(deps: SimulatedDeviceDeps, seed: string, index: number, artifactName: string) {
    this.#deps = deps;
    this.#identity = `${seed}-${index}`;
    this.#privateKey = deviceKey(seed, index);
    this.#publicKey = createPublicKey(this.#privateKey).export({ format: "der", type: "spki" });
    this.keyFingerprint = Sha256.parse(createHash("sha256").update(this.#publicKey).digest("hex"));
    this.#keys = instructionKeysIn(deps.provisioning.root);
    this.#traits = {
      client: "moult-fleet/0.1.0",
      payloadTypes: ["app", "directory", "single-file", "rootfs-image"],
      pathPrefix: deps.provisioning.pathPrefix,
      canAbort: true,
      trust: "end-to-end",
    };
    this.#inventory = {
      "moult.simulated": "true",
      hostname: `sim-${String(index).padStart(6, "0")}`,
      site: `site-${index % 40}`,
      kernel: `6.1.${index % 9}`,
      ...deps.inventory,
    };
    this.#running = runningOf(artifactName);
  }

  get step(): Step {
    return this.#step;
  }

  get runningVersion(): string {
    return this.#running.artifactName;
  }

  /** Asks to join; what the server answered. */
  async enrol(): Promise<DeviceState> {
    const { provisioning } = this.#deps;
    const reply = EnrollReply.parse(
      await this.#signed(SIGNATURE_PURPOSE.enroll, "/device/v1/enroll", {
        publicKey: base64(this.#publicKey),
        tenantId: provisioning.tenantId,
        product: provisioning.product,
        hardwareType: provisioning.hardwareType,
        identity: { serial: this.#identity },
        traits: this.#traits,
        ...(provisioning.enrolmentToken === undefined
          ? {}
          : { token: provisioning.enrolmentToken }),
      }),
    );
    this.#deviceId = reply.deviceId;
    this.#step = reply.state === "accepted" ? "idle" : "waiting-for-acceptance";
    return reply.state;
  }

  /** The check-in that it would send now, and the token that goes with it, for tools that send it themselves. */
  checkInRequest(): { readonly token: string; readonly request: CheckInRequest } {
    const request = {
      nonce: base64(randomBytes(24)),
      generation: this.#generation,
      fresh: this.#generation === 0,
      instanceId: this.#instanceId,
      activity: { kind: "idle" as const },
      digests: {
        running: runningDigest(this.#running, nodeCrypto),
        inventory: inventoryDigest(this.#inventory, nodeCrypto),
      },
      ...(this.#owed.running ? { running: this.#running } : {}),
      ...(this.#owed.inventory ? { inventory: this.#inventory } : {}),
    };
    return { token: this.#token, request };
  }

  /** One check-in; the verified instruction, or undefined when the last one still holds. */
  async checkIn(): Promise<Instruction | undefined> {
    const { request } = this.checkInRequest();
    const reply = await this.#authorised("/device/v1/check-in", request);
    this.#owed = { running: false, inventory: false };
    if (reply.status === 204) return undefined;
    if (reply.status !== 200) throw new Error(`check-in answered ${reply.status}: ${reply.text()}`);
    return this.#accept(reply.body, request.nonce);
  }

  #accept(body: Uint8Array, nonce: string): Instruction {
    const { tenantId, pathPrefix } = this.#deps.provisioning;
    const deviceId = present(this.#deviceId, "a session names the device");
    const answer = verifyInstruction(
      body,
      { keys: this.#keys, tenantId, deviceId, nonce, generation: this.#generation, pathPrefix },
      nodeCrypto,
    );
    if (answer.kind === "refused") throw new Error(`instruction refused: ${answer.reason}`);
    const { ask, generation } = answer.instruction;
    this.#generation = generation;
    this.#owed = { running: ask.includes("running"), inventory: ask.includes("inventory") };
    return answer.instruction;
  }

  /** The session's token and the artifact it may fetch now, for tools that fetch it themselves. */
  async openOffer(): Promise<{ readonly token: string; readonly sha256: Sha256 } | undefined> {
    const instruction = await this.checkIn();
    if (instruction?.action.kind !== "install") return undefined;
    const [component] = instruction.action.components;
    return { token: this.#token, sha256: present(component, "a component").sha256 };
  }

  /** Goes through an update, as a real device would report it. */
  async update(action: InstallAction): Promise<void> {
    const { behaviour, link, random, wait } = this.#deps;
    this.#step = "updating";
    let sequence = 0;
    const next = () => (sequence += 1);
    const fails =
      action.artifactName === behaviour.failVersion ||
      random.fraction() * 100 < behaviour.failPercent;

    await this.#report(action, { kind: "downloading", sequence: next(), progressPercent: 0 });
    if (behaviour.downloads)
      for (const { sha256, sizeBytes } of action.components)
        await link.download(sha256, sizeBytes, this.#token);
    if (action.artifactName === behaviour.putOffVersion) {
      const holds = [{ code: "busy", detail: "The device is busy." }];
      await this.#report(action, { kind: "deferred", sequence: next(), before: "install", holds });
      await wait(behaviour.stepMs * PUT_OFF_STEPS);
    }
    for (const kind of ["installing", "activating", "proving"] as const) {
      await wait(behaviour.stepMs);
      await this.#report(action, { kind, sequence: next() });
    }
    await wait(behaviour.stepMs);
    const reason = { code: "health-check-failed", detail: "simulated failure" };
    if (fails) await this.#report(action, { kind: "rolling-back", sequence: next(), ...reason });
    else this.#running = runningOf(action.artifactName);
    await this.#report(action, {
      kind: "finished",
      sequence: next(),
      running: this.#running,
      ...(fails ? { outcome: "rolled-back", ...reason } : { outcome: "succeeded" }),
    });
    this.#owed = { running: true, inventory: false };
    this.#step = "idle";
  }

  async #report(action: InstallAction, event: AssignmentEvent): Promise<void> {
    const request: AssignmentEventsRequest = { attempt: action.attempt, events: [event] };
    const reply = await this.#authorised(
      `/device/v1/assignments/${action.assignmentId}/events`,
      request,
    );
    if (reply.status !== 204 && reply.status !== 409)
      throw new Error(`report answered ${reply.status}: ${reply.text()}`);
  }

  async #signed(purpose: string, path: string, content: object): Promise<unknown> {
    const { link } = this.#deps;
    const { challenge } = ChallengeReply.parse(
      (await link.post("/device/v1/challenge", {})).json(),
    );
    const body = Buffer.from(JSON.stringify({ ...content, challenge }));
    const signature = base64(sign(null, signedMessage(purpose, body), this.#privateKey));
    return (await link.post(path, body, { [SIGNATURE_HEADER]: signature })).json();
  }

  async #startSession(): Promise<void> {
    const reply = SessionReply.parse(
      await this.#signed(SIGNATURE_PURPOSE.session, "/device/v1/session", {
        tenantId: this.#deps.provisioning.tenantId,
        keyFingerprint: this.keyFingerprint,
        traits: this.#traits,
      }),
    );
    this.#token = reply.token;
    this.#deviceId = reply.deviceId;
  }

  async #authorised(path: string, body: object): Promise<LinkReply> {
    const { link } = this.#deps;
    if (this.#token === "") await this.#startSession();
    const first = await link.post(path, body, { authorization: `Bearer ${this.#token}` });
    if (first.status !== 401) return first;
    await this.#startSession();
    return link.post(path, body, { authorization: `Bearer ${this.#token}` });
  }
}

/** It goes by the root it was given and follows no chain: its software is simulated, and so is nothing to protect. */
function instructionKeysIn(root: string): readonly VerificationKey[] {
  const { keys, [INSTRUCTION_FIELD]: instruction } = RootMetadata.parse(
    MetadataFile.parse(JSON.parse(root)).signed,
  );
  return (instruction?.keyids ?? []).map((keyid) =>
    present(verificationKey(present(keys[keyid], "a root holds its keys")), "a usable key"),
  );
}

function runningOf(artifactName: string): Running {
  return { artifactName, provides: { artifact_name: artifactName } };
}

function deviceKey(seed: string, index: number): KeyObject {
  const raw = createHash("sha256").update(`moult-fleet ${seed} ${index}`).digest();
  return createPrivateKey({
    key: Buffer.concat([ED25519_PKCS8_PREFIX, raw]),
    format: "der",
    type: "pkcs8",
  });
}
