import { randomBytes } from "node:crypto";
import { mkdtempSync, openAsBlob, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient } from "./create-client.ts";
import { answerProblem } from "./http-server.fixture.ts";
import type { ResumableOptions, ResumableProgress } from "./resumable-upload.ts";
import { startTusServer, type TusServer } from "./tus-server.fixture.ts";
import { browserUploadMemory, type UploadMemory } from "./upload-memory.ts";

const bytes = randomBytes(3_000_000);
const content = new Blob([bytes]);
const place = { product: "gw2", channel: "beta", fileName: "größe.mender" };

let server: TusServer;
let memory: UploadMemory;

beforeEach(async () => {
  server = await startTusServer();
  const kept = new Map<string, string>();
  memory = browserUploadMemory({
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
  });
});
afterEach(() => server.close());

const client = () =>
  createClient({
    baseUrl: server.url,
    credentials: { kind: "api-key", apiKey: "mk_test" },
    random: { fraction: () => 0 },
  });
const upload = (options: ResumableOptions = {}, file = content) =>
  client().resumableUpload(file, place, { memory, ...options });
const only = () => [...server.uploads.values()][0];
const patches = () => server.story.filter((line) => line.startsWith("PATCH"));
/** Cuts every request with this method, as often as this. */
const cut = (method: string, times: number, afterBytes = 0): void => {
  let left = times;
  server.disturb = (request) => {
    if (request.method !== method || left === 0) return false;
    left -= 1;
    if (afterBytes === 0) request.socket.destroy();
    else request.once("data", () => request.socket.destroy());
    return true;
  };
};

test("a file arrives in parts, whole and under its name, and the answer is what it became", async () => {
  const progress: ResumableProgress[] = [];
  const result = await upload({ onProgress: (each) => progress.push(each) });

  expect(result).toMatchObject({ state: "finished", created: true, sizeBytes: bytes.length });
  expect(only()?.bytes.equals(bytes)).toBe(true);
  expect(only()?.metadata).toEqual({ product: "gw2", channel: "beta", filename: "größe.mender" });
  expect(patches().length).toBeGreaterThan(1);
  const done = progress.filter(({ phase }) => phase === "uploading").map((each) => each.doneBytes);
  expect(done).toEqual(done.toSorted((one, other) => one - other));
  expect([done[0], done.at(-1)]).toEqual([0, bytes.length]);
  expect(progress.at(-1)).toMatchObject({ phase: "verifying", doneBytes: 1, problem: null });
  for (const { headers } of server.seen) expect(headers.authorization).toBe("Bearer mk_test");
});

test("a connection that is cut goes on with the byte that the server lacks", async () => {
  const broken: Error[] = [];
  cut("PATCH", 2, 1);
  await upload({ onBroken: (error) => broken.push(error) });

  expect(only()?.bytes.equals(bytes)).toBe(true);
  expect(broken.map((error) => (error as { code?: string }).code)).toEqual(["server-unreachable"]);
});

test("an answer that nobody heard is not sent again", async () => {
  let isLost = false;
  server.disturb = async (request, _response, kept) => {
    if (request.method !== "PATCH" || isLost || kept === undefined) return false;
    isLost = true;
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    kept.bytes = Buffer.concat([kept.bytes, ...parts]);
    request.socket.destroy();
    return true;
  };
  await upload();

  expect(only()?.bytes.equals(bytes)).toBe(true);
  expect(patches().filter((line) => line === "PATCH 0")).toHaveLength(1);
});

test("a client that was stopped goes on where it was, and says how far that is", async () => {
  const stop = new AbortController();
  const stopped = upload({
    signal: stop.signal,
    onProgress: ({ doneBytes }) => {
      if (doneBytes > 0) stop.abort(new Error("enough for today"));
    },
  });
  await expect(stopped).rejects.toThrow("enough for today");
  const kept = only()?.bytes.length ?? 0;
  expect(kept).toBeGreaterThan(0);

  const story = server.story.length;
  let received = 0;
  await upload({ onContinued: ({ receivedBytes }) => (received = receivedBytes) });
  expect(received).toBe(kept);
  expect(server.story.slice(story).find((line) => line.startsWith("PATCH"))).toBe(`PATCH ${kept}`);
  expect(server.uploads.size).toBe(1);
  expect(only()?.bytes.equals(bytes)).toBe(true);
});

