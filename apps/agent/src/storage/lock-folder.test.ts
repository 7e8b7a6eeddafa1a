import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { isAgentError } from "../agent-error.ts";
import { lockFolder, lockHolder } from "./lock-folder.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moult-lock-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const RIVAL = `
  import { lockFolder } from ${JSON.stringify(new URL("lock-folder.ts", import.meta.url).href)};
  try { await lockFolder(process.argv[1]); console.log("held"); } catch (error) { console.log(error.code); process.exit(1); }
  setInterval(() => {}, 1000);
`;

async function startRival() {
  const rival = spawn(process.execPath, ["--input-type=module", "-e", RIVAL, folder]);
  const [said] = (await once(rival.stdout, "data")) as [Buffer];
  return { rival, said: said.toString().trim() };
}

test("a second agent on the same folder is refused and told which process has it", async () => {
  const { rival } = await startRival();
  try {
    await expect(lockFolder(folder)).rejects.toMatchObject({
      code: "folder-in-use",
      context: { pid: rival.pid },
    });
    expect(await lockHolder(folder)).toBe(rival.pid);
  } finally {
    rival.kill("SIGKILL");
  }
});

test("an agent that was killed leaves nothing that keeps the next one out", async () => {
  const { rival } = await startRival();
  rival.kill("SIGKILL");
  await once(rival, "exit");

  const lock = await lockFolder(folder);
  expect(await lockHolder(folder)).toBe(process.pid);
  await lock.release();
  expect(await lockHolder(folder)).toBeUndefined();
});

test("a living process that only reuses the number of the old holder does not hold the folder", async () => {
  await writeFile(
    join(folder, "agent.lock.7"),
    JSON.stringify({ pid: process.pid, startTicks: "1", bootId: "another-boot" }),
  );

  await lockFolder(folder);

  expect(await readdir(folder)).toEqual(["agent.lock.8"]);
});

test("a lock file that a power cut left empty holds nothing", async () => {
  await writeFile(join(folder, "agent.lock.1"), "");
  await expect(lockFolder(folder)).resolves.toBeDefined();
});

test("of many agents that start at once on a folder whose holder died, exactly one gets it", async () => {
  await writeFile(
    join(folder, "agent.lock.3"),
    JSON.stringify({ pid: 4_000_000, startTicks: "1", bootId: "x" }),
  );

  const rivals = await Promise.all(Array.from({ length: 6 }, startRival));
  try {
    const said = rivals.map((rival) => rival.said);
    expect(said.filter((word) => word === "held")).toHaveLength(1);
    expect(said.filter((word) => word === "folder-in-use")).toHaveLength(5);
  } finally {
    for (const { rival } of rivals) rival.kill("SIGKILL");
  }
});

test("a folder that cannot be written is a clear error, not a lock", async () => {
  await writeFile(join(folder, "file"), "");
  const error: unknown = await lockFolder(join(folder, "file")).catch((caught: unknown) => caught);
  expect(isAgentError(error, "file-failed")).toBe(true);
});
