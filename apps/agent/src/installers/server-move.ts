import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Update } from "@moult/updater";
import { parseStrictJson } from "@moult/trust";
import * as z from "zod";
import { areCertificates } from "../identity/certificates.ts";
import { MovedServer } from "../identity/moved-server.ts";
import { readFileIfPresent, writeFileDurably } from "../storage/durable-file.ts";
import { InstallError } from "./install-error.ts";
import { QUIET_STATES, type Installer } from "./installer.ts";
import { storeFiles } from "./store-files.ts";

// Payload type `moult-server`: one JSON file that says which server the device talks to from now on, or by which authority
// it knows the one it has. Only what offline keys signed may say so: whoever holds a server today, or its instruction key,
// cannot take the devices along.

/** The agent's connection, as a move sees it. */
export interface ServerMove {
  /** What is stored as moved to; undefined: nothing, the provisioned server holds. */
  stored(): Promise<MovedServer | undefined>;
  /** Makes it what the agent starts with. Durable when it returns. */
  store(server: MovedServer | undefined): Promise<void>;
  /** Talks to `server`; `update` is the one that brings it. Throws where no agent runs that could. */
  turnTo(server: MovedServer, update: Update): Promise<void>;
  /** Talks to what is stored. */
  turnBack(): Promise<void>;
  /** Returns when the server that is talked to gave this device an answer it can obey. */
  reach(signal: AbortSignal): Promise<void>;
  settle(): void;
}

const PAYLOAD_BYTES_MAX = 128 * 1024;

/** What has to be known for the way back; written before anything is changed. */
const Plan = z.object({ file: z.string(), before: MovedServer.nullable() });

const planFile = (tree: string): string => join(tree, "tmp", "server-move.json");

export function createServerMoveInstaller(move: ServerMove): Installer {
  return {
    ...QUIET_STATES,
    unpack: async (files, { tree, job }, signal) => {
      if (job.artifact.vouched === null)
        throw refused("a device changes its server only by a release that offline keys signed");
      await storeFiles(files, tree, signal);
      const [file, ...others] = await filesIn(tree);
      if (file === undefined || others.length > 0) throw refused("the payload is not one file");
      await readTarget(tree, file);
      await writePlan(tree, { file, before: (await move.stored()) ?? null });
    },
    supportsRollback: () => Promise.resolve(true),
    install: () => Promise.resolve(),
    activate: async ({ tree, job }) => {
      const { file } = await readPlan(tree);
      await move.turnTo(await readTarget(tree, file), job.update);
    },
    // The old server stays one rollback away until the new one has given this device a signed answer.
    checkHealth: (_, signal) => move.reach(signal),
    commit: async ({ tree }) => {
      const { file } = await readPlan(tree);
      await move.store(await readTarget(tree, file));
    },
    rollBack: async ({ tree }) => {
      const { before } = await readPlan(tree);
      await move.store(before ?? undefined);
      await move.turnBack();
    },
    cleanUp: async ({ isCommitted }) => {
      if (isCommitted) move.settle();
    },
  };
}

const refused = (detail: string): InstallError => new InstallError("payload-refused", detail);

const filesIn = (tree: string): Promise<readonly string[]> => readdir(join(tree, "files"));

/** The server that the payload names. */
async function readTarget(tree: string, name: string): Promise<MovedServer> {
  const path = join(tree, "files", name);
  if ((await stat(path)).size > PAYLOAD_BYTES_MAX) throw refused("the payload is too long");
  const content = await readFileIfPresent(path);
  const parsed = MovedServer.safeParse(parseStrictJson(content ?? new Uint8Array()));
  if (!parsed.success)
    throw refused(`the payload names no server: ${z.prettifyError(parsed.error)}`);
  const { certificateAuthority } = parsed.data;
  if (certificateAuthority !== undefined && !areCertificates(certificateAuthority))
    throw refused("certificateAuthority is not one or more PEM certificates");
  return parsed.data;
}

async function writePlan(tree: string, plan: z.infer<typeof Plan>): Promise<void> {
  await writeFileDurably(planFile(tree), JSON.stringify(plan));
}

async function readPlan(tree: string): Promise<z.infer<typeof Plan>> {
  const content = await readFileIfPresent(planFile(tree));
  return Plan.parse(JSON.parse(content?.toString("utf8") ?? ""));
}
