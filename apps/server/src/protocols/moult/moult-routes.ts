import type { Clock } from "@moult/base";
import {
  AssignmentEventsRequest,
  EnrollRequest,
  LOG_BYTES_MAX,
  SIGNATURE_PURPOSE,
  SessionRequest,
  type ChallengeReply,
  type EnrollReply,
  type SessionReply,
} from "@moult/device-protocol";
import { AssignmentId, Sha256 } from "@moult/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import * as z from "zod";
import {
  createSessionTokens,
  type DevicePrincipal,
  type DeviceSessions,
  type SessionTokens,
} from "../../device-session/index.ts";
import { ApiError } from "../../platform/api-error.ts";
import { sendStream } from "../../platform/http/stream-reply.ts";
import type { Signer } from "../../platform/signer-client.ts";
import { createAddressRate } from "../../platform/http/address-rate.ts";
import { answerCheckIn } from "./answer-check-in.ts";
import { CHALLENGE_SECONDS, createChallenges } from "./challenge.ts";
import { demandSignature, rawBody, readMessage } from "./read-message.ts";

export interface MoultProtocolDeps {
  readonly sessions: DeviceSessions;
  readonly signer: Pick<Signer, "sign">;
  /** Seals challenges and session tokens; every server of an installation has the same. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
  /** When a device that has nothing to do asks again. */
  readonly checkInSeconds: number;
  /** How long an instruction may be acted on; at most a day. */
  readonly instructionLifetimeSeconds: number;
}

const KIB = 1024;
const SESSION_SECONDS = 3_600;
/** The longest of each message that an honest device sends, with room to spare. */
const JOIN_BYTES_MAX = 16 * KIB;
const CHECK_IN_BYTES_MAX = 256 * KIB;
const EVENTS_BYTES_MAX = 512 * KIB;

/** Moult's own device protocol, version 1 (docs/protocol/device-v1.md); register it with the prefix `/device/v1`. */
export function moultRoutes(app: FastifyInstance, deps: MoultProtocolDeps): void {
  const tokens = createSessionTokens(deps.secret, deps.clock, {
    purpose: "mds1",
    seconds: SESSION_SECONDS,
  });
  const principalOf = (request: FastifyRequest): DevicePrincipal => {
    const { authorization } = request.headers;
    const token = authorization?.startsWith("Bearer ") === true ? authorization.slice(7) : "";
    const principal = tokens.read(token);
    if (principal === undefined)
      throw new ApiError("session-expired", "Send the token of a session that has not expired.");
    return principal;
  };

  // Signatures cover the bytes that arrived, so bodies stay bytes until then.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.post("/check-in", { bodyLimit: CHECK_IN_BYTES_MAX }, (request, reply) => {
    const answer = answerCheckIn(principalOf(request), request.body, deps);
    if (answer === undefined) return reply.code(204).send();
    return answer.then((envelope) =>
      envelope === undefined
        ? reply.code(204).send()
        : reply.type("application/vnd.dsse+json").send(Buffer.from(envelope)),
    );
  });
  joinRoutes(app, deps, tokens);
  assignmentRoutes(app, deps.sessions, principalOf);
  trustRoutes(app, deps.sessions, principalOf);
}

