import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import {
  chmod,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { seededRandom } from "@moult/base";
import { expect, test } from "vitest";
import { APP_MARK } from "../apps/app-runtime.ts";
import { killMarkedProcesses } from "../platform/marked-processes.ts";
import {
  PATIENT,
  appArtifact,
  ask,
  buildArtifact,
  freePort,
  linesOf,
  offerOf,
  pathsUnder,
  tarOf,
  type BuiltArtifact,
} from "./device.fixture.ts";
import { STEP_MARK } from "./create-update-runner.ts";
import type { KillableAgent } from "./killable-agent.fixture.ts";

const AGENT = fileURLToPath(new URL("./killable-agent.fixture.ts", import.meta.url));

/** More rounds find rarer moments: `MOULT_KILL_ROUNDS=300 vitest run …killed-agent`. */
const ROUNDS = Number(process.env["MOULT_KILL_ROUNDS"] ?? 4);
const FIRST_SEED = Number(process.env["MOULT_KILL_SEED"] ?? 1);
const KILLS_MAX = 4;

/** Starts an agent; ends it with SIGKILL a moment after its `killAt`-th saved state, or when it has settled. */
async function runAgent(
  agent: KillableAgent,
  killAt: number,
  delayMs: number,
): Promise<{ readonly isSettled: boolean; readonly lines: readonly string[] }> {
  const child: ChildProcess = spawn(process.execPath, [AGENT, JSON.stringify(agent)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  const ended = new Promise((resolve) => child.once("exit", resolve));
  let states = 0;
  const enough = new Promise<void>((resolve) => {
    void ended.then(() => resolve());
    createInterface({ input: child.stdout ?? process.stdin }).on("line", (line) => {
      lines.push(line);
      if (line.startsWith("state ")) states += 1;
      if (line === "settled" || (line.startsWith("state ") && states === killAt)) resolve();
    });
  });
  await enough;
  if (!lines.includes("settled")) await sleep(delayMs);
  child.kill("SIGKILL");
  await ended;
  return { isSettled: lines.includes("settled"), lines };
}

const KINDS = ["app", "crashing-app", "directory", "module"] as const;
const PREFIXES = { app: "demo", "crashing-app": "demo", directory: "web", module: "slow" } as const;

interface Round {
  readonly root: string;
  readonly port: number;
  readonly trace: string[];
  boot: number;
}

async function take(
  round: Round,
  artifact: BuiltArtifact,
  random: { fraction(): number },
  killsMax: number,
): Promise<string> {
  const artifactFile = join(round.root, `${artifact.name}.mender`);
  await writeFile(artifactFile, artifact.bytes);
  const offer = offerOf(artifact);
  let kills = killsMax;
  for (;;) {
    const killAt = kills > 0 ? 1 + Math.floor(random.fraction() * 12) : Number.POSITIVE_INFINITY;
    // Half of the kills come at once, between the save of a state and what is done about it.
    const delayMs = random.fraction() < 0.5 ? 0 : Math.floor(random.fraction() * 60);
    const { root, port, boot } = round;
    const { isSettled, lines } = await runAgent(
      { root, port, boot, artifactFile, offer },
      killAt,
      delayMs,
    );
    round.trace.push(...lines, isSettled ? "settled" : `killed after ${delayMs} ms`);
    if (isSettled) break;
    kills -= 1;
    if (random.fraction() < 0.5) round.boot += 1;
  }
  const finished = (await linesOf(join(round.root, "reports.jsonl")))
    .filter((line) => line.startsWith(offer.assignmentId))
    .map((line) => JSON.parse(line.slice(line.indexOf(" "))) as { kind: string; outcome?: string })
    .filter(({ kind }) => kind === "finished");
  expect(finished.length, "every attempt gets exactly one outcome").toBe(1);
  return finished[0]?.outcome ?? "";
}

async function runningName(root: string): Promise<string> {
  const text = await readFile(join(pathsUnder(root).dataDir, "update-state.v1.json"), "utf8");
  const { state } = JSON.parse(text) as { state: string };
  const saved = JSON.parse(state) as { state: { running: { artifactName: string } } };
  return saved.state.running.artifactName;
}

async function webFolder(version: string): Promise<BuiltArtifact> {
  const archive = await tarOf({ "index.html": version, [`only-${version}`]: "x" });
  const files = { dest_dir: "/srv/web\n", "update.tar": archive };
  return buildArtifact({ name: `web-${version}`, type: "directory", files });
}

test(
  `an agent that is killed at any moment ends each update with one outcome and a whole version (${ROUNDS} rounds)`,
  { timeout: 60_000 + ROUNDS * 20_000 },
  async () => {
    const outcomes = new Map<string, number>();
    for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed += 1) {
      const root = await mkdtemp(join(tmpdir(), "moult-killed-"));
      const round: Round = { root, port: await freePort(), trace: [], boot: 1 };
      try {
        const outcome = await playRound(seed, round);
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      } catch (cause) {
        throw new Error(`seed ${seed}:\n${round.trace.join("\n")}`, { cause });
      } finally {
        await killMarkedProcesses(APP_MARK, pathsUnder(root).appsDir);
        await rm(root, { recursive: true, force: true });
      }
    }
    expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(ROUNDS);
    if (ROUNDS > 10) process.stderr.write(`${JSON.stringify([...outcomes])}\n`);
  },
);

async function playRound(seed: number, round: Round): Promise<string> {
  const { root } = round;
  const random = seededRandom(seed);
  const kind = KINDS[seed % KINDS.length] ?? "app";
  if (kind === "module") await writeSlowModule(root);
  const artifactOf = (version: string, isBad: boolean): Promise<BuiltArtifact> => {
    if (kind === "directory") return webFolder(version);
    if (kind === "module") return slowPayload(version);
    return appArtifact(version, isBad ? "crashes" : "well");
  };

  expect(await take(round, await artifactOf("1.0", false), random, 0)).toBe("succeeded");
  const second = await artifactOf("2.0", kind === "crashing-app");
  const outcome = await take(round, second, random, 1 + Math.floor(random.fraction() * KILLS_MAX));

  expect(["succeeded", "rolled-back", "failed"]).toContain(outcome);
  if (kind === "crashing-app") expect(outcome).not.toBe("succeeded");
  const version = outcome === "succeeded" ? "2.0" : "1.0";
  expect(await runningName(root)).toBe(`${PREFIXES[kind]}-${version}`);
  if (kind === "directory") await expectFolder(root, version);
  else if (kind === "module") await expectModule(root, version);
  else await expectApp(round, version);
  await expectNothingLeft(root);
  return `${kind} ${outcome}`;
}

/** What a killed agent leaves running must not go on beside the rollback. */
async function expectModule(root: string, version: string): Promise<void> {
  expect(await killMarkedProcesses(STEP_MARK, pathsUnder(root).dataDir)).toBe(0);
  expect(await readFile(join(root, "installed"), "utf8")).toBe(version);
}

async function writeSlowModule(root: string): Promise<void> {
  const module = join(pathsUnder(root).modulesDir, "slow");
  await mkdir(pathsUnder(root).modulesDir, { recursive: true });
  await writeFile(
    module,
    `#!/bin/sh
    case "$1" in
      SupportsRollback) echo Yes ;;
      ArtifactInstall)
        [ -e tmp/old ] || { cp "${root}/installed" tmp/copy 2>/dev/null; mv tmp/copy tmp/old 2>/dev/null; }
        sleep 0.1; printf half > "${root}/installed"; sleep 0.1
        cat files/version > "${root}/installed" ;;
      ArtifactRollback) [ ! -e tmp/old ] || cat tmp/old > "${root}/installed" ;;
    esac
    exit 0`,
  );
  await chmod(module, 0o755);
}

const slowPayload = (version: string): Promise<BuiltArtifact> =>
  buildArtifact({ name: `slow-${version}`, type: "slow", files: { version } });

async function expectFolder(root: string, version: string): Promise<void> {
  expect((await readdir(join(root, "srv/web"))).toSorted()).toEqual([
    "index.html",
    `only-${version}`,
  ]);
  expect(await readFile(join(root, "srv/web/index.html"), "utf8")).toBe(version);
  expect(await readdir(join(root, "srv"))).toEqual(["web"]);
}

/** The agent was killed, its application was not. */
async function expectApp({ root, port }: Round, version: string): Promise<void> {
  const app = join(pathsUnder(root).appsDir, "demo");
  expect(await readlink(join(app, "current"))).toMatch(`releases/demo-${version}-`);
  await expect.poll(() => ask(port), PATIENT).toBe(version);
  expect(await readdir(app)).not.toContain("switch.json");
  expect(await readdir(join(app, "releases"))).not.toContain(".incoming");
}

async function expectNothingLeft(root: string): Promise<void> {
  const { dataDir } = pathsUnder(root);
  const left = await readdir(dataDir);
  expect(left).not.toContain("downloads");
  expect(left).not.toContain("scripts");
  expect(await readdir(join(dataDir, "modules/v3/payloads/0000")).catch(() => [])).toEqual([]);
}
