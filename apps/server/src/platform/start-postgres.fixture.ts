import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { present } from "@moult/base";
import type { TestProject } from "vitest/node";
import { openDatabase } from "./database.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** Of running PostgreSQL servers, one a worker: `{database}` is replaced by a database's name. */
    readonly postgresUrls: readonly string[];
  }
}

/** Migrated once; a test's own database is a copy of it. */
export const TEMPLATE_DATABASE = "moult_template";

const BINARIES = "/usr/lib/postgresql";
const START_DEADLINE_MS = 30_000;

/**
 * Runs once before all tests of a project (vitest's globalSetup): a PostgreSQL for each worker, thrown away afterwards. An
 * event is settled when every transaction of its server that began before it has ended, so tests that shared one would
 * wait for each other's.
 */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const bin = newestBinaries();
  const folder = mkdtempSync(join(tmpdir(), "moult-postgres-"));
  const asUser = runAs(folder);
  const servers: ChildProcess[] = [];
  const tearDown = async (): Promise<void> => {
    await Promise.all(servers.splice(0).map(stop));
    rmSync(folder, { recursive: true, force: true });
  };
  const startIn = async (name: string): Promise<string> => {
    const url = `postgres://moult@localhost/{database}?host=${encodeURIComponent(join(folder, name))}`;
    const server = start(asUser, bin, join(folder, name));
    servers.push(server);
    await whenReady(url, server);
    return url;
  };
  try {
    const first = join(folder, "1");
    run(asUser, [join(bin, "initdb"), "-D", first, "-A", "trust", "-U", "moult", "-E", "UTF8"]);
    await makeTemplate(await startIn("1"));
    await Promise.all(servers.splice(0).map(stop));
    const names = Array.from({ length: workersOf(project) }, (_, index) => String(index + 1));
    for (const name of names.slice(1)) run(asUser, ["cp", "-a", first, join(folder, name)]);
    project.provide("postgresUrls", await Promise.all(names.map(startIn)));
  } catch (error) {
    await tearDown();
    throw error;
  }
  return tearDown;
}

/** Where the calling worker's own PostgreSQL is; of a project whose `globalSetup` this file is. */
export function workersPostgres(urls: readonly string[]): string {
  const worker = Number(process.env["VITEST_POOL_ID"] ?? "1");
  return present(urls[(worker - 1) % urls.length], "each worker has a server");
}

const workersOf = ({ config }: TestProject): number => Math.max(1, Number(config.maxWorkers));

/** One client's work on the maintenance database. */
export async function onPostgres<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url.replace("{database}", "postgres") });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function newestBinaries(): string {
  const versions = existsSync(BINARIES)
    ? readdirSync(BINARIES)
        .map(Number)
        .sort((a, b) => b - a)
    : [];
  const bin = versions
    .map((version) => join(BINARIES, String(version), "bin"))
    .find((path) => existsSync(join(path, "initdb")));
  if (bin === undefined)
    throw new Error(
      `The store tests need PostgreSQL's programs below ${BINARIES} (Debian: apt-get install postgresql); they do not skip.`,
    );
  return bin;
}

/** PostgreSQL refuses to run as root, so a root's tests run it as Debian's `postgres` user, or as `nobody`. */
function runAs(folder: string): readonly string[] {
  // The server goes down with the tests, however they end.
  const together = ["--pdeathsig", "INT"];
  if (userInfo().uid !== 0) return ["setpriv", ...together];
  const user = ["postgres", "nobody"].find((name) => idOf(name, "-u") !== undefined) ?? "nobody";
  const uid = idOf(user, "-u");
  const gid = idOf(user, "-g");
  if (uid === undefined || gid === undefined)
    throw new Error(
      "PostgreSQL does not run as root, and there is neither a user postgres nor nobody.",
    );
  chownSync(folder, uid, gid);
  return ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", ...together];
}

function idOf(user: string, what: "-u" | "-g"): number | undefined {
  try {
    return Number(execFileSync("id", [what, user], { stdio: ["ignore", "pipe", "ignore"] }));
  } catch {
    return undefined;
  }
}

function run([program = "", ...before]: readonly string[], command: readonly string[]): void {
  execFileSync(program, [...before, ...command], { cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
}

function start(
  [program = "", ...before]: readonly string[],
  bin: string,
  data: string,
): ChildProcess {
  // Unsafe settings are fine for data that is thrown away; a socket in our own folder needs no free port.
  const settings = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    `unix_socket_directories=${data}`,
    "max_connections=200",
    "shared_buffers=64MB",
  ];
  const command = [join(bin, "postgres"), "-D", data, ...settings.flatMap((one) => ["-c", one])];
  return spawn(program, [...before, ...command], { cwd: "/", stdio: "ignore" });
}

async function whenReady(url: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  for (;;) {
    try {
      await onPostgres(url, () => Promise.resolve());
      return;
    } catch (cause) {
      if (server.exitCode !== null || Date.now() > deadline)
        throw new Error("PostgreSQL did not start", { cause });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function makeTemplate(url: string): Promise<void> {
  await onPostgres(url, (client) => client.query(`create database ${TEMPLATE_DATABASE}`));
  const quiet = () => undefined;
  const database = await openDatabase(
    { kind: "postgres", url: url.replace("{database}", TEMPLATE_DATABASE), connectionsMax: 2 },
    { debug: quiet, info: quiet, warn: quiet, error: quiet },
  );
  await database.close();
}

async function stop(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once("exit", resolve));
  if (server.exitCode === null && server.kill("SIGINT")) await ended;
}
