import {
  createHash,
  createPublicKey,
  randomBytes,
  randomUUID,
  sign,
  verify,
  type KeyObject,
} from "node:crypto";
import * as http from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { assert, bytesFromBase64, present, utf8 } from "@moult/base";
import {
  AssignmentEventsRequest,
  CheckInRequest,
  EnrollRequest,
  Provisioning,
  SIGNATURE_HEADER,
  SIGNATURE_PURPOSE,
  SessionRequest,
  signedMessage,
  type AssignmentEvent,
} from "@moult/device-protocol";
import { DeviceId, type DeviceState } from "@moult/model";
import {
  INSTRUCTION_PAYLOAD_TYPE,
  encodeEnvelope,
  preAuthenticationEncoding,
  type Instruction,
  type TargetCustom,
} from "@moult/trust";
import { SignedRepository } from "./signed-repository.fixture.ts";

/** One request as it arrived, and how to answer it. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly response: http.ServerResponse;
}

/** Answers a request instead of the server; true when it did. */
export type Intercept = (exchange: Exchange) => boolean | Promise<boolean>;

export interface DeviceServerOptions {
  readonly tls?: { readonly cert: string; readonly key: string; readonly authority: string };
  /** What new devices become. */
  readonly admits?: DeviceState;
  /** Of another server: a device can be moved between the two. */
  readonly repository?: SignedRepository;
  /** Another server of the same tenant, which knows the same devices. */
  readonly identity?: Pick<DeviceServer, "tenantId" | "devices">;
}

export interface FleetDevice {
  readonly id: DeviceId;
  readonly key: KeyObject;
  state: DeviceState;
  generation: number;
}

export interface Offer {
  readonly assignmentId?: string;
  readonly attempt?: number;
  /** What is signed about it, where that is not what the artifact says. */
  readonly custom?: Partial<TargetCustom>;
  /** False: nobody signed for it, as for what is no blob here. */
  readonly isListed?: boolean;
}

export interface ReceivedReport {
  readonly assignmentId: string;
  readonly attempt: number;
  readonly event: AssignmentEvent;
}

/**
 * A server that speaks the device protocol with real keys and real signatures, over a real socket, and remembers what it
 * heard. Its fields say what it will do next; a test changes them as it goes.
 */
