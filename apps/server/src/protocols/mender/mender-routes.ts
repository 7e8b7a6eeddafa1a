import { isoText, later, SECOND_MS, type Clock } from "@moult/base";
import type { AssignmentId, ClientTraits, Sha256, TenantId } from "@moult/model";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { hash } from "node:crypto";
import {
  createSessionTokens,
  type DevicePrincipal,
  type DeviceSessions,
  type ForeignSessions,
  type SessionTokens,
} from "../../device-session/index.ts";
import { ApiError } from "../../platform/api-error.ts";
import { createAddressRate } from "../../platform/http/address-rate.ts";
import { baseUrl } from "../../platform/http/base-url.ts";
import { sendStream } from "../../platform/http/stream-reply.ts";
import { answerError } from "./mender-error.ts";
import { offerFor } from "./offer-update.ts";
import { isSigned, readAuthRequest } from "./read-auth-request.ts";
import { bytesOf, readBody } from "./read-body.ts";
import { readConfiguration } from "./read-configuration.ts";
import { readInventory } from "./read-inventory.ts";
import { readLog } from "./read-log.ts";
import {
  readFirstForm,
  readQueryForm,
  readSecondForm,
  takesMaps,
  WITHOUT_MAPS,
  type UpdateRequest,
} from "./read-update-request.ts";
import { DeviceStatus, isLast, meaningOf, stillPaused } from "./status-table.ts";
import { hasStepTerms, updateControlMap } from "./update-control.ts";
import { readUpdateId, updateId } from "./update-id.ts";
import * as z from "zod";

export interface MenderProtocolDeps {
  readonly sessions: Pick<DeviceSessions, "log" | "blob"> & ForeignSessions;
  /** Whose devices come in by this door: Mender's clients name a token, not a tenant. */
  readonly tenantId: TenantId;
  /** Where a client reached the server that did not say so. */
  readonly publicUrl: () => string;
  /** Seals tokens and links; every server of an installation has the same. */
  readonly secret: Uint8Array;
  readonly clock: Clock;
}

const KIB = 1024;
const AUTH_BYTES_MAX = 32 * KIB;
const NEXT_BYTES_MAX = 256 * KIB;
const STATUS_BYTES_MAX = 64 * KIB;
const REPORT_BYTES_MAX = 1024 * KIB;

/** Clients get a new one when this one is refused, and before each commit. */
const TOKEN_SECONDS = 86_400;
/** A download that takes longer asks for the update again, and gets a new link. */
const LINK_SECONDS = 86_400;

interface Tokens {
  readonly devices: SessionTokens;
  /** Downloads carry no token of the device, so the link is one: of this device, for these bytes. */
  readonly links: SessionTokens;
}

/** Mender's device API, of both generations (docs/guide/mender-clients.md); register it with the prefix `/api/devices`. */
export function menderRoutes(app: FastifyInstance, deps: MenderProtocolDeps): void {
  const { secret, clock } = deps;
  const tokens: Tokens = {
    devices: createSessionTokens(secret, clock, { purpose: "mmd1", seconds: TOKEN_SECONDS }),
    links: createSessionTokens(secret, clock, { purpose: "mml1", seconds: LINK_SECONDS }),
  };
  // Signatures cover the bytes that arrived, so bodies stay bytes until then.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
  app.setErrorHandler(answerError);
  app.addHook("onRequest", (request, reply, done) => {
    reply.header("x-men-requestid", request.id);
    done();
  });
  authRoute(app, deps, tokens.devices);
  updateRoutes(app, deps, tokens);
  reportRoutes(app, deps, tokens.devices);
  configurationRoutes(app, deps, tokens.devices);
}

const AGENT = /^Mender\/[A-Za-z0-9._+-]{1,64}$/;

/**
 * What is known of a client of Mender's. It decides by itself which payloads it has modules for and whether an artifact's
 * signature is one that it knows; it says neither, so no more is counted on than that it does what this server says.
 */
