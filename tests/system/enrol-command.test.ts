import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "@moult/base";
import type { Client } from "@moult/client";
import { ProductName } from "@moult/model";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setUpAdministrator } from "../../tools/local/administrator.ts";
import { startLocalProcess, waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import { startLocalServer, type LocalServer } from "../../tools/local/local-server.ts";
import { createMoultCommand, words, type MoultCommand } from "../../tools/local/moult-command.ts";

// What a person pastes into a terminal, in a real shell, against a server with an authority that the machine does not know.
// The tests build on each other, as people's work does.

const product = ProductName.parse("gw2");

let folder = "";
let server: LocalServer;
let moult: MoultCommand;
let client: Client;
const shells: LocalProcess[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-enrol-"));
  server = await startLocalServer({ dataFolder: join(folder, "server") });
  moult = createMoultCommand({ home: join(folder, "home"), cwd: folder });
  ({ client } = await setUpAdministrator(server, moult));
  await moult.ok(words`product create ${product}`);
});

afterAll(async () => {
  await Promise.all(shells.map((shell) => shell.stop()));
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const newCommand = (): Promise<string> =>
  moult.ok(words`device enrol-command --product ${product} --hardware-type linux`);

/** The shell runs the command aside, so that ending the shell ends the agent as Ctrl-C does. */
async function paste(command: string, person: string): Promise<LocalProcess> {
  const home = join(folder, person);
  mkdirSync(home, { recursive: true });
  const script = `trap 'kill $!' TERM\n${command.trimEnd()} &\nwait $!`;
  const shell = await startLocalProcess("sh", ["-c", script], {
    logFile: join(folder, `${person}.log`),
    cwd: home,
    environment: { HOME: home },
  });
  shells.push(shell);
  return shell;
}

const devices = async () => (await client.call("listDevices", { query: { product } })).items;

test("one pasted command makes a device that asks to join, and takes updates once it is accepted", async () => {
  const shell = await paste(await newCommand(), "ada");

  const asking = await waitFor(
    "the device to ask to join",
    async () => (await devices()).find(({ state }) => state === "pending"),
    30_000,
  );
  const fingerprint = present(asking.pendingKeyFingerprint, "it came with a key");
  expect(shell.tail(50)).toContain(fingerprint);
  await client.call("acceptDevice", { params: { deviceId: asking.id } });

  const running = await waitFor(
    "the device to check in",
    async () => (await devices()).find((device) => device.running !== null),
    60_000,
  );
  expect(running).toMatchObject({ state: "accepted", hardwareType: "linux" });
  expect(running.traits?.payloadTypes).toContain("directory");
});

test("the token's secret does not stay behind in the folder", () => {
  const [deviceFolder = ""] = readdirSync(join(folder, "ada"));

  expect(existsSync(join(folder, "ada", deviceFolder, "provisioning.json"))).toBe(false);
});

test("asked again by the same person, the same device goes on with its key", async () => {
  await Promise.all(shells.splice(0).map((shell) => shell.stop()));
  const before = await devices();

  const shell = await paste(await newCommand(), "ada");

  await waitFor(
    "its session",
    () => shell.tail(50).includes("session-opened") || undefined,
    30_000,
  );
  expect((await devices()).map(({ id, keyFingerprint }) => ({ id, keyFingerprint }))).toEqual(
    before.map(({ id, keyFingerprint }) => ({ id, keyFingerprint })),
  );
});

test("an agent that is not the server's is never started", async () => {
  const command = (await newCommand()).replace(/^echo '[0-9a-f]{8}/m, "echo '00000000");

  const shell = await paste(command, "eve");

  const exitCode = await waitFor("the shell's end", () => shell.exitCode(), 30_000);
  expect(exitCode).not.toBe(0);
  expect(shell.tail()).toContain("moult-agent.mjs: FAILED");
});
