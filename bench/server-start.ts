import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createClient, createCookieJar } from "@moult/client";
import { SERVER_BUNDLE, startLocalServer, type LocalServer } from "../tools/local/local-server.ts";
import { residentBytes, summary, type BenchOptions, type BenchReport } from "./measure.ts";

export const name = "server-start";
export const question =
  "How soon is the server ready, and how much memory do it and its signer take when nothing happens?";

const MEGABYTE = 1_000_000;
/** Long enough for what a start leaves behind to be collected. */
const SETTLE_MS = 5_000;
const PLAIN = { MOULT_TLS_MODE: "off" };

export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  const first: number[] = [];
  const firstOverTls: number[] = [];
  const again: number[] = [];
  const serverBytes: number[] = [];
  const signerBytes: number[] = [];
  const signedInBytes: number[] = [];
  const stop: number[] = [];
  for (let index = 0; index < runs; index += 1) {
    const folder = mkdtempSync(join(tmpdir(), "moult-bench-start-"));
    try {
      // A first start makes keys, tables and compiled code; over TLS also an authority and a certificate.
      const overTls = await timedStart(join(folder, "tls", "data"), {});
      firstOverTls.push(overTls.readyMs);
      await overTls.server.stop();
      const fresh = await timedStart(join(folder, "plain", "data"), PLAIN);
      first.push(fresh.readyMs);
      await fresh.server.stop();

      const { server, readyMs } = await timedStart(join(folder, "plain", "data"), PLAIN);
      again.push(readyMs);
      await sleep(SETTLE_MS);
      serverBytes.push(residentBytes(server.pid).now / MEGABYTE);
      signerBytes.push(residentBytes(signerOf(server)).now / MEGABYTE);
      await signIn(server);
      await sleep(SETTLE_MS);
      signedInBytes.push(residentBytes(server.pid).now / MEGABYTE);

      const stoppedMs = performance.now();
      await server.stop();
      stop.push(performance.now() - stoppedMs);
      say(`run ${index + 1}: ready again after ${Math.round(readyMs)} ms`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return {
    results: [
      summary("first start over TLS to ready", "ms", firstOverTls),
      summary("first start to ready", "ms", first),
      summary("later start to ready", "ms", again),
      summary("server, idle", "MB", serverBytes),
      summary("signer, idle", "MB", signerBytes),
      summary("server after a person signed in", "MB", signedInBytes),
      summary("stop", "ms", stop),
    ],
    ratios: {},
  };
}

/** From starting the process until `/readyz` says yes: database, blobs and signer answer. */
async function timedStart(
  dataFolder: string,
  settings: Readonly<Record<string, string>>,
): Promise<{ readonly server: LocalServer; readonly readyMs: number }> {
  const startedMs = performance.now();
  const server = await startLocalServer({ dataFolder, settings, program: SERVER_BUNDLE });
  return { server, readyMs: performance.now() - startedMs };
}

function signerOf({ pid }: LocalServer): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const signer = Number(children.split(" ")[0]);
  if (!Number.isSafeInteger(signer) || signer <= 0) throw new Error("the server has no signer");
  return signer;
}

async function signIn(server: LocalServer): Promise<void> {
  const client = createClient({
    baseUrl: server.url,
    credentials: { kind: "cookies", jar: createCookieJar() },
  });
  await client.call("completeSetup", {
    body: {
      setupCode: await server.setupCode(),
      name: "Bench",
      email: "bench@example.org",
      password: "a password of the bench",
    },
  });
}
