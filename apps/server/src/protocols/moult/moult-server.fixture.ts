import {
  createHash,
  generateKeyPairSync,
  randomBytes,
  randomUUID,
  sign,
  type KeyObject,
} from "node:crypto";
import { base64, utf8 } from "@moult/base";
import {
  ChallengeReply,
  EnrollReply,
  SIGNATURE_HEADER,
  SIGNATURE_PURPOSE,
  SessionReply,
  contextDigest,
  inventoryDigest,
  runningDigest,
  signedMessage,
  type AssignmentEvent,
  type CheckInRequest,
} from "@moult/device-protocol";
import {
  DeviceId,
  Sha256,
  type ClientTraits,
  type DeviceState,
  type EnrolmentTokenId,
  type Inventory,
  type ReportedContext,
  type Running,
} from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import {
  INSTRUCTION_PAYLOAD_TYPE,
  encodeEnvelope,
  preAuthenticationEncoding,
  verifyInstruction,
  type Instruction,
  type VerifiedInstruction,
} from "@moult/trust";
import type { FastifyInstance, LightMyRequestResponse } from "fastify";
import { createDeviceSessions } from "../../device-session/index.ts";
import { HARDWARE, PRODUCT } from "../../deployments/fleet.fixture.ts";
import { ApiError } from "../../platform/api-error.ts";
import { createHttpServer } from "../../platform/http/http-server.ts";
import { newId } from "../../platform/new-id.ts";
import { memoryBlobs } from "../../platform/memory-blobs.fixture.ts";
import { movingClock, type MovingClock } from "../../platform/moving-clock.fixture.ts";
import type { TenantDb } from "../../platform/tenant-db.ts";
import { TEST_NOW, silentLog, type TestDatabase } from "../../platform/test-database.fixture.ts";
import { SignerRefusal } from "../../platform/signer-client.ts";
import { moultRoutes } from "./moult-routes.ts";

const sha256Of = (bytes: Uint8Array | string): Sha256 =>
  Sha256.parse(createHash("sha256").update(bytes).digest("hex"));

/** The protocol over a real database, a signer that can be switched off, and a clock that stands until it is moved. */
export interface MoultServer {
  readonly app: FastifyInstance;
  readonly instructionKey: KeyObject;
  readonly clock: MovingClock;
  /** `refusal`: why it signs no install. */
  readonly signer: { isUp: boolean; refusal?: string };
  /** What the blob store holds, by digest. */
  readonly blobs: Map<string, Uint8Array>;
  close(): Promise<void>;
}

export async function startMoultServer(store: TestDatabase): Promise<MoultServer> {
  const clock = movingClock();
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const signer: MoultServer["signer"] = { isUp: true };
  const blobs = new Map<string, Uint8Array>();
  const sessions = createDeviceSessions({
    database: store.database,
    blobs: memoryBlobs(blobs),
    lastSeen: { note: () => undefined },
    limits: { pendingDevicesMax: 100, pendingKeysPerDeviceMax: 3 },
    clock,
  });
  const app = createHttpServer({ tls: null, trustedProxies: [], log: silentLog });
  await app.register(
    (scope, _options, done) => {
      moultRoutes(scope, {
        sessions,
        signer: {
          sign: async (instruction) => {
            if (!signer.isUp) throw new ApiError("signer-unavailable", "it is down");
            if (signer.refusal !== undefined && instruction.action.kind === "install")
              throw new SignerRefusal(signer.refusal);
            return signed(instruction, privateKey);
          },
        },
        secret: Buffer.alloc(32, 7),
        clock,
        checkInSeconds: 60,
        instructionLifetimeSeconds: 6 * 3_600,
      });
      done();
    },
    { prefix: "/device/v1" },
  );
  await app.ready();
  return { app, instructionKey: publicKey, clock, signer, blobs, close: () => app.close() };
}

function signed(instruction: Instruction, key: KeyObject): Uint8Array {
  const payload = utf8(JSON.stringify(instruction));
  const signature = sign(null, preAuthenticationEncoding(INSTRUCTION_PAYLOAD_TYPE, payload), key);
  return utf8(encodeEnvelope(INSTRUCTION_PAYLOAD_TYPE, payload, [{ keyid: "", signature }]));
}

/** An enrolment token that accepts devices at once; answers its secret. */
export async function addToken(db: TenantDb): Promise<string> {
  const secret = `met1.${randomBytes(16).toString("base64url")}`;
  await db.transaction(async (inner) => {
    await inner.kysely
      .insertInto("enrolment_token")
      .values({
        id: newId<EnrolmentTokenId>(),
        tenant_id: db.tenantId,
        product: PRODUCT,
        label: "",
        secret_sha256: sha256Of(secret),
        accepts: 1,
        uses_max: 1_000,
        uses: 0,
        expires_at: TEST_NOW + 365 * 86_400_000,
        created_at: TEST_NOW,
      })
      .execute();
  });
  return secret;
}

const TRAITS: ClientTraits = {
  client: "moult-agent/0.1.0",
  payloadTypes: ["rootfs-image"],
  pathPrefix: "gw2/prod/",
  canAbort: true,
  trust: "end-to-end",
};

/** A device of the tenant: a real key, real signatures, real messages. */
export class TestDevice {
  readonly #server: MoultServer;
  readonly #db: TenantDb;
  readonly #keys = generateKeyPairSync("ed25519");
  readonly serial = randomUUID();
  instanceId = randomUUID();
  generation = 0;
  token = "";
  running: Running = { artifactName: "1.0", provides: {} };
  inventory: Inventory = { kernel: "6.12" };
  /** Undefined: it says nothing of its circumstances. */
  context: ReportedContext | undefined;
  #deviceId: DeviceId | undefined;