function traitsOf({ headers }: FastifyRequest): ClientTraits {
  const agent = headers["user-agent"] ?? "";
  return {
    client: AGENT.test(agent) ? agent : "mender-client",
    payloadTypes: null,
    pathPrefix: "",
    canAbort: true,
    trust: "server-trusted",
    // Until it asks and says more.
    cannotKeep: [...WITHOUT_MAPS],
  };
}

function authRoute(
  app: FastifyInstance,
  { sessions, tenantId, clock }: MenderProtocolDeps,
  tokens: SessionTokens,
): void {
  const rate = createAddressRate(clock);
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const waitSeconds = rate.take(request.ip);
    if (waitSeconds > 0) {
      reply.header("retry-after", waitSeconds);
      throw new ApiError("too-many-requests", `Try again in ${waitSeconds} s.`);
    }
    done();
  };
  const options = { onRequest, bodyLimit: AUTH_BYTES_MAX };
  app.post("/v1/authentication/auth_requests", options, async (request, reply) => {
    const { identity, key, publicKey, token } = readAuthRequest(request.body);
    const signature = request.headers["x-men-signature"];
    if (typeof signature !== "string")
      throw new ApiError("invalid-request", "missing request signature header");
    if (!isSigned(key, bytesOf(request.body), signature))
      throw new ApiError("signature-invalid", "signature verification failed");
    const traits = traitsOf(request);
    const principal = await sessions.join(tenantId, { publicKey, identity, traits, token });
    const fingerprint = hash("sha256", publicKey) as Sha256;
    return reply.type("application/jwt").send(tokens.issue(principal, fingerprint));
  });
}

function principalOf({ headers }: FastifyRequest, tokens: SessionTokens): DevicePrincipal {
  const { authorization } = headers;
  const token = authorization?.startsWith("Bearer ") === true ? authorization.slice(7) : "";
  const principal = tokens.read(token);
  if (principal === undefined)
    throw new ApiError("session-expired", "Send the token of an accepted device.");
  return principal;
}

const LinkParams = z.object({ link: z.string() });

function updateRoutes(
  app: FastifyInstance,
  { sessions, publicUrl, clock }: MenderProtocolDeps,
  { devices, links }: Tokens,
): void {
  const answerNext = async (
    request: FastifyRequest,
    reply: FastifyReply,
    read: () => UpdateRequest,
  ): Promise<FastifyReply> => {
    const principal = principalOf(request, devices);
    const asked = read();
    const offer = await offerFor(principal, asked, sessions);
    if (offer === undefined) return reply.code(204).send();
    const { assignmentId, attempt, version, artifactId, sha256, hardwareTypes, terms } = offer;
    const id = updateId(assignmentId, attempt);
    const map =
      takesMaps(asked) && hasStepTerms(terms)
        ? { update_control_map: updateControlMap(id, terms, clock.now()) }
        : {};
    const link = links.issue(principal, sha256);
    const origin = baseUrl(request, publicUrl());
    return reply.send({
      id,
      ...map,
      artifact: {
        id: artifactId,
        artifact_name: version,
        source: {
          uri: `${origin}/api/devices/v1/deployments/artifacts/${link}`,
          expire: isoText(later(clock.now(), LINK_SECONDS * SECOND_MS)),
        },
        device_types_compatible: hardwareTypes,
      },
    });
  };
  const path = "/deployments/device/deployments/next";
  const options = { bodyLimit: NEXT_BYTES_MAX };
  app.post(`/v2${path}`, options, (request, reply) =>
    answerNext(request, reply, () => readSecondForm(request.body)),
  );
  app.post(`/v1${path}`, options, (request, reply) =>
    answerNext(request, reply, () => readFirstForm(request.body)),
  );
  app.get(`/v1${path}`, (request, reply) =>
    answerNext(request, reply, () => readQueryForm(request.query)),
  );

  app.route({
    method: ["GET", "HEAD"],
    url: "/v1/deployments/artifacts/:link",
    handler: async (request, reply) => {
      const { link } = LinkParams.parse(request.params);
      const opened = links.open(link);
      if (opened === undefined)
        throw new ApiError("not-found", "This link is none of this server's, or its time is over.");
      const content = await sessions.blob(opened.principal, opened.digest);
      reply.header("cache-control", "private, max-age=31536000, immutable");
      return sendStream(request, reply, content);
    },
  });
}

