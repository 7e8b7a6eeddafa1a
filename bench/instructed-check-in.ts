import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SERVER_BUNDLE, startLocalServer } from "../tools/local/local-server.ts";
import { words } from "../tools/local/moult-command.ts";
import { enrolDevices, requestText } from "./check-in/devices.ts";
import { measureInstructionCrypto } from "./check-in/instruction-crypto.ts";
import { CONNECTIONS, runLoad, type Load } from "./check-in/run-load.ts";
import { summary, type BenchOptions, type BenchReport, type BenchResult } from "./measure.ts";

export const name = "instructed-check-in";
export const question =
  "How many check-ins a second are answered with a freshly signed instruction, and what does the signer take of it?";

const DEVICES = 500;

export async function run({ runs, say }: BenchOptions): Promise<BenchReport> {
  const folder = mkdtempSync(join(tmpdir(), "moult-bench-instructed-"));
  const server = await startLocalServer({
    dataFolder: join(folder, "server"),
    program: SERVER_BUNDLE,
    settings: {
      MOULT_TLS_MODE: "off",
      MOULT_LOG_LEVEL: "warn",
      // The cap is there to be reached by a thief, not by this.
      MOULT_SIGNER_INSTALLS_PER_MINUTE: "1000000",
    },
  });
  try {
    say(`enrols ${DEVICES} devices`);
    const { devices, moult, trust } = await enrolDevices(folder, server, DEVICES, CONNECTIONS);
    const requestsFile = join(folder, "requests.json");
    writeFileSync(requestsFile, JSON.stringify(devices.map((device) => requestText(device, true))));
    const signer = Number(readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, "utf8"));
    const measure = async (what: string): Promise<BenchResult[]> => {
      const loads: Load[] = [];
      await runLoad(server.port, [server.pid, signer], requestsFile, 200);
      for (let index = 0; index < runs; index += 1) {
        const load = await runLoad(server.port, [server.pid, signer], requestsFile, 200);
        say(`${what}, run ${index + 1}: ${Math.round(load.perSecond)}/s`);
        loads.push(load);
      }
      const perCore = (process: number) => loads.map((load) => load.perCore[process] ?? Number.NaN);
      return [
        summary(
          what,
          "per second",
          loads.map(({ perSecond }) => perSecond),
        ),
        summary(what, "per second of the server's processor time", perCore(0)),
        summary(what, "per second of the signer's processor time", perCore(1)),
      ];
    };

    const nothing = await measure("nothing to do");
    say("offers every device an update");
    writeFileSync(join(folder, "content"), "2.0");
    await moult.ok(
      words`artifact create content --type single-file --dest-dir /srv --name 2.0 --hardware-type board --out 2.0.mender`,
    );
    await moult.ok(words`release upload --product bench 2.0.mender`);
    await trust.publish();
    await moult.ok(words`deployment create bench/2.0 --all --name bench`);
    const install = await measure("install");
    return { results: [...nothing, ...install, ...alone(runs)], ratios: {} };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without server and network. */
function alone(runs: number): BenchResult[] {
  measureInstructionCrypto();
  const measured = Array.from({ length: runs }, () => measureInstructionCrypto());
  const unit = "per second of one thread";
  return [
    summary(
      "instruction, made and signed",
      unit,
      measured.map(({ signedPerSecond }) => signedPerSecond),
    ),
    summary(
      "instruction, verified",
      unit,
      measured.map(({ verifiedPerSecond }) => verifiedPerSecond),
    ),
  ];
}