  constructor(server: MoultServer, db: TenantDb) {
    this.#server = server;
    this.#db = db;
  }

  get publicKey(): Buffer {
    return this.#keys.publicKey.export({ format: "der", type: "spki" });
  }

  get id(): DeviceId {
    return DeviceId.parse(this.#deviceId);
  }

  signature(purpose: string, body: Uint8Array): string {
    return base64(sign(null, signedMessage(purpose, body), this.#keys.privateKey));
  }

  post(
    path: string,
    body: object | Uint8Array,
    headers: Record<string, string> = {},
  ): Promise<LightMyRequestResponse> {
    return this.#server.app.inject({
      method: "POST",
      url: `/device/v1${path}`,
      headers: { "content-type": "application/json", ...headers },
      payload: Buffer.from(body instanceof Uint8Array ? body : utf8(JSON.stringify(body))),
    });
  }

  async challenge(): Promise<string> {
    const reply = await this.post("/challenge", {});
    return ChallengeReply.parse(reply.json()).challenge;
  }

  enrollMessage(challenge: string, token?: string): object {
    return {
      challenge,
      publicKey: base64(this.publicKey),
      tenantId: this.#db.tenantId,
      product: PRODUCT,
      hardwareType: HARDWARE,
      identity: { serial: this.serial },
      traits: TRAITS,
      ...(token === undefined ? {} : { token }),
    };
  }

  signedPost(
    path: string,
    purpose: keyof typeof SIGNATURE_PURPOSE,
    message: object,
  ): Promise<LightMyRequestResponse> {
    const body = utf8(JSON.stringify(message));
    const signature = this.signature(SIGNATURE_PURPOSE[purpose], body);
    return this.post(path, body, { [SIGNATURE_HEADER]: signature });
  }

  async enroll(token?: string): Promise<DeviceState> {
    const message = this.enrollMessage(await this.challenge(), token);
    const reply = await this.signedPost("/enroll", "enroll", message);
    const { deviceId, state } = EnrollReply.parse(reply.json());
    this.#deviceId = deviceId;
    return state;
  }

  sessionMessage(challenge: string): object {
    const keyFingerprint = sha256Of(this.publicKey);
    return { challenge, tenantId: this.#db.tenantId, keyFingerprint, traits: TRAITS };
  }

  async openSession(): Promise<LightMyRequestResponse> {
    const message = this.sessionMessage(await this.challenge());
    const reply = await this.signedPost("/session", "session", message);
    if (reply.statusCode === 200) this.token = SessionReply.parse(reply.json()).token;
    return reply;
  }

  /** Enrols and opens a session. */
  async join(token: string): Promise<this> {
    await this.enroll(token);
    await this.openSession();
    return this;
  }

  get authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.token}` };
  }

  checkInMessage(changes: Partial<CheckInRequest> = {}): CheckInRequest {
    return {
      nonce: base64(randomBytes(24)),
      generation: this.generation,
      fresh: false,
      instanceId: this.instanceId,
      activity: { kind: "idle" },
      digests: {
        running: runningDigest(this.running, nodeCrypto),
        inventory: inventoryDigest(this.inventory, nodeCrypto),
        ...(this.context === undefined ? {} : { context: contextDigest(this.context, nodeCrypto) }),
      },
      ...changes,
    };
  }

  /** What the device says when it reports everything. */
  get everything(): Partial<CheckInRequest> {
    return { running: this.running, inventory: this.inventory };
  }

  /** One check-in; what the server answered, verified as a device does. */
  async checkIn(
    changes: Partial<CheckInRequest> = this.everything,
  ): Promise<Instruction | "holds" | number> {
    const message = this.checkInMessage(changes);
    const reply = await this.post("/check-in", message, this.authorization);
    if (reply.statusCode === 204) return "holds";
    if (reply.statusCode !== 200) return reply.statusCode;
    const verified = this.verify(reply.rawPayload, message.nonce);
    if (verified.kind === "refused") throw new Error(`refused: ${verified.reason}`);
    this.generation = verified.instruction.generation;
    return verified.instruction;
  }

  verify(envelope: Uint8Array, nonce: string): VerifiedInstruction {
    const publicKey = this.#server.instructionKey.export({ format: "der", type: "spki" });
    return verifyInstruction(
      envelope,
      {
        keys: [{ scheme: "ed25519", publicKey }],
        tenantId: this.#db.tenantId,
        deviceId: this.id,
        nonce,
        generation: this.generation,
        pathPrefix: TRAITS.pathPrefix,
      },
      nodeCrypto,
    );
  }

  /** A check-in that must have been answered by an offer. */
  async offered(): Promise<Extract<Instruction["action"], { kind: "install" }>> {
    const answer = await this.checkIn();
    if (typeof answer !== "object" || answer.action.kind !== "install")
      throw new Error(`no offer: ${JSON.stringify(answer)}`);
    return answer.action;
  }

  report(
    assignmentId: string,
    attempt: number,
    events: readonly AssignmentEvent[],
  ): Promise<LightMyRequestResponse> {
    const message = { attempt, events };
    return this.post(`/assignments/${assignmentId}/events`, message, this.authorization);
  }

  blob(sha256: string, headers: Record<string, string> = {}): Promise<LightMyRequestResponse> {
    return this.#server.app.inject({
      method: "GET",
      url: `/device/v1/blobs/${sha256}`,
      headers: { ...this.authorization, ...headers },
    });
  }

  putLog(
    assignmentId: string,
    attempt: number,
    content: Uint8Array,
  ): Promise<LightMyRequestResponse> {
    return this.#server.app.inject({
      method: "PUT",
      url: `/device/v1/assignments/${assignmentId}/attempts/${attempt}/log`,
      headers: { "content-type": "text/plain", ...this.authorization },
      payload: Buffer.from(content),
    });
  }
}
