import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@moult/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DeviceServer, problem } from "../../../../tests/system/device-server.fixture.ts";
import { linkedDevice, type LinkedDevice } from "../server-link/linked-device.fixture.ts";
import { systemTicker } from "../platform/ticker.ts";
import type { Ticker } from "@moult/agent-core";
import { createDownloads, type DownloadDeps, type Wanted } from "./create-downloads.ts";

let server: DeviceServer;
let device: LinkedDevice;
let root: string;
let content: Buffer;
let wanted: Wanted;
let progress: number[];
const never = new AbortController().signal;

beforeEach(async () => {
  server = await new DeviceServer().listen();
  device = await linkedDevice(server);
  root = await mkdtemp(join(tmpdir(), "moult-downloads-"));
  content = randomBytes(1_000_000);
  wanted = server.addBlob(content);
  progress = [];
});
afterEach(async () => {
  await device.close();
  await server.close();
  await rm(root, { recursive: true, force: true });
});

/** Pauses between tries take no time; how long they would have been is remembered. */
function hurriedTicker(pausesMs: number[] = []): Ticker {
  let skippedMs = 0;
  return {
    monotonicMs: () => systemTicker.monotonicMs() + skippedMs,
    sleep: async (delayMs, signal) => {
      signal.throwIfAborted();
      pausesMs.push(delayMs);
      skippedMs += delayMs;
    },
  };
}

function downloads(overrides: Partial<DownloadDeps> = {}) {
  return createDownloads({
    session: device.session,
    folder: join(root, "downloads"),
    limits: { bytesPerSecondMin: 1, windowMs: 60_000, deadlineMs: 3_600_000, reserveBytes: 0 },
    ticker: hurriedTicker(),
    random: seededRandom(1),
    log: device.log,
    ...overrides,
  });
}

const file = (): string => join(root, "artifact.mender");
const fetchIt = (overrides: Partial<DownloadDeps> = {}, signal = never): Promise<void> =>
  downloads(overrides).fetch(wanted, file(), signal, (percent) => progress.push(percent));
const parts = (): Promise<string[]> => readdir(join(root, "downloads"));

/** Ends each of the next connections after so many bytes of the blob. */
function cutAfter(...counts: number[]): void {
  server.intercept = ({ path, headers, response }) => {
    if (!path.startsWith("/device/v1/blobs/")) return false;
    const count = counts.shift();
    if (count === undefined) return false;
    server.ranges.push(headers.range);
    const start = Number(/bytes=(\d+)-/.exec(headers.range ?? "")?.[1] ?? 0);
    const range = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": content.length - start,
      ...(start > 0 ? range : {}),
    });
    response.write(content.subarray(start, start + count), () => response.destroy());
    return true;
  };
}

test("a file arrives whole, verified, with its progress, and leaves no part behind", async () => {
  await fetchIt();

  expect((await readFile(file())).equals(content)).toBe(true);
  expect(await parts()).toEqual([]);
  expect(progress.at(-1)).toBe(100);
  expect(progress).toEqual(progress.toSorted((left, right) => left - right));
  expect(new Set(progress).size).toBe(progress.length);
});

test("a connection that is cut again and again is taken up where it ended", async () => {
  cutAfter(300_000, 1, 0, 400_000);

  await fetchIt();

  expect((await readFile(file())).equals(content)).toBe(true);
  expect(server.ranges[0]).toBeUndefined();
  const starts = server.ranges
    .slice(1)
    .map((range) => Number(/bytes=(\d+)-/.exec(range ?? "")?.[1]));
  expect(starts.every((start, index) => start > 0 && start >= (starts[index - 1] ?? 0))).toBe(true);
});

