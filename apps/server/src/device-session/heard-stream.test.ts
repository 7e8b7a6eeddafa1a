import { finished } from "node:stream/promises";
import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import type { StreamReply } from "../platform/operation-handler.ts";
import { heardStream } from "./heard-stream.ts";

const range = { start: 0, end: 4 };
const replyOf = (content: AsyncIterable<Uint8Array>) => ({
  contentType: "application/octet-stream",
  sizeBytes: 4,
  open: () => Promise.resolve(content),
});
const opened = async (content: AsyncIterable<Uint8Array>, note: () => void) => {
  const bytes = await heardStream<StreamReply>(replyOf(content), note).open(range);
  if (!(bytes instanceof Readable)) throw new TypeError("it is a stream");
  return bytes;
};

test("a device is heard of with each piece of its update that it takes, and not while it takes none", async () => {
  const content = new PassThrough();
  let heard = 0;
  const bytes = (await opened(content, () => (heard += 1)))[Symbol.asyncIterator]();
  expect(heard).toBe(0);
  content.write("ab");
  expect(await bytes.next()).toMatchObject({ value: Buffer.from("ab") });
  expect(heard).toBe(1);
  content.end("cd");
  expect(await bytes.next()).toMatchObject({ value: Buffer.from("cd") });
  expect(heard).toBe(2);
  expect((await bytes.next()).done).toBe(true);
});

test("a device that goes away leaves nothing open, also before the first piece", async () => {
  const content = new PassThrough();
  const bytes = await opened(content, () => undefined);
  bytes.destroy();
  await expect(finished(content)).rejects.toThrow();
  expect(content.destroyed).toBe(true);
});

test("what cannot be read any more fails for the device too", async () => {
  const content = new PassThrough();
  const bytes = await opened(content, () => undefined);
  content.destroy(new Error("the disk is gone"));
  await expect(finished(bytes)).rejects.toThrow("the disk is gone");
});