export class DeviceServer {
  readonly tenantId: string;
  readonly repository: SignedRepository;
  readonly devices: Map<string, FleetDevice>;
  readonly checkIns: CheckInRequest[] = [];
  readonly enrollments: EnrollRequest[] = [];
  readonly sessions: SessionRequest[] = [];
  readonly reports: ReceivedReport[] = [];
  readonly logs: { readonly path: string; readonly text: string }[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly ranges: (string | undefined)[] = [];
  readonly closedAssignments = new Set<string>();
  readonly requests: string[] = [];
  admits: DeviceState;
  action: Instruction["action"] = { kind: "nothing-to-do" };
  ask: Instruction["ask"] = [];
  checkInSeconds = 60;
  lifetimeMs = 3_600_000;
  /** Milliseconds by which this server's signed times are ahead. */
  clockAheadMs = 0;
  /** Changes an instruction before it is signed. */
  alter: (instruction: Instruction) => unknown = (instruction) => instruction;
  intercept: Intercept = () => false;
  #server: http.Server;
  #tokens = new Set<string>();
  #challenges = new Set<string>();
  #news = false;
  #scheme: string;
  #authority: string | undefined;
  #root = "";

  constructor(options: DeviceServerOptions = {}) {
    const { tls, admits = "accepted", repository = new SignedRepository(), identity } = options;
    this.tenantId = identity?.tenantId ?? randomUUID();
    this.devices = new Map(
      [...(identity?.devices ?? [])].map(([fingerprint, device]) => [fingerprint, { ...device }]),
    );
    this.admits = admits;
    this.repository = repository;
    this.#scheme = tls === undefined ? "http" : "https";
    this.#authority = tls?.authority;
    const serve = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      this.#serve(request, response).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : new Error(String(error)));
      });
    };
    this.#server = tls === undefined ? http.createServer(serve) : https.createServer(tls, serve);
  }

  async listen(port = 0): Promise<this> {
    this.#root = await this.repository.root();
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Shows another certificate from now on, to whoever connects anew. */
  takeCertificate(tls: { readonly cert: string; readonly key: string }): void {
    assert(this.#server instanceof https.Server, "only a server with TLS has one");
    this.#server.setSecureContext(tls);
    this.#server.closeAllConnections();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  provisioning(overrides: Partial<Record<keyof Provisioning, unknown>> = {}): Provisioning {
    return Provisioning.parse({
      version: 1,
      server: {
        url: `${this.#scheme}://127.0.0.1:${this.port}`,
        ...(this.#authority === undefined ? {} : { certificateAuthority: this.#authority }),
      },
      tenantId: this.tenantId,
      product: "gw2",
      hardwareType: "gw2-rev-a",
      pathPrefix: "gw2/prod/",
      root: this.#root,
      artifactKeys: [],
      ...overrides,
    });
  }

  get onlyDevice(): FleetDevice {
    return present([...this.devices.values()][0], "a device has enrolled");
  }

  /** Forgets all sessions, as a restart of a server without a shared store does. */
  expireSessions(): void {
    this.#tokens.clear();
  }

  addBlob(content: Buffer): { readonly sha256: string; readonly sizeBytes: number } {
    const sha256 = createHash("sha256").update(content).digest("hex");
    this.blobs.set(sha256, content);
    return { sha256, sizeBytes: content.length };
  }

  /** Offers a blob, listed among the signed targets, to whoever checks in next. */
  offer(
    { sha256, sizeBytes }: { readonly sha256: string; readonly sizeBytes: number },
    artifactName: string,
    {
      assignmentId = randomUUID() as string,
      attempt = 1,
      custom = {},
      isListed = this.blobs.has(sha256),
    }: Offer = {},
  ): string {
    const path = `gw2/prod/${artifactName}/${sha256}.mender`;
    if (isListed) this.repository.list(path, present(this.blobs.get(sha256), "a blob"), custom);
    this.instruct({
      kind: "install",
      assignmentId: assignmentId as never,
      deploymentId: randomUUID() as never,
      attempt,
      artifactName,
      components: [
        {
          name: "main",
          path,
          sizeBytes,
          sha256: sha256 as never,
        },
      ],
    });
    return assignmentId;
  }

  instruct(action: Instruction["action"]): void {
    this.action = action;
    this.#news = true;
  }

  /** The answer to one check-in, signed. */
  answerTo(device: FleetDevice, request: CheckInRequest): Uint8Array {
    device.generation = Math.max(device.generation, request.generation) + 1;
    const issuedAtMs = Date.now() + this.clockAheadMs;
    const instruction: Instruction = {
      type: "instruction",
      tenantId: this.tenantId as never,
      deviceId: device.id,
      nonce: request.nonce,
      generation: device.generation,
      issuedAtMs,
      expiresAtMs: issuedAtMs + this.lifetimeMs,
      action: this.action,
      ask: this.ask,
      checkInSeconds: this.checkInSeconds,
    };
    return this.envelope(this.alter(instruction));
  }

  envelope(content: unknown, key: KeyObject = this.repository.instruction.privateKey): Uint8Array {
    const payload = utf8(JSON.stringify(content));
    const signature = sign(null, preAuthenticationEncoding(INSTRUCTION_PAYLOAD_TYPE, payload), key);
    return utf8(encodeEnvelope(INSTRUCTION_PAYLOAD_TYPE, payload, [{ keyid: "", signature }]));
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const exchange: Exchange = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks),
      response,
    };
    this.requests.push(`${exchange.method} ${exchange.path}`);
    if (await this.intercept(exchange)) return;

    switch (`${exchange.method} ${exchange.path}`) {
      case "POST /device/v1/challenge":
        return this.#challenge(exchange);
      case "POST /device/v1/enroll":
        return this.#enroll(exchange);
      case "POST /device/v1/session":
        return this.#session(exchange);
    }
    const token = /^Bearer (.+)$/.exec(exchange.headers.authorization ?? "")?.[1] ?? "";
    if (!this.#tokens.has(token)) return problem(response, 401, "session-expired");
    return this.#authorised(
      exchange,
      present(this.devices.get(token.split(".")[0] ?? ""), "known"),
    );
  }

  #challenge({ response }: Exchange): void {
    const challenge = randomBytes(16).toString("hex");
    this.#challenges.add(challenge);
    json(response, { challenge, expiresInSeconds: 60 });
  }

  #enroll(exchange: Exchange): void {
    const body = EnrollRequest.parse(JSON.parse(exchange.body.toString("utf8")));
    const der = present(bytesFromBase64(body.publicKey), "base64");
    const fingerprint = createHash("sha256").update(der).digest("hex");
    const key = createPublicKey({ key: Buffer.from(der), format: "der", type: "spki" });
    if (!this.#isSigned(exchange, SIGNATURE_PURPOSE.enroll, key, body.challenge)) return;

    this.enrollments.push(body);
    let device = this.devices.get(fingerprint);
    if (device === undefined) {
      const id = DeviceId.parse(randomUUID());
      device = { id, key, state: this.admits, generation: 0 };
      this.devices.set(fingerprint, device);
    }
    json(exchange.response, { deviceId: device.id, tenantId: this.tenantId, state: device.state });
  }

  #session(exchange: Exchange): void {
    const body = SessionRequest.parse(JSON.parse(exchange.body.toString("utf8")));
    const device = this.devices.get(body.keyFingerprint);
    if (device === undefined) return problem(exchange.response, 404, "device-unknown");
    if (!this.#isSigned(exchange, SIGNATURE_PURPOSE.session, device.key, body.challenge)) return;
    if (device.state !== "accepted")
      return problem(exchange.response, 403, `device-${device.state}`);
    const token = `${body.keyFingerprint}.${randomUUID()}`;
    this.#tokens.add(token);
    this.sessions.push(body);
    json(exchange.response, { deviceId: device.id, token, expiresInSeconds: 3_600 });
  }

  #isSigned(exchange: Exchange, purpose: string, key: KeyObject, challenge: string): boolean {
    const signature = Buffer.from(String(exchange.headers[SIGNATURE_HEADER]), "base64");
    if (!this.#challenges.delete(challenge)) {
      problem(exchange.response, 401, "challenge-expired");
      return false;
    }
    if (verify(null, signedMessage(purpose, exchange.body), key, signature)) return true;
    problem(exchange.response, 401, "signature-invalid");
    return false;
  }

  async #authorised(exchange: Exchange, device: FleetDevice): Promise<void> {
    const { response } = exchange;
    if (device.state !== "accepted") return problem(response, 403, `device-${device.state}`);
    if (exchange.path === "/device/v1/check-in") return this.#checkIn(exchange, device);

    const [, of, id = "", rest = ""] =
      /^\/device\/v1\/(\w+)\/([^/]+)\/?(.*)$/.exec(exchange.path) ?? [];
    if (of === "blobs") return this.#blob(exchange, id);
    if (of === "trust") return this.#trust(exchange, id);
    if (this.closedAssignments.has(id)) return problem(response, 409, "assignment-closed");
    if (rest === "events") {
      const body = AssignmentEventsRequest.parse(JSON.parse(exchange.body.toString("utf8")));
      for (const event of body.events)
        this.reports.push({ assignmentId: id, attempt: body.attempt, event });
    } else this.logs.push({ path: exchange.path, text: exchange.body.toString("utf8") });
    response.writeHead(204).end();
  }

  #checkIn({ body, response }: Exchange, device: FleetDevice): void {
    const request = CheckInRequest.parse(JSON.parse(body.toString("utf8")));
    this.checkIns.push(request);
    if (!request.fresh && !this.#news && request.generation === device.generation) {
      response.writeHead(204).end();
      return;
    }
    this.#news = false;
    response.writeHead(200, { "content-type": "application/vnd.dsse.v1+json" });
    response.end(this.answerTo(device, request));
  }

  async #trust({ response }: Exchange, file: string): Promise<void> {
    const bytes = await this.repository.file(decodeURIComponent(file));
    if (bytes === undefined) return problem(response, 404, "not-found");
    response.writeHead(200, { "content-type": "application/json" }).end(bytes);
  }

  #blob({ headers, response }: Exchange, sha256: string): void {
    this.ranges.push(headers.range);
    const blob = this.blobs.get(sha256);
    if (blob === undefined) return problem(response, 403, "blob-not-offered");
    const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0);
    if (start >= blob.length) return problem(response, 416, "range-not-satisfiable");
    const rest = blob.subarray(start);
    const range = { "content-range": `bytes ${start}-${blob.length - 1}/${blob.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": rest.length,
      ...(start > 0 ? range : {}),
    });
    response.end(rest);
  }
}

function json(response: http.ServerResponse, content: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(content));
}

export function problem(response: http.ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title: code, status, code, requestId: "1" }));
}
