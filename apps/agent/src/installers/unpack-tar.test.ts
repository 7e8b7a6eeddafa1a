import { lstat, mkdir, mkdtemp, readFile, readdir, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack, type Header } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { unpackTar } from "./unpack-tar.ts";

let root: string;
let folder: string;
const never = new AbortController().signal;
const RULES = { bytesMax: 1_000_000, keepsOwners: false };

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moult-tar-"));
  folder = join(root, "in");
  await mkdir(folder);
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

type Entry = Partial<Header> & { readonly name: string; readonly content?: string };

async function* tarOf(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const tar = pack();
  for (const { content, ...header } of entries) tar.entry(header, content ?? "");
  tar.finalize();
  for await (const chunk of tar as AsyncIterable<Buffer>) yield chunk;
}

const unpack = (entries: readonly Entry[], rules = RULES): Promise<void> =>
  unpackTar(tarOf(entries), folder, rules, never);

test("files, folders, links and modes come out as they went in", async () => {
  const mtime = new Date("2024-05-06T07:08:09Z");
  await unpack([
    { name: "./", type: "directory", mode: 0o750, mtime },
    { name: "./bin/", type: "directory", mode: 0o755, mtime },
    { name: "./bin/run", content: "#!/bin/sh", mode: 0o755, mtime },
    { name: "./empty", content: "" },
    { name: "deep/er/file", content: "x" },
    { name: "bin/again", type: "symlink", linkname: "run" },
    { name: "deep/er/up", type: "symlink", linkname: "../../bin/run" },
    { name: "hard", type: "link", linkname: "bin/run" },
  ]);

  expect((await readdir(folder)).toSorted()).toEqual(["bin", "deep", "empty", "hard"]);
  expect((await stat(join(folder, "bin/run"))).mode & 0o7777).toBe(0o755);
  expect((await stat(join(folder, "bin"))).mtime).toEqual(mtime);
  expect((await stat(folder)).mode & 0o7777).toBe(0o750);
  expect(await readlink(join(folder, "bin/again"))).toBe("run");
  expect(await readFile(join(folder, "deep/er/up"), "utf8")).toBe("#!/bin/sh");
  expect((await stat(join(folder, "hard"))).ino).toBe((await stat(join(folder, "bin/run"))).ino);
});

test.each<[string, readonly Entry[]]>([
  ["an absolute name", [{ name: "/etc/passwd", content: "x" }]],
  ["a name that leads out", [{ name: "../outside", content: "x" }]],
  ["a name that leads out further down", [{ name: "a/../../outside", content: "x" }]],
  ["an absolute link", [{ name: "a", type: "symlink", linkname: "/etc/passwd" }]],
  ["a link that leads out", [{ name: "a/b", type: "symlink", linkname: "../../outside" }]],
  [
    "a link that leads out through another link",
    [
      { name: "sub/up", type: "symlink", linkname: ".." },
      { name: "out", type: "symlink", linkname: "sub/up/../outside" },
    ],
  ],
  [
    "a file written through a link",
    [
      { name: "here", type: "symlink", linkname: "." },
      { name: "here/file", content: "x" },
    ],
  ],
  [
    "a link in the place of a folder",
    [
      { name: "a/file", content: "x" },
      { name: "a", type: "symlink", linkname: "b" },
    ],
  ],
  ["a hard link to something outside", [{ name: "a", type: "link", linkname: "../outside" }]],
  ["a hard link to what is not there", [{ name: "a", type: "link", linkname: "missing" }]],
  [
    "a hard link through a link",
    [
      { name: "here", type: "symlink", linkname: "." },
      { name: "file", content: "x" },
      { name: "a", type: "link", linkname: "here/file" },
    ],
  ],
  ["a device", [{ name: "a", type: "character-device" }]],
  ["a pipe", [{ name: "a", type: "fifo" }]],
  [
    "a name given twice",
    [
      { name: "a", content: "1" },
      { name: "./a", content: "2" },
    ],
  ],
  ["more bytes than allowed", [{ name: "a", content: "x".repeat(1_000_001) }]],
])("%s is refused, and nothing is outside", async (_, entries) => {
  await expect(unpack(entries)).rejects.toMatchObject({ code: "payload-refused" });
  expect(await readdir(root)).toEqual(["in"]);
});

test("set-id bits are dropped where owners are not kept", async () => {
  await unpack([{ name: "a", content: "x", mode: 0o4755 }]);
  expect((await stat(join(folder, "a"))).mode & 0o7777).toBe(0o755);
});

test("set-id bits are kept where owners are, and owners where the agent may set them", async () => {
  const entry = { name: "a", content: "x", mode: 0o4755, uid: 1234, gid: 567 };
  await unpack([entry], { ...RULES, keepsOwners: true });

  const { mode, uid, gid } = await lstat(join(folder, "a"));
  expect(mode & 0o7777).toBe(0o4755);
  const isRoot = process.getuid?.() === 0;
  expect([uid, gid]).toEqual(isRoot ? [1234, 567] : [process.getuid?.(), process.getgid?.()]);
});

test("an archive that ends too early is an error", async () => {
  async function* cut(): AsyncGenerator<Uint8Array> {
    for await (const chunk of tarOf([{ name: "a", content: "x".repeat(5_000) }])) {
      yield chunk.subarray(0, 600);
      return;
    }
  }
  await expect(unpackTar(cut(), folder, RULES, never)).rejects.toMatchObject({
    code: "payload-refused",
    detail: expect.stringMatching(/^the archive cannot be read: .*end of data/i),
  });
});

test("an error of the bytes themselves is the error that is thrown", async () => {
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield* tarOf([{ name: "a", content: "x" }]);
    throw new Error("the digest is wrong");
  }
  await expect(unpackTar(broken(), folder, RULES, never)).rejects.toThrow("the digest is wrong");
});