test("what the server has forgotten, or what is of another file, is begun anew", async () => {
  const other = new Blob([randomBytes(1_000), bytes.subarray(1_000)]);
  const halfWay = async (file: Blob): Promise<void> => {
    server.disturb = (request, response) => {
      if (request.method !== "PATCH") return false;
      answerProblem(response, 507, "disk-full");
      return true;
    };
    await expect(upload({}, file)).rejects.toMatchObject({ code: "disk-full", status: 507 });
    server.disturb = () => false;
  };
  await halfWay(content);
  let isContinued = false;
  const onContinued = (): void => void (isContinued = true);

  await upload({ onContinued }, other);
  expect([isContinued, server.uploads.size]).toEqual([false, 2]);
  server.uploads.clear();
  await upload({ onContinued });
  expect([isContinued, server.uploads.size]).toEqual([false, 1]);
  await halfWay(content);
  await upload({ onContinued });
  expect([isContinued, server.uploads.size]).toEqual([true, 2]);
});

test("a refusal is thrown as the server's, and the next try begins anew", async () => {
  server.disturb = (request, _response, kept) => {
    if (request.method === "PATCH" && kept !== undefined)
      kept.problem = {
        type: "about:blank",
        title: "Refused",
        status: 422,
        code: "artifact-unsigned",
        detail: "Sign it.",
        requestId: "u1",
      };
    return false;
  };
  await expect(upload()).rejects.toMatchObject({ code: "artifact-unsigned", detail: "Sign it." });

  server.disturb = () => false;
  await upload();
  expect(server.uploads.size).toBe(2);
});

test("what no further try can mend is said at once", async () => {
  server.disturb = (_request, response) => {
    answerProblem(response, 429, "upload-limit");
    return true;
  };

  await expect(upload()).rejects.toMatchObject({ code: "upload-limit" });
  expect(server.story).toEqual(["POST"]);
});

test("a server that is away for a while is waited for, and one that stays away is given up", async () => {
  cut("HEAD", 5);
  await upload();
  expect(only()?.bytes.equals(bytes)).toBe(true);

  server.uploads.clear();
  cut("PATCH", Infinity);
  await expect(upload()).rejects.toMatchObject({ code: "upload-incomplete" });
});

test("a file that changes meanwhile is not taken for a broken connection", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-changing-"));
  const path = join(folder, "file");
  writeFileSync(path, bytes);
  const file = await openAsBlob(path);
  const onProgress = ({ doneBytes }: ResumableProgress): void => {
    if (doneBytes > 0) writeFileSync(path, "something else");
  };

  await expect(upload({ onProgress }, file)).rejects.toMatchObject({ code: "content-unreadable" });
  expect(patches()).toEqual(["PATCH 0"]);
  rmSync(folder, { recursive: true });
});

test("an upload that was cancelled meanwhile is over, and forgotten", async () => {
  server.disturb = (request) => {
    if (request.method === "PATCH") server.uploads.clear();
    return false;
  };
  // The fixture took the upload before it was gone; the next question finds nothing.
  await expect(upload()).rejects.toMatchObject({ code: "not-found" });

  server.disturb = () => false;
  await upload();
  expect(server.uploads.size).toBe(1);
});

test("cancelling asks the server to forget the upload", async () => {
  await upload();
  const [id = ""] = server.uploads.keys();
  await client().cancelUpload(id);

  expect(server.seen.at(-1)).toMatchObject({ method: "DELETE", url: `/api/v1/uploads/${id}` });
});
