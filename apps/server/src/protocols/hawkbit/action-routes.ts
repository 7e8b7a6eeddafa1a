import { present, type Clock } from "@moult/base";
import type { FastifyInstance, FastifyRequest } from "fastify";
import * as z from "zod";
import type {
  ControllerFeedback,
  ControllerWork,
  ControllerSessions,
} from "../../device-session/index.ts";
import { ApiError } from "../../platform/api-error.ts";
import type { Caller, CallerOf } from "./caller.ts";
import { deploymentBody, opennessOf } from "./deployment-body.ts";
import { notThere } from "./hawkbit-error.ts";
import { readBody, readNumber } from "./read-body.ts";
import { Feedback, cancelFeedbackOf, feedbackOf } from "./read-feedback.ts";
import { sendFile } from "./send-file.ts";

interface Deps {
  readonly sessions: ControllerSessions;
  readonly clock: Clock;
}

interface Shown extends Caller {
  readonly number: number;
  readonly work: ControllerWork;
}

const numberOf = ({ params }: FastifyRequest): number =>
  readNumber((params as { readonly number: string }).number);

/** Everything that is about one update, by its number. */
export function actionRoutes(app: FastifyInstance, deps: Deps, callerOf: CallerOf): void {
  const { sessions, clock } = deps;
  const shown = async (request: FastifyRequest): Promise<Shown> => {
    const caller = await callerOf(request);
    const number = numberOf(request);
    const work = await sessions.work(caller.principal, number, caller.ways);
    if (work === undefined) throw notThere();
    return { ...caller, number, work };
  };

  app.get("/deploymentBase/:number", async (request, reply) => {
    const { work, ways, address } = await shown(request);
    const openness = opennessOf(work, ways, clock.now());
    if (openness === "hidden" || openness === "to-be-confirmed") throw notThere();
    return reply.send(deploymentBody(work, openness, { device: address }));
  });

  app.post("/deploymentBase/:number/feedback", async (request, reply) => {
    const { principal, kind } = await callerOf(request);
    const feedback = feedbackOf(readBody(request, Feedback), kind);
    const result = await sessions.feedback(principal, numberOf(request), feedback);
    if (result === "not-found") throw notThere();
    return reply.code(result === "over" ? 410 : 200).send();
  });

  app.get("/cancelAction/:number", async (request, reply) => {
    const { principal } = await callerOf(request);
    const number = numberOf(request);
    if (!(await sessions.isCancelled(principal, number))) throw notThere();
    return reply.send({ id: String(number), cancelAction: { stopId: String(number) } });
  });

  app.post("/cancelAction/:number/feedback", async (request, reply) => {
    const { principal } = await callerOf(request);
    const feedback = cancelFeedbackOf(readBody(request, Feedback));
    const number = numberOf(request);
    if (!(await sessions.isCancelled(principal, number)))
      throw new ApiError("method-not-allowed", "Nobody asked for this update to be given up.");
    await sessions.cancelFeedback(principal, number, feedback);
    return reply.code(200).send();
  });

  confirmationRoutes(app, deps, callerOf, shown);
  fileRoutes(app, sessions, callerOf);
}

const Confirmation = z.object({
  confirmation: z.enum(["confirmed", "denied"]),
  details: z.array(z.string().max(2_000)).max(200).nullish(),
});

function confirmationRoutes(
  app: FastifyInstance,
  { sessions, clock }: Deps,
  callerOf: CallerOf,
  shown: (request: FastifyRequest) => Promise<Shown>,
): void {
  app.get("/confirmationBase", async (request, reply) => {
    await callerOf(request);
    // Whether people are asked is in the plan of each deployment.
    return reply.send({ autoConfirm: { active: false } });
  });

  app.get("/confirmationBase/:number", async (request, reply) => {
    const { work, ways, address } = await shown(request);
    if (opennessOf(work, ways, clock.now()) !== "to-be-confirmed") throw notThere();
    return reply.send(deploymentBody(work, "to-be-confirmed", { device: address }));
  });

  app.post("/confirmationBase/:number/feedback", async (request, reply) => {
    const { principal, number, work, ways } = await shown(request);
    const { confirmation, details } = readBody(request, Confirmation);
    if (opennessOf(work, ways, clock.now()) !== "to-be-confirmed") throw notThere();
    if (confirmation === "confirmed") await sessions.confirm(principal, number);
    const denied: ControllerFeedback = {
      step: { kind: "refused" },
      lines: details ?? ["A person at the device declined it."],
    };
    if (confirmation === "denied") await sessions.feedback(principal, number, denied);
    return reply.code(200).send();
  });

  app.get("/installedBase/:number", async (request, reply) => {
    const { principal, address } = await callerOf(request);
    const work = await sessions.installed(principal, numberOf(request));
    if (work === undefined) throw notThere();
    return reply.send(deploymentBody(work, "forced", { device: address }));
  });
}

const SUFFIX = ".MD5SUM";

function fileRoutes(app: FastifyInstance, sessions: ControllerSessions, callerOf: CallerOf): void {
  app.route({
    method: ["GET", "HEAD"],
    url: "/softwaremodules/:number/artifacts/:name",
    handler: async (request, reply) => {
      const { principal } = await callerOf(request);
      const { name } = request.params as { readonly name: string };
      const isSum = name.endsWith(SUFFIX);
      const fileName = isSum ? name.slice(0, -SUFFIX.length) : name;
      const file = await sessions.file(principal, numberOf(request), fileName);
      if (file === undefined) throw notThere();
      if (isSum) return reply.type("text/plain").send(`${file.md5}  ${fileName}`);
      return sendFile(request, reply, file);
    },
  });

  app.get("/softwaremodules/:number/artifacts", async (request, reply) => {
    const { principal, ways, address } = await callerOf(request);
    const number = numberOf(request);
    const work = await sessions.work(principal, number, ways);
    if (work === undefined) throw notThere();
    const body = deploymentBody(work, "forced", { device: address }) as {
      readonly deployment: { readonly chunks: readonly { readonly artifacts: object[] }[] };
    };
    const [chunk] = body.deployment.chunks;
    return reply.send(present(chunk, "an offer has a payload").artifacts);
  });
}
