import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLocalDevice, type LocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor, type LocalProcess } from "../../tools/local/local-process.ts";
import { singleFileArtifact } from "./agent-artifact.fixture.ts";
import { DeviceServer, type Exchange } from "./device-server.fixture.ts";

// An agent whose server hears everything and whose answers come not at all, for requests that arrived twice, or late.

const FILE = "/opt/app/program";

let folder: string;
let server: DeviceServer;
let device: LocalDevice;
let agent: LocalProcess;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-lossy-"));
  server = await new DeviceServer().listen();
  server.checkInSeconds = 1;
  device = await createLocalDevice({ root: join(folder, "device"), serial: "A-1" });
  const provisioning = join(folder, "provisioning.json");
  writeFileSync(provisioning, JSON.stringify(server.provisioning()));
  device.run("provision", provisioning);
});
afterEach(async () => {
  await agent.kill();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const kindOf = (path: string): string =>
  path.includes("/events") ? "events" : path.includes("/blobs") ? "blob" : path;

const AGAIN = "x-again";

/** The same request once more, as a proxy that lost the answer sends it. */
async function again({ method, path, headers, body }: Exchange): Promise<void> {
  const { host: _host, connection: _connection, "content-length": _length, ...rest } = headers;
  const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, {
    method,
    headers: { ...(rest as Record<string, string>), [AGAIN]: "1" },
    ...(method === "GET" ? {} : { body: new Uint8Array(body) }),
  });
  await answer.arrayBuffer();
}

/** Of each kind of request the answers are lost, doubled, late and good, in turn. */
function spoilAnswers(): ReadonlyMap<string, number> {
  const spoilt = new Map<string, number>();
  const seen = new Map<string, number>();
  const count = (what: string): void => void spoilt.set(what, (spoilt.get(what) ?? 0) + 1);
  server.intercept = async (exchange) => {
    const { path, headers, response } = exchange;
    if (headers[AGAIN] !== undefined) return false;
    const kind = kindOf(path);
    const turn = seen.get(kind) ?? 0;
    seen.set(kind, turn + 1);
    if (turn % 4 === 1) {
      count("lost");
      response.writeHead = () => response.destroy() as never;
      response.end = () => response.destroy() as never;
    } else if (turn % 4 === 2) {
      count("doubled");
      await again(exchange);
    } else if (turn % 4 === 3) {
      // Long enough for whatever else the agent asks meanwhile to be answered before.
      count("late");
      await sleep(700);
    }
    return false;
  };
  return spoilt;
}

const soon = <T>(what: string, question: () => T | undefined): Promise<T> =>
  waitFor(what, question, 90_000, 20).catch((cause: unknown) => {
    throw new Error(`${what}; the agent's log ends with:\n${agent.tail(30)}`, { cause });
  });

async function offer(artifactName: string, content: string): Promise<string> {
  const artifact = await singleFileArtifact({
    artifactName,
    destination: FILE,
    content: Buffer.from(content),
  });
  return server.offer(server.addBlob(artifact), artifactName);
}

test("answers that are lost, doubled and late change neither what is installed nor what is told", async () => {
  const spoilt = spoilAnswers();
  agent = await device.start();

  for (const version of ["2.0", "3.0", "4.0"]) {
    const assignmentId = await offer(version, `program ${version}`);
    const of = () => server.reports.filter((report) => report.assignmentId === assignmentId);
    await soon(`the end of ${version}`, () => of().find(({ event }) => event.kind === "finished"));
    await soon(`a check-in that says ${version}`, () =>
      server.checkIns.find(({ running }) => running?.artifactName === version),
    );

    expect(readFileSync(join(device.root, FILE), "utf8")).toBe(`program ${version}`);
    // A report that arrives again is the same report.
    const told = new Map<number, string>();
    for (const { event } of of()) {
      const text = JSON.stringify(event);
      expect(told.get(event.sequence) ?? text).toBe(text);
      told.set(event.sequence, text);
    }
    const finished = [...told.values()].filter((text) => text.includes('"finished"'));
    expect(finished).toHaveLength(1);
    expect(finished[0]).toContain('"succeeded"');
  }

  expect(server.devices.size).toBe(1);
  for (const what of ["lost", "doubled", "late"]) expect(spoilt.get(what)).toBeGreaterThan(2);
});
