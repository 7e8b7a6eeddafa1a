import { utf8, type Log } from "@moult/base";
import {
  ChallengeReply,
  EnrollReply,
  SIGNATURE_HEADER,
  SIGNATURE_PURPOSE,
  SessionReply,
  type EnrollRequest,
  type Provisioning,
  type SessionRequest,
} from "@moult/device-protocol";
import type { DeviceIdentity, DeviceState } from "@moult/model";
import { parseJson } from "@moult/trust";
import type * as z from "zod";
import { AgentError } from "../agent-error.ts";
import type { DeviceKey } from "../identity/device-key.ts";
import type { HttpClient, HttpReply, HttpRequest, HttpStream } from "./http-client.ts";
import type { LinkState } from "./link-state.ts";
import { readProblem, type Problem } from "./read-problem.ts";

/** Where this device stands with its server, when it may not do what it asked to. */
export type TurnedAway =
  /** An operator has to do something first; `decommissioned` is for good. */
  | { readonly kind: "not-accepted"; readonly state: Exclude<DeviceState, "accepted"> }
  | { readonly kind: "problem"; readonly problem: Problem };

type Standing = { readonly kind: "accepted" } | TurnedAway;

type Unsent<Request extends HttpRequest> = Omit<Request, "headers"> & {
  readonly headers?: Readonly<Record<string, string>>;
};

/** Calls that need a session token: it is fetched (and the device enrolled) when it is missing, and renewed once on 401. */
export interface DeviceSession {
  /** Makes sure that there is a token, or says why there cannot be one. */
  join(signal: AbortSignal): Promise<Standing>;
  /** `replyBytesMax` for answers that may be longer than most. */
  request(request: Unsent<HttpRequest>, replyBytesMax?: number): Promise<HttpReply | TurnedAway>;
  stream(request: Unsent<HttpRequest>): Promise<HttpStream | HttpReply | TurnedAway>;
  /** Forgets the token: the next call proves the key anew. */
  drop(): void;
}

type Traits = EnrollRequest["traits"];

/** What this device never goes below again. */
interface DeviceFloors {
  /** 0 while it has no root that can be used. */
  readonly rootVersion: number;
  readonly securityCounter: number;
}

export interface DeviceSessionDeps {
  readonly http: HttpClient;
  readonly key: DeviceKey;
  readonly link: LinkState;
  readonly provisioning: Provisioning;
  readonly identity: () => Promise<DeviceIdentity>;
  readonly traits: () => Promise<Traits>;
  /** Told with the traits, so that the server offers nothing below them; a session ends when they have risen. */
  readonly floors: () => DeviceFloors;
  readonly log: Log;
}

/** Answers to these calls are short; an instruction's envelope, the longest, has at most 64 KiB. */
const REPLY_BYTES_MAX = 64 * 1024;

export function createDeviceSession(deps: DeviceSessionDeps): DeviceSession {
  const { http, link, log } = deps;
  let token: string | undefined;
  let told: DeviceFloors | undefined;
  let joining: Promise<unknown> = Promise.resolve();

  const join = (signal: AbortSignal): Promise<Standing> => {
    // One login at a time: callers that find the token refused together need one new token, not one each.
    const next = joining.then(
      () => joinNow(signal),
      () => joinNow(signal),
    );
    joining = next;
    return next;
  };

  const joinNow = async (signal: AbortSignal): Promise<Standing> => {
    const floors = deps.floors();
    if (token !== undefined && areSame(told, floors)) return { kind: "accepted" };
    if (link.read().device?.state !== "accepted") {
      const standing = await enroll(deps, floors, signal);
      if (standing.kind !== "accepted") return standing;
    }
    const opened = await openSession(deps, floors, signal);
    if (opened.kind !== "opened") return opened;
    token = opened.token;
    told = floors;
    log.info("session-opened", { deviceId: link.read().device?.id });
    return { kind: "accepted" };
  };

  /** Sends with a token; with a new one when the server refuses the first; then the answer is what it is. */
  const authorised = async <Reply extends HttpReply | HttpStream>(
    request: Unsent<HttpRequest>,
    send: (request: HttpRequest) => Promise<Reply>,
  ): Promise<Reply | TurnedAway> => {
    for (let renewals = 0; ; renewals += 1) {
      const standing = await join(request.signal);
      if (standing.kind !== "accepted") return standing;
      const used = token;
      const reply = await send({
        ...request,
        headers: { ...request.headers, authorization: `Bearer ${used ?? ""}` },
      });
      if (reply.kind === "stream" || reply.status < 400) return reply;
      if (reply.status === 401 && renewals === 0) {
        if (token === used) token = undefined;
        continue;
      }
      const changed = await standingAfter(deps, readProblem(reply));
      if (changed === undefined) return reply;
      token = undefined;
      return changed;
    }
  };

  return {
    join,
    request: (request, replyBytesMax = REPLY_BYTES_MAX) =>
      authorised(request, (ready) => http.request(ready, replyBytesMax)),
    stream: (request) => authorised(request, (ready) => http.stream(ready, REPLY_BYTES_MAX)),
    drop: () => {
      token = undefined;
    },
  };
}

const areSame = (told: DeviceFloors | undefined, now: DeviceFloors): boolean =>
  told?.rootVersion === now.rootVersion && told.securityCounter === now.securityCounter;

async function traitsOf(
  deps: DeviceSessionDeps,
  { rootVersion, securityCounter }: DeviceFloors,
): Promise<Traits> {
  const traits = await deps.traits();
  return { ...traits, ...(rootVersion === 0 ? {} : { rootVersion }), securityCounter };
}

