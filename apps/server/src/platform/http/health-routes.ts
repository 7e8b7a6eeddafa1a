import { errorChain, type Blobs, type Log } from "@moult/base";
import { sql } from "kysely";
import type { FastifyInstance } from "fastify";
import type { Database } from "../database.ts";
import type { Signer } from "../signer-client.ts";

export interface HealthDeps {
  readonly database: Database;
  readonly blobs: Blobs;
  readonly signer: Pick<Signer, "publicKeys">;
  readonly log: Log;
  /** Time that only goes forwards, for how old an answer is. */
  readonly monotonicMs: () => number;
}

/** A part that does not answer within this is not ready. */
const CHECK_TIMEOUT_MS = 3_000;
/** Anybody may ask, so answers are kept for a moment. */
const KEPT_MS = 1_000;

interface Readiness {
  readonly isReady: boolean;
  readonly checks: Readonly<Record<string, "ok" | "failed">>;
}

/** `/healthz`: the process answers. `/readyz`: so do the parts that it cannot work without. */
export function healthRoutes(app: FastifyInstance, deps: HealthDeps): void {
  let kept: { readonly atMs: number; readonly readiness: Promise<Readiness> } | undefined;
  app.get("/healthz", () => ({ status: "ok" }));
  app.get("/readyz", async (_request, reply) => {
    const atMs = deps.monotonicMs();
    if (kept === undefined || atMs - kept.atMs > KEPT_MS)
      kept = { atMs, readiness: readiness(deps) };
    const { isReady, checks } = await kept.readiness;
    return reply.code(isReady ? 200 : 503).send({ status: isReady ? "ok" : "not-ready", checks });
  });
}

async function readiness({ database, blobs, signer, log }: HealthDeps): Promise<Readiness> {
  const checks = {
    database: () => sql`select 1`.execute(database.system.kysely),
    blobs: async () => (await blobs.begin()).discard(),
    signer: () => signer.publicKeys(),
  };
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await withTimeout(check());
        return [name, "ok"] as const;
      } catch (error) {
        log.warn("not-ready", { part: name, error: errorChain(error) });
        return [name, "failed"] as const;
      }
    }),
  );
  return {
    isReady: results.every(([, result]) => result === "ok"),
    checks: Object.fromEntries(results),
  };
}

async function withTimeout(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`no answer in ${CHECK_TIMEOUT_MS} ms`)),
      CHECK_TIMEOUT_MS,
    );
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