/** The calls that need no session yet: each proves the device's key by a signature over a challenge. */
function joinRoutes(
  app: FastifyInstance,
  { sessions, secret, clock }: MoultProtocolDeps,
  tokens: SessionTokens,
): void {
  const challenges = createChallenges(secret, clock);
  const rate = createAddressRate(clock);
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const waitSeconds = rate.take(request.ip);
    if (waitSeconds > 0) {
      reply.header("retry-after", waitSeconds);
      throw new ApiError("too-many-requests", `Try again in ${waitSeconds} s.`);
    }
    done();
  };
  const demandCurrent = (challenge: string): void => {
    if (!challenges.isCurrent(challenge))
      throw new ApiError("challenge-expired", "Ask for a new challenge and sign again.");
  };

  app.post("/challenge", { onRequest, bodyLimit: KIB }, (_request, reply) => {
    const challenge = challenges.issue();
    return reply.send({
      challenge,
      expiresInSeconds: CHALLENGE_SECONDS,
    } satisfies ChallengeReply);
  });

  const options = { onRequest, bodyLimit: JOIN_BYTES_MAX };
  app.post("/enroll", options, async (request): Promise<EnrollReply> => {
    const { challenge, tenantId, ...message } = readMessage(request.body, EnrollRequest);
    const publicKey = Buffer.from(message.publicKey, "base64");
    demandSignature(request, SIGNATURE_PURPOSE.enroll, publicKey);
    demandCurrent(challenge);
    const { deviceId, state } = await sessions.enrol(tenantId, { ...message, publicKey });
    return { deviceId, tenantId, state };
  });

  app.post("/session", options, async (request): Promise<SessionReply> => {
    const message = readMessage(request.body, SessionRequest);
    const claimed = await sessions.claimKey(message.tenantId, message.keyFingerprint);
    demandSignature(request, SIGNATURE_PURPOSE.session, claimed.publicKey);
    demandCurrent(message.challenge);
    const principal = await sessions.begin(claimed, message.traits);
    return {
      deviceId: principal.deviceId,
      token: tokens.issue(principal, message.keyFingerprint),
      expiresInSeconds: SESSION_SECONDS,
    };
  });
}

const AssignmentParams = z.object({ assignmentId: AssignmentId });
const AttemptParams = AssignmentParams.extend({ attempt: z.coerce.number().int().min(1) });
const TrustFileParams = z.object({ file: z.string().max(200) });
const BlobParams = z.object({ sha256: Sha256 });

function assignmentRoutes(
  app: FastifyInstance,
  sessions: DeviceSessions,
  principalOf: (request: FastifyRequest) => DevicePrincipal,
): void {
  app.post(
    "/assignments/:assignmentId/events",
    { bodyLimit: EVENTS_BYTES_MAX },
    async (request, reply) => {
      const principal = principalOf(request);
      const { assignmentId } = readParams(request, AssignmentParams);
      const { attempt, events } = readMessage(request.body, AssignmentEventsRequest);
      await sessions.report(principal, assignmentId, attempt, events);
      return reply.code(204).send();
    },
  );

  app.put(
    "/assignments/:assignmentId/attempts/:attempt/log",
    { bodyLimit: LOG_BYTES_MAX },
    async (request, reply) => {
      const principal = principalOf(request);
      const { assignmentId, attempt } = readParams(request, AttemptParams);
      // Logs of a device that is in trouble are kept as far as they are readable.
      const text = rawBody(request.body).toString("utf8");
      await sessions.log(principal, assignmentId, attempt, text);
      return reply.code(204).send();
    },
  );

  app.route({
    method: ["GET", "HEAD"],
    url: "/blobs/:sha256",
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { sha256 } = readParams(request, BlobParams);
      const content = await sessions.blob(principal, sha256);
      // The content of a digest never changes; but it is this device's alone, so no shared cache may keep it.
      reply.header("cache-control", "private, max-age=31536000, immutable");
      return sendStream(request, reply, content);
    },
  });
}

/** Signed metadata; not secret, and yet a tenant's own: whoever asks has a session. */
function trustRoutes(
  app: FastifyInstance,
  sessions: DeviceSessions,
  principalOf: (request: FastifyRequest) => DevicePrincipal,
): void {
  app.route({
    method: ["GET", "HEAD"],
    url: "/trust/:file",
    handler: async (request, reply) => {
      const principal = principalOf(request);
      const { file } = readParams(request, TrustFileParams);
      const content = await sessions.trustFile(principal, file);
      // All but the timestamp have their version in their name, and a version never changes.
      reply.header(
        "cache-control",
        file === "timestamp.json" ? "no-store" : "private, max-age=31536000, immutable",
      );
      return sendStream(request, reply, content);
    },
  });
}

/** An address that no offer of the server could have named does not exist. */
function readParams<Schema extends z.ZodType>(
  { params }: FastifyRequest,
  schema: Schema,
): z.infer<Schema> {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw new ApiError("not-found", "There is nothing at this address.");
  return parsed.data;
}
