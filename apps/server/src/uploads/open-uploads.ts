import { MINUTE_MS, errorChain } from "@moult/base";
import type { FastifyInstance } from "fastify";
import type { AuthoriseDeps } from "../platform/http/authorise.ts";
import { createKeyedLock } from "../platform/keyed-lock.ts";
import type { Handlers } from "../platform/operation-handler.ts";
import { uploadOf, uploadsOf, verifyingUploads, type StoredUpload } from "./queries.ts";
import { showUpload } from "./show-upload.ts";
import { sweepUploads } from "./sweep-uploads.ts";
import { tusRoutes } from "./tus-routes.ts";
import type { PartsDeps, SharedParts } from "./upload-deps.ts";
import { noUpload } from "./kept-upload.ts";
import { createVerifier } from "./verify-uploads.ts";

const SWEEP_INTERVAL_MS = 10 * MINUTE_MS;

/** Uploads that survive cut connections and restarts. */
export interface Uploads {
  readonly handlers: Handlers<"listUploads" | "showUpload">;
  /** Mounts tus below the scope's prefix. */
  routes(app: FastifyInstance, deps: AuthoriseDeps): void;
  sweep(): Promise<void>;
  /** After the last request: waits for what is being written, and leaves verifications to the next start. */
  close(): Promise<void>;
}

/** Goes on with what an earlier process left. */
export async function openUploads(deps: PartsDeps): Promise<Uploads> {
  const { clock, database, log } = deps;
  const verifier = createVerifier(deps);
  const parts: SharedParts = {
    ...deps,
    lock: createKeyedLock(),
    writing: new Map(),
    verify: (tenantId, id) => verifier.add(tenantId, id),
  };
  await sweepUploads(parts);
  for (const { tenantId, id } of await verifyingUploads(database.system.kysely))
    verifier.add(tenantId, id);
  const timer = setInterval(() => {
    sweepUploads(parts).catch((error: unknown) =>
      log.warn("upload-sweep-failed", { errors: errorChain(error) }),
    );
  }, SWEEP_INTERVAL_MS).unref();

  const isKept = ({ expires_at, state }: StoredUpload): boolean =>
    state === "verifying" || expires_at > clock.now();
  return {
    handlers: {
      listUploads: async ({ db, principal }) => {
        const rows = await uploadsOf(db, principal.userId);
        const shown = rows
          .filter(isKept)
          .map((row) => showUpload(db, row, verifier.verifiedBytes(row.id)));
        return { items: await Promise.all(shown) };
      },
      showUpload: async ({ db, principal }, { params: { uploadId } }) => {
        const row = await uploadOf(db, principal.userId, uploadId);
        if (row === undefined || !isKept(row)) throw noUpload();
        return showUpload(db, row, verifier.verifiedBytes(row.id));
      },
    },
    routes: (app, routeDeps) => tusRoutes(app, parts, routeDeps),
    sweep: () => sweepUploads(parts),
    close: async () => {
      clearInterval(timer);
      await Promise.allSettled(parts.writing.values());
      await verifier.close();
    },
  };
}