async function enroll(
  deps: DeviceSessionDeps,
  floors: DeviceFloors,
  signal: AbortSignal,
): Promise<Standing> {
  const { key, link, provisioning, log } = deps;
  const [identity, traits] = await Promise.all([deps.identity(), traitsOf(deps, floors)]);
  const content = {
    publicKey: key.publicKey,
    tenantId: provisioning.tenantId,
    product: provisioning.product,
    hardwareType: provisioning.hardwareType,
    identity,
    traits,
    ...(provisioning.enrolmentToken === undefined ? {} : { token: provisioning.enrolmentToken }),
  } satisfies Omit<EnrollRequest, "challenge">;
  const path = "/device/v1/enroll";
  const answer = await signedCall(deps, path, SIGNATURE_PURPOSE.enroll, content, signal);
  if (answer.kind === "problem")
    return (
      (await standingAfter(deps, answer.problem)) ?? { kind: "problem", problem: answer.problem }
    );

  const { deviceId, tenantId, state } = parsed(path, answer.reply, EnrollReply);
  if (tenantId !== provisioning.tenantId)
    throw new AgentError("reply-invalid", { path, reason: "it is for another tenant" });
  const before = link.read().device;
  if (before?.id !== deviceId || before.state !== state) {
    await link.save({ device: { id: deviceId, state }, keyFingerprint: key.fingerprint });
    log.info("enrolled", { deviceId, state });
  }
  return state === "accepted" ? { kind: "accepted" } : { kind: "not-accepted", state };
}

async function openSession(
  deps: DeviceSessionDeps,
  floors: DeviceFloors,
  signal: AbortSignal,
): Promise<{ readonly kind: "opened"; readonly token: string } | TurnedAway> {
  const { key, link, provisioning } = deps;
  const content = {
    tenantId: provisioning.tenantId,
    keyFingerprint: key.fingerprint,
    traits: await traitsOf(deps, floors),
  } satisfies Omit<SessionRequest, "challenge">;
  const path = "/device/v1/session";
  const answer = await signedCall(deps, path, SIGNATURE_PURPOSE.session, content, signal);
  if (answer.kind === "problem")
    return (
      (await standingAfter(deps, answer.problem)) ?? { kind: "problem", problem: answer.problem }
    );

  const { deviceId, token } = parsed(path, answer.reply, SessionReply);
  const { device } = link.read();
  if (device?.id !== deviceId || device.state !== "accepted")
    await link.save({
      device: { id: deviceId, state: "accepted" },
      keyFingerprint: key.fingerprint,
    });
  return { kind: "opened", token };
}

type SignedAnswer =
  | { readonly kind: "reply"; readonly reply: HttpReply }
  | { readonly kind: "problem"; readonly problem: Problem };

/** Signs `content` with a challenge in it and sends it; once more when the challenge grew old on the way. */
async function signedCall(
  { http, key }: DeviceSessionDeps,
  path: string,
  purpose: string,
  content: object,
  signal: AbortSignal,
): Promise<SignedAnswer> {
  for (let tries = 1; ; tries += 1) {
    const asked = await http.request(jsonPost("/device/v1/challenge", {}, signal), REPLY_BYTES_MAX);
    if (asked.status !== 200) return { kind: "problem", problem: readProblem(asked) };
    const { challenge } = parsed("/device/v1/challenge", asked, ChallengeReply);

    const request = jsonPost(path, { ...content, challenge }, signal);
    const signature = key.sign(purpose, request.body);
    const reply = await http.request(
      { ...request, headers: { ...request.headers, [SIGNATURE_HEADER]: signature } },
      REPLY_BYTES_MAX,
    );
    if (reply.status === 200) return { kind: "reply", reply };
    const problem = readProblem(reply);
    if (problem.code !== "challenge-expired" || tries > 1) return { kind: "problem", problem };
  }
}

/** A POST with a JSON body. */
export function jsonPost(path: string, content: object, signal: AbortSignal) {
  const headers = { "content-type": "application/json" };
  return { method: "POST", path, body: utf8(JSON.stringify(content)), headers, signal } as const;
}

/** Remembers what an answer says about this device's place in the fleet; undefined when it says nothing about it. */
async function standingAfter(
  { link, log }: Pick<DeviceSessionDeps, "link" | "log">,
  problem: Problem,
): Promise<TurnedAway | undefined> {
  const state = stateIn(problem);
  if (state === undefined) return undefined;
  const { device } = link.read();
  if (state === "unknown") {
    if (device !== null) await link.save({ device: null });
    return { kind: "problem", problem };
  }
  if (device !== null && device.state !== state) {
    await link.save({ device: { ...device, state } });
    log.warn("turned-away", { deviceId: device.id, state });
  }
  return { kind: "not-accepted", state };
}

function stateIn({ code }: Problem): Exclude<DeviceState, "accepted"> | "unknown" | undefined {
  switch (code) {
    case "device-unknown":
      return "unknown";
    case "device-pending":
      return "pending";
    case "device-rejected":
      return "rejected";
    case "device-decommissioned":
      return "decommissioned";
    default:
      return undefined;
  }
}

function parsed<Schema extends z.ZodType>(
  path: string,
  reply: HttpReply,
  schema: Schema,
): z.infer<Schema> {
  const value = parseJson(reply.body, schema);
  if (value === undefined)
    throw new AgentError("reply-invalid", { path, reason: "it is not what the protocol says" });
  return value;
}