test("what an earlier run of the agent fetched is not fetched again", async () => {
  await rm(join(root, "downloads"), { recursive: true, force: true });
  const stop = new AbortController();
  const first = downloads().fetch(wanted, file(), stop.signal, (percent) => {
    if (percent >= 40) stop.abort(new Error("power cut"));
  });
  await expect(first).rejects.toThrow("power cut");
  const [part = ""] = await parts();
  const { size } = await stat(join(root, "downloads", part));
  expect(size).toBeGreaterThan(0);

  server.ranges.length = 0;
  await fetchIt();

  expect(server.ranges).toEqual(size === content.length ? [] : [`bytes=${size}-`]);
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("a part that a power cut damaged is thrown away and fetched anew", async () => {
  await createPart(Buffer.alloc(500_000));

  await fetchIt();

  expect(server.ranges).toEqual(["bytes=500000-", undefined]);
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("a part longer than the file is thrown away", async () => {
  await createPart(Buffer.alloc(2_000_000));
  await fetchIt();
  expect(server.ranges).toEqual([undefined]);
});

test("a file that is here already is verified, not fetched", async () => {
  await writeFile(file(), content);
  await fetchIt();
  expect(server.ranges).toEqual([]);
  expect(progress).toEqual([100]);
});

test("a file that is here but was changed is fetched anew", async () => {
  await writeFile(file(), Buffer.alloc(content.length));
  await fetchIt();
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("content that is not what was instructed is refused after a second try, and nothing of it is kept", async () => {
  server.blobs.set(wanted.sha256, randomBytes(content.length));

  await expect(fetchIt()).rejects.toMatchObject({ code: "download-digest-mismatch" });

  expect(server.ranges).toHaveLength(2);
  expect(await parts()).toEqual([]);
  await expect(stat(file())).rejects.toThrow("ENOENT");
});

test("a server that sends more than was instructed is cut off at the instructed length", async () => {
  let sentBytes = 0;
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/")) return false;
    response.writeHead(200);
    const more = (): void => {
      if (response.destroyed) return;
      sentBytes += 65_536;
      response.write(Buffer.alloc(65_536), more);
    };
    more();
    return true;
  };
  await expect(fetchIt()).rejects.toMatchObject({ code: "download-refused" });
  expect(sentBytes).toBeLessThan(20_000_000);
  expect(await parts()).toEqual([]);
});

test("a server that ignores the range is understood: the file starts over", async () => {
  await createPart(content.subarray(0, 400_000));
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/")) return false;
    response.writeHead(200).end(content);
    return true;
  };
  await fetchIt();
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("a range that does not begin where the part ends is not appended", async () => {
  await createPart(content.subarray(0, 400_000));
  let tries = 0;
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/") || (tries += 1) > 1) return false;
    response.writeHead(206, { "content-range": `bytes 0-999999/1000000` }).end(content);
    return true;
  };
  await fetchIt();
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("a connection that drips is given up and taken up again", async () => {
  let tries = 0;
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/") || (tries += 1) > 2) return false;
    response.writeHead(200).write(content.subarray(0, 10));
    return true;
  };
  const limits = {
    bytesPerSecondMin: 100_000,
    windowMs: 50,
    deadlineMs: 3_600_000,
    reserveBytes: 0,
  };
  await fetchIt({ limits });

  expect(tries).toBe(3);
  const slow = device.log.entries.filter(({ event }) => event === "download-interrupted");
  expect(slow.map(({ fields }) => fields["error"])).toMatchObject([
    { code: "download-slow" },
    { code: "download-slow" },
  ]);
});

test("a download that cannot end is given up at its deadline, with growing pauses before, and its part stays", async () => {
  const pausesMs: number[] = [];
  cutAfter(100_000, ...Array<number>(1_000).fill(0));

  await expect(fetchIt({ ticker: hurriedTicker(pausesMs) })).rejects.toMatchObject({
    code: "download-deadline",
    context: { sizeBytes: content.length },
  });

  expect(pausesMs.length).toBeLessThan(60);
  expect(Math.max(...pausesMs)).toBeGreaterThan(60_000);
  expect(await parts()).toHaveLength(1);
});

test("a server that is ill is asked again; one that offers nothing is not", async () => {
  let tries = 0;
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/") || (tries += 1) > 2) return false;
    if (tries === 1) problem(response, 503, "unavailable");
    // A proxy that lost its server says so in its own words.
    else response.writeHead(404).end("<html>no such host</html>");
    return true;
  };
  await fetchIt();
  expect(tries).toBe(3);

  await rm(file());
  server.blobs.clear();
  await expect(fetchIt()).rejects.toMatchObject({
    code: "download-refused",
    context: { code: "blob-not-offered" },
  });
});

test("a session that ends in the middle of a download is renewed", async () => {
  cutAfter(300_000);
  const first = server.intercept;
  server.intercept = async (exchange) => {
    const isCut = await first(exchange);
    if (isCut) server.expireSessions();
    return isCut;
  };
  await fetchIt();
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("a disk without room is found out before the transfer, and says how much is missing", async () => {
  const limits = { bytesPerSecondMin: 1, windowMs: 60_000, deadlineMs: 1_000, reserveBytes: 5_000 };
  await expect(fetchIt({ limits, freeBytes: async () => 1_000_000 })).rejects.toMatchObject({
    code: "disk-full",
    context: { neededBytes: 1_005_000, freeBytes: 1_000_000 },
  });
  expect(server.ranges).toEqual([]);
});

test("what is already here needs no room", async () => {
  await createPart(content.subarray(0, 900_000));
  await fetchIt({ freeBytes: async () => 100_000 });
  expect((await readFile(file())).equals(content)).toBe(true);
});

test("an abort ends a transfer at once with the abort's reason", async () => {
  server.intercept = ({ path, response }) => {
    if (!path.startsWith("/device/v1/blobs/")) return false;
    response.writeHead(200).write(content.subarray(0, 600_000));
    return true;
  };
  const withdrawn = new AbortController();
  const fetching = downloads().fetch(wanted, file(), withdrawn.signal, (percent) => {
    if (percent >= 50) withdrawn.abort(new Error("withdrawn"));
  });
  await expect(fetching).rejects.toThrow("withdrawn");
});

test("parts that no update needs any more are deleted", async () => {
  await createPart(Buffer.alloc(10));
  await writeFile(join(root, "downloads", `${"ab".repeat(32)}.part`), "");
  await downloads().prune(wanted.sha256);
  expect(await parts()).toEqual([`${wanted.sha256}.part`]);
  await downloads().prune(undefined);
  expect(await parts()).toEqual([]);
});

/** Leaves behind what an earlier run fetched. */
async function createPart(bytes: Buffer): Promise<void> {
  await mkdir(join(root, "downloads"), { recursive: true });
  await writeFile(join(root, "downloads", `${wanted.sha256}.part`), bytes);
}
