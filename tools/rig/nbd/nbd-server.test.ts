import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@moult/base";
import { afterEach, expect, test } from "vitest";
import { createForgetfulDisk, type ForgetfulDisk } from "../disk/forgetful-disk.ts";
import { memoryBytes } from "../disk/memory-bytes.fixture.ts";
import { NbdClient } from "./nbd-client.fixture.ts";
import { startNbdServer } from "./nbd-server.ts";
import { COMMAND, COMMAND_FLAG, ERROR } from "./nbd-wire.ts";

const SIZE = 64 * 1024;
const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

async function served(): Promise<{
  content: Buffer;
  disk: ForgetfulDisk;
  client: NbdClient;
  socketPath: string;
  idle: () => Promise<void>;
}> {
  const folder = mkdtempSync(join(tmpdir(), "moult-nbd-"));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const content = Buffer.alloc(SIZE);
  const disk = createForgetfulDisk({
    bytes: memoryBytes(content),
    atomBytes: 512,
    random: seededRandom(1),
  });
  const server = await startNbdServer(disk, join(folder, "disk.sock"));
  cleanUps.push(() => server.close());
  const { socketPath } = server;
  const client = await NbdClient.connect(socketPath);
  expect(await client.go()).toBe(SIZE);
  return { content, disk, client, socketPath, idle: () => server.idle() };
}

test("what was written is read back, before and after a flush", async () => {
  const { client } = await served();
  const data = Buffer.alloc(4_096, 7);
  client.send(COMMAND.write, 512, data.length, data);
  client.send(COMMAND.read, 0, 1_024);
  client.send(COMMAND.flush, 0, 0);
  client.send(COMMAND.read, 512, data.length);
  expect(await client.answer()).toMatchObject({ error: ERROR.none });
  const { data: across } = await client.answer(1_024);
  expect(across).toEqual(Buffer.concat([Buffer.alloc(512), Buffer.alloc(512, 7)]));
  expect(await client.answer()).toMatchObject({ error: ERROR.none });
  expect((await client.answer(data.length)).data).toEqual(data);
});

test("a client that is killed has done all that it sent, and a cut then decides what of it stays", async () => {
  const { client, disk, content, idle, socketPath } = await served();
  client.send(COMMAND.write, 0, 512, Buffer.alloc(512, 1));
  client.send(COMMAND.flush, 0, 0);
  client.send(COMMAND.write, 512, 512, Buffer.alloc(512, 2), COMMAND_FLAG.force);
  client.send(COMMAND.write, 1_024, 512, Buffer.alloc(512, 3));
  for (let answered = 0; answered < 4; answered += 1) await client.answer();
  client.destroy();
  await idle();
  expect(disk.cutPower("none")).toMatchObject({ pendingWrites: 1 });
  expect([content[0], content[512], content[1_024]]).toEqual([1, 2, 0]);
  expect(disk.counters).toMatchObject({ writes: 3, flushes: 1, forcedWrites: 1 });

  const next = await NbdClient.connect(socketPath);
  expect(await next.go()).toBe(SIZE);
  next.destroy();
});

test("zeroes are written as a write, a trim changes nothing, and both are answered", async () => {
  const { client, disk, content } = await served();
  client.send(COMMAND.write, 0, 2_048, Buffer.alloc(2_048, 5));
  client.send(COMMAND.writeZeroes, 512, 512);
  client.send(COMMAND.trim, 0, 512);
  for (let answered = 0; answered < 3; answered += 1)
    expect(await client.answer()).toMatchObject({ error: ERROR.none });
  expect([content[0], content[512], content[1_024]]).toEqual([5, 0, 5]);
  expect(disk.counters).toMatchObject({ writes: 2, trims: 1 });
});

test("what lies outside the disk, or is no command, is refused and does not end the conversation", async () => {
  const { client } = await served();
  client.send(COMMAND.read, SIZE - 512, 1_024);
  client.send(COMMAND.write, SIZE, 512, Buffer.alloc(512));
  client.send(COMMAND.writeZeroes, SIZE, 512);
  client.send(77, 0, 0);
  client.send(COMMAND.read, 0, 512);
  expect((await client.answer()).error).toBe(ERROR.invalid);
  expect((await client.answer()).error).toBe(ERROR.noSpace);
  expect((await client.answer()).error).toBe(ERROR.noSpace);
  expect((await client.answer()).error).toBe(ERROR.invalid);
  expect((await client.answer(512)).data).toEqual(Buffer.alloc(512));
});

test("a disk that is halted does and answers nothing more, and is idle when its client is gone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-nbd-"));
  cleanUps.push(() => rmSync(folder, { recursive: true, force: true }));
  const content = Buffer.alloc(SIZE);
  let isHalted = false;
  const disk = createForgetfulDisk({
    bytes: memoryBytes(content),
    atomBytes: 512,
    random: seededRandom(1),
    onEvent: (event) => {
      if (event.kind === "write" && event.offset === 512) isHalted = true;
    },
  });
  const server = await startNbdServer(disk, join(folder, "disk.sock"), () => isHalted);
  cleanUps.push(() => server.close());
  const client = await NbdClient.connect(server.socketPath);
  await client.go();
  for (const [index, offset] of [0, 512, 1_024].entries())
    client.send(COMMAND.write, offset, 512, Buffer.alloc(512, index + 1));
  client.send(COMMAND.flush, 0, 0);
  expect(await client.answer()).toMatchObject({ error: ERROR.none });
  await expect.poll(() => disk.counters.writes).toBe(2);
  client.destroy();
  await server.idle();

  expect(disk.counters).toMatchObject({ writes: 2, flushes: 0 });
  expect(disk.cutPower("none")).toMatchObject({ pendingWrites: 2 });
});