const UpdateParams = z.object({ id: z.string() });

/** The try that a request is about. Throws `not-found`. */
async function updateOf(
  { params }: FastifyRequest,
  principal: DevicePrincipal,
  sessions: Pick<ForeignSessions, "updateBeginning">,
): Promise<{ readonly id: string; readonly assignmentId: AssignmentId; readonly attempt: number }> {
  const { id } = UpdateParams.parse(params);
  const read = readUpdateId(id);
  const assignmentId = read && (await sessions.updateBeginning(principal, read.idStart));
  if (read === undefined || assignmentId === undefined) throw noUpdate();
  return { id, assignmentId, attempt: read.attempt };
}

const noUpdate = (): ApiError => new ApiError("not-found", "This device has no such deployment.");

const StatusMessage = z.object({
  status: DeviceStatus,
  substate: z.string().max(STATUS_BYTES_MAX).optional(),
});

function reportRoutes(
  app: FastifyInstance,
  { sessions, clock }: MenderProtocolDeps,
  tokens: SessionTokens,
): void {
  const path = "/v1/deployments/device/deployments/:id";
  app.get(`/v2${path.slice(3)}/update_control_map`, async (request, reply) => {
    const principal = principalOf(request, tokens);
    const { id, assignmentId, attempt } = await updateOf(request, principal, sessions);
    const terms = await sessions.terms(principal, assignmentId, attempt, (update) =>
      stillPaused(update, clock.now()),
    );
    // To its client this is the word that the update was aborted.
    if (terms === undefined) throw noUpdate();
    return reply.send({ update_control_map: updateControlMap(id, terms, clock.now()) });
  });

  app.put(`${path}/status`, { bodyLimit: STATUS_BYTES_MAX }, async (request, reply) => {
    const principal = principalOf(request, tokens);
    const { assignmentId, attempt } = await updateOf(request, principal, sessions);
    const { status, substate } = readBody(request.body, StatusMessage);
    const told = await sessions.tell(principal, assignmentId, attempt, (update) =>
      meaningOf(status, update, substate?.slice(0, DETAIL_CHARACTERS_MAX), clock.now()),
    );
    if (told === "not-found") throw noUpdate();
    // Whoever has finished has nothing left to give up.
    if (told === "recorded" || isLast(status)) return reply.code(204).send();
    return reply.code(409).send({ error: "This deployment was aborted.", request_id: request.id });
  });

  app.put(`${path}/log`, { bodyLimit: REPORT_BYTES_MAX }, async (request, reply) => {
    const principal = principalOf(request, tokens);
    const { assignmentId, attempt } = await updateOf(request, principal, sessions);
    await sessions.log(principal, assignmentId, attempt, readLog(request.body));
    return reply.code(204).send();
  });

  app.route({
    method: ["PUT", "PATCH"],
    url: "/v1/inventory/device/attributes",
    bodyLimit: REPORT_BYTES_MAX,
    handler: async (request, reply) => {
      const principal = principalOf(request, tokens);
      const inventory = readInventory(request.body);
      await sessions.describe(principal, inventory, request.method === "PUT" ? "all" : "some");
      return reply.code(200).send();
    },
  });
}

/** Mender's configuration add-on: the device asks what it is to be set to, and says what it is set to. */
function configurationRoutes(
  app: FastifyInstance,
  { sessions }: MenderProtocolDeps,
  tokens: SessionTokens,
): void {
  const path = "/v1/deviceconfig/configuration";
  app.get(path, async (request, reply) =>
    reply.send(await sessions.settings(principalOf(request, tokens))),
  );
  app.put(path, { bodyLimit: REPORT_BYTES_MAX }, async (request, reply) => {
    const principal = principalOf(request, tokens);
    await sessions.reportSettings(principal, readConfiguration(request.body));
    return reply.code(204).send();
  });
}

const DETAIL_CHARACTERS_MAX = 2_000;
