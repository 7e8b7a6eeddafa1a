import { errorChain, type Clock, type Log } from "@moult/base";
import { ControllerId, type TenantId } from "@moult/model";
import type { FastifyInstance, FastifyReply } from "fastify";
import * as z from "zod";
import type { ControllerSessions } from "../../device-session/index.ts";
import { baseUrl } from "../../platform/http/base-url.ts";
import { actionRoutes } from "./action-routes.ts";
import type { Caller, CallerOf } from "./caller.ts";
import { callerKey, createCallerLimit } from "./caller-limit.ts";
import { clientKindOf, waysOf } from "./client-kind.ts";
import { opennessOf, waitOf } from "./deployment-body.ts";
import { answerHawkbitError, unauthenticated } from "./hawkbit-error.ts";
import { pollingSleep } from "./polling-sleep.ts";
import { readBody } from "./read-body.ts";
import { readCredential, type CertificateProxy } from "./read-credential.ts";
import { ConfigData, changedAttributes } from "./read-feedback.ts";

export interface HawkbitProtocolDeps {
  readonly sessions: ControllerSessions;
  /** The tenant of an address; undefined where there is none of that name. */
  readonly tenantOf: (name: string) => TenantId | undefined;
  /** Where a client reached the server that did not say so. */
  readonly publicUrl: () => string;
  readonly certificateProxy: CertificateProxy | undefined;
  readonly clock: Clock;
  readonly checkInSeconds: number;
  readonly log: Log;
}

/** A client's log of an update, sent with its feedback. */
const BODY_BYTES_MAX = 512 * 1024;
/** While something waits for the device, it may ask more often. */
const BUSY_SECONDS = 30;

const Params = z.object({ tenant: z.string().max(128), controllerId: ControllerId });

/**
 * hawkBit's Direct Device Integration API, version 1, as SWUpdate, rauc-hawkbit-updater and others speak it; register it with
 * the prefix `/:tenant/controller/v1/:controllerId`. Every answer with a body is 200: clients take nothing else for a success.
 */
export function hawkbitRoutes(app: FastifyInstance, deps: HawkbitProtocolDeps): void {
  const { sessions, tenantOf, publicUrl, certificateProxy, clock, log } = deps;
  const limit = createCallerLimit(clock);
  const callerOf: CallerOf = async (request) => {
    const params = Params.safeParse(request.params);
    if (!params.success) throw unauthenticated();
    const { tenant, controllerId } = params.data;
    const tenantId = tenantOf(tenant);
    const credential = readCredential(request, controllerId, certificateProxy);
    if (tenantId === undefined || credential === undefined) throw unauthenticated();
    const proof = credential.kind === "certificate" ? "" : credential.token;
    const caller = callerKey(tenantId, controllerId, credential.kind, proof);
    limit.admit(request.ip, caller);
    const principal = await sessions.claim(tenantId, controllerId, credential);
    if (principal === undefined) {
      limit.wrong(request.ip, caller);
      throw unauthenticated();
    }
    limit.right(caller);
    const kind = clientKindOf(request.headers["user-agent"]);
    const base = baseUrl(request, publicUrl());
    const address = `${base}/${encodeURIComponent(tenant)}/controller/v1/${encodeURIComponent(controllerId)}`;
    return { principal, kind, ways: waysOf(kind), address };
  };

  app.removeAllContentTypeParsers();
  // Clients say many things of their JSON, charsets among them.
  app.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: BODY_BYTES_MAX }, (_, body, done) =>
    done(null, body),
  );
  app.setErrorHandler((error, request, reply) =>
    answerHawkbitError(error, request, reply, (bug) =>
      log.error("request-failed", { requestId: request.id, error: errorChain(bug) }),
    ),
  );
  app.get("", async (request, reply) => answerPoll(await callerOf(request), reply, deps));
  app.put("/configData", async (request, reply) => {
    const { principal, ways } = await callerOf(request);
    const config = readBody(request, ConfigData);
    await sessions.attributes(principal, (before) => changedAttributes(before, config), ways);
    return reply.code(200).send();
  });
  actionRoutes(app, deps, callerOf);
}

async function answerPoll(
  { principal, ways, address }: Caller,
  reply: FastifyReply,
  { sessions, clock, checkInSeconds }: HawkbitProtocolDeps,
): Promise<FastifyReply> {
  const answer = await sessions.poll(principal, ways.traits, ways);
  const links: Record<string, { readonly href: string }> = {};
  let asksAttributes = principal.wantsAttributes;
  // What waits for a window or for a person's word elsewhere is not sooner there for being asked for.
  let isBusy = answer.kind === "cancel" || (answer.kind === "nothing" && answer.awaitsRestart);
  if (answer.kind === "cancel")
    links["cancelAction"] = { href: `${address}/cancelAction/${answer.number}` };
  if (answer.kind === "deploy") {
    const now = clock.now();
    await sessions.wait(principal, answer, waitOf(answer, ways, now));
    const openness = opennessOf(answer, ways, now);
    asksAttributes ||= answer.asksAttributes;
    isBusy = openness === "forced" || openness === "to-be-confirmed";
    const place = openness === "to-be-confirmed" ? "confirmationBase" : "deploymentBase";
    if (openness !== "hidden")
      links[place] = { href: `${address}/${place}/${answer.action.number}?c=${openness}` };
  }
  if (asksAttributes) links["configData"] = { href: `${address}/configData` };
  const seconds = isBusy ? Math.min(checkInSeconds, BUSY_SECONDS) : checkInSeconds;
  return reply.send({
    config: { polling: { sleep: pollingSleep(principal.controllerId, seconds) } },
    ...(Object.keys(links).length > 0 ? { _links: links } : {}),
  });
}
