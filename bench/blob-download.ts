import { execFile } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { present, seededRandom } from "@moult/base";
import { Provisioning } from "@moult/device-protocol";
import { setUpAdministrator } from "../tools/local/administrator.ts";
import { SERVER_BUNDLE, startLocalServer, type LocalServer } from "../tools/local/local-server.ts";
import { createMoultCommand, words } from "../tools/local/moult-command.ts";
import { createFleetLink } from "../tools/fleet/fleet-link.ts";
import { SimulatedDevice } from "../tools/fleet/simulated-device.ts";
import { median, summary, type BenchOptions, type BenchReport } from "./measure.ts";
import { startNginx } from "./peers/nginx.ts";

export const name = "blob-download";
export const question =
  "How fast does a device get an artifact from the server, beside nginx serving the same file?";

const SIZE_BYTES = 512 * 1024 ** 2;
const MEGABYTE = 1_000_000;
const execute = promisify(execFile);

export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-blob-"));
  const nginx = await startNginx(folder, `root ${join(folder, "server", "blobs")};`);
  const server = await startLocalServer({
    dataFolder: join(folder, "server"),
    program: SERVER_BUNDLE,
    settings: { MOULT_TLS_MODE: "off" },
  });
  try {
    say("makes and uploads an artifact of 512 MiB");
    const offer = await openOffer(folder, server);
    const moultUrl = `${server.url}/device/v1/blobs/${offer.sha256}`;
    const { sha256 } = offer;
    const nginxUrl = `http://127.0.0.1:${nginx.port}/${sha256.slice(0, 2)}/${sha256.slice(2, 4)}/${sha256}`;

    const moult: number[] = [];
    const peer: number[] = [];
    const ratios: number[] = [];
    for (let index = 0; index < runs; index += 1) {
      // In turn, so that a machine that slows down slows both.
      const ours = await megabytesPerSecond(moultUrl, offer.token);
      const theirs = await megabytesPerSecond(nginxUrl);
      say(`run ${index + 1}: moult ${Math.round(ours)} MB/s, nginx ${Math.round(theirs)} MB/s`);
      moult.push(ours);
      peer.push(theirs);
      ratios.push(ours / theirs);
    }
    return {
      results: [summary("moult download", "MB/s", moult), summary("nginx download", "MB/s", peer)],
      ratios: { "moult / nginx": median(ratios) },
    };
  } finally {
    await nginx.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A server with one artifact, and one device that is offered it. */
async function openOffer(home: string, server: LocalServer) {
  const moult = createMoultCommand({ home, cwd: home });
  const { trust } = await setUpAdministrator(server, moult);
  await writeNoise(join(home, "noise"), SIZE_BYTES);
  await moult.ok(words`product create bench`);
  await moult.ok(
    words`artifact create noise --type single-file --dest-dir /tmp --name 2.0
      --hardware-type board --compression none --out noise.mender`,
  );
  await moult.ok(words`release upload --product bench noise.mender`);
  await trust.publish();
  const token = await moult.ok(words`enrolment-token create --product bench --accepts`);
  await moult.ok(
    words`device provision --product bench --hardware-type board --enrolment-token ${token.trim()}
      --out provisioning.json`,
  );
  const provisioning = Provisioning.parse(
    JSON.parse(readFileSync(join(home, "provisioning.json"), "utf8")),
  );
  const link = createFleetLink(provisioning, 1);
  const device = new SimulatedDevice(
    {
      link,
      provisioning,
      behaviour: { failPercent: 0, failVersion: undefined, downloads: false, stepMs: 0 },
      random: seededRandom(1),
      wait: (delayMs) => sleep(delayMs),
    },
    "bench",
    0,
    "1.0",
  );
  await device.enrol();
  await device.checkIn();
  await moult.ok(words`deployment create bench/2.0 --all`);
  const offer = present(await device.openOffer(), "an offer");
  link.close();
  return offer;
}

async function megabytesPerSecond(url: string, token?: string): Promise<number> {
  const headers = token === undefined ? [] : ["-H", `Authorization: Bearer ${token}`];
  const format = words`-sS --fail -o /dev/null -w ${"%{size_download} %{time_total}"}`;
  const { stdout } = await execute("curl", [...format, ...headers, url]);
  const [sizeBytes, seconds] = stdout.split(" ").map(Number);
  return present(sizeBytes, "a size") / present(seconds, "a time") / MEGABYTE;
}

async function writeNoise(path: string, sizeBytes: number): Promise<void> {
  const random = seededRandom(42);
  const chunk = Buffer.alloc(1024 ** 2);
  function* noise() {
    for (let written = 0; written < sizeBytes; written += chunk.length) {
      for (let at = 0; at < chunk.length; at += 4)
        chunk.writeUInt32LE(Math.floor(random.fraction() * 2 ** 32), at);
      yield Buffer.from(chunk);
    }
  }
  await pipeline(Readable.from(noise()), createWriteStream(path));
}
