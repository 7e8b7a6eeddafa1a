import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { unreachable } from "@moult/base";
import { AgentError } from "../agent-error.ts";
import { loadConfig, type LoadedConfig } from "../config.ts";
import { createControlClient } from "../control/control-client.ts";
import type { InstallCommand, StandaloneReply } from "../control/control-messages.ts";
import { makeFolder, systemCode } from "../storage/durable-file.ts";
import { lockHolder } from "../storage/lock-folder.ts";
import {
  EXIT,
  type Command,
  type CommandInput,
  type CommandWorld,
  type ExitCode,
} from "./command.ts";
import { personLog } from "./person-log.ts";
import { withStandaloneRunner, type StandaloneAgent } from "./standalone-runner.ts";
import { standaloneTrust } from "./standalone-trust.ts";

export const installCommand: Command = {
  name: "install",
  synopsis:
    "FILE|- [--yes] [--trust DIR] [--allow-unsigned] [--artifact-key FILE]... [--device-type TYPE]",
  summary: "install an artifact from a file or standard input, without a server",
  switches: ["yes", "allow-unsigned"],
  values: ["trust", "artifact-key", "device-type"],
  positionalsMin: 1,
  positionalsMax: 1,
  run: async (input, world) => {
    const loaded = await loadConfig(world.options);
    const [source = ""] = input.positionals;
    return withArtifactFile(loaded, source, (file) =>
      withAgent(loaded, input, world, async (agent) => {
        const reply = await agent.install(commandFor(file, input));
        const isAnswered = reply.kind === "awaiting-decision" && !reply.rebootNeeded;
        return tell(isAnswered && input.switches.has("yes") ? await agent.commit() : reply, world);
      }),
    );
  },
};

export const commitCommand: Command = {
  name: "commit",
  synopsis: "",
  summary: "make what `install` installed permanent",
  switches: [],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async (input, world) =>
    withAgent(await loadConfig(world.options), input, world, async (agent) =>
      tell(await agent.commit(), world),
    ),
};

export const rollbackCommand: Command = {
  name: "rollback",
  synopsis: "",
  summary: "take back what `install` installed, or an update that is proving itself",
  switches: [],
  values: [],
  positionalsMin: 0,
  positionalsMax: 0,
  run: async (input, world) =>
    withAgent(await loadConfig(world.options), input, world, async (agent) =>
      // A rollback that worked is what was asked for, though the update did not succeed.
      tell(await agent.rollBack(), world, true),
    ),
};

function commandFor(file: string, { switches, values }: CommandInput): InstallCommand {
  const [metadataDir] = values.get("trust") ?? [];
  return {
    file,
    isUnsignedAllowed: switches.has("allow-unsigned"),
    ...(metadataDir === undefined ? {} : { metadataDir: resolve(metadataDir) }),
  };
}

/** The running daemon, or this process in its place. */
async function withAgent(
  loaded: LoadedConfig,
  input: CommandInput,
  world: CommandWorld,
  run: (agent: StandaloneAgent) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { dataDir } = loaded.folders;
  if ((await lockHolder(dataDir)) === undefined) {
    const log = personLog(world);
    return withStandaloneRunner(loaded, await standaloneTrust(loaded, input, log), log, run);
  }
  // What a payload must be signed with is the daemon's to say; nothing on a command line loosens it.
  if (input.values.has("artifact-key"))
    throw new AgentError("usage", {
      reason: "the running agent checks artifacts by its provisioning; stop it first",
    });
  return run(createControlClient(dataDir));
}

/** Gives `run` the absolute path of the artifact; what comes from standard input is kept in a file meanwhile. */
async function withArtifactFile<Result>(
  { folders }: LoadedConfig,
  source: string,
  run: (file: string) => Promise<Result>,
): Promise<Result> {
  if (source !== "-") return run(resolve(source));
  const folder = join(folders.dataDir, "standard-input");
  const file = join(folder, `${process.pid}.mender`);
  await makeFolder(folder);
  try {
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
    return await run(file);
  } catch (cause) {
    const reason = systemCode(cause);
    if (reason === undefined) throw cause;
    throw new AgentError(
      reason === "ENOSPC" ? "disk-full" : "file-failed",
      { path: file, doing: "keep standard input", reason },
      { cause },
    );
  } finally {
    await rm(file, { force: true });
  }
}

function tell(
  reply: StandaloneReply,
  { print, complain }: CommandWorld,
  isRollbackWanted = false,
): ExitCode {
  switch (reply.kind) {
    case "awaiting-decision":
      warnOfExpiry(reply, complain);
      print(`Installed ${reply.artifactName}.`);
      if (reply.rebootNeeded) print("Reboot to try it, then `moult-agent commit` or `rollback`.");
      else print("Try it, then `moult-agent commit` or `moult-agent rollback`.");
      return reply.rebootNeeded ? EXIT.rebootNeeded : EXIT.ok;
    case "busy":
      complain("moult-agent: an update is already under way; see `moult-agent status`");
      return EXIT.failed;
    case "nothing-to-decide":
      complain("moult-agent: no installation waits to be committed or rolled back");
      return EXIT.nothingToDo;
    case "finished":
      return tellFinished(reply, { print, complain }, isRollbackWanted);
    default:
      return unreachable(reply);
  }
}

function warnOfExpiry(
  { expiredRole }: { readonly expiredRole: string | null },
  complain: CommandWorld["complain"],
): void {
  if (expiredRole === null) return;
  complain(
    `moult-agent: the signed metadata that vouch for this file have expired (${expiredRole}): whether the release was withdrawn since cannot be known here`,
  );
}

function tellFinished(
  reply: Extract<StandaloneReply, { kind: "finished" }>,
  { print, complain }: Pick<CommandWorld, "print" | "complain">,
  isRollbackWanted: boolean,
): ExitCode {
  warnOfExpiry(reply, complain);
  const runs = `This device runs ${reply.artifactName}.`;
  if (reply.outcome === "succeeded") {
    print(runs);
    return EXIT.ok;
  }
  if (isRollbackWanted && reply.outcome === "rolled-back") {
    if (reply.rebootNeeded)
      print(`Rolled back. If it was rebooted since, reboot to return to ${reply.artifactName}.`);
    else print(`Rolled back. ${runs}`);
    return EXIT.ok;
  }
  complain(
    `moult-agent: ${reply.outcome}${reply.code === null ? "" : ` (${reply.code})`}. ${runs}`,
  );
  if (reply.detail !== null) complain(`  ${reply.detail}`);
  if (reply.rebootNeeded) complain("  Reboot: the new software may be what runs until then.");
  complain(`  log: ${reply.logFile}`);
  return EXIT.failed;
}
