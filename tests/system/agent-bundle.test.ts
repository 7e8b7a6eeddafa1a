import { spawnSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { generateSigningKey, signerFromPem } from "@moult/artifact";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AGENT_BUNDLE, createLocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor } from "../../tools/local/local-process.ts";
import { singleFileArtifact } from "./agent-artifact.fixture.ts";
import { DeviceServer } from "./device-server.fixture.ts";
import { oldestNode } from "./oldest-node.fixture.ts";
import {
  TEST_AUTHORITY,
  TEST_CERTIFICATE,
  TEST_CERTIFICATE_KEY,
} from "./test-certificates.fixture.ts";

const FILE = "/opt/app/program";
const nodes = {
  "the oldest Node it promises": oldestNode(),
  "the project's Node": process.execPath,
};
const each = test.each(Object.entries(nodes));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "moult-agent-bundle-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function run(node: string, args: readonly string[], input?: Uint8Array) {
  const command = [AGENT_BUNDLE, "--root", join(root, "device"), ...args];
  return spawnSync(node, command, { encoding: "utf8", ...(input === undefined ? {} : { input }) });
}

async function artifactFile(content: string, signer?: Parameters<typeof signerFromPem>[0]) {
  const path = join(root, `${content}.mender`);
  const artifact = await singleFileArtifact({
    artifactName: content,
    destination: FILE,
    content: Buffer.from(content),
    ...(signer === undefined ? {} : { signer: signerFromPem(signer) }),
  });
  writeFileSync(path, artifact);
  return path;
}

const installed = (): string => readFileSync(join(root, "device", FILE), "utf8");

test("the bundle is one file, small enough for a device, and runs by itself", () => {
  expect(statSync(AGENT_BUNDLE).size).toBeLessThan(1_000_000);
  expect(statSync(AGENT_BUNDLE).mode & 0o111).toBe(0o111);
  expect(readFileSync(AGENT_BUNDLE, "utf8").startsWith("#!/usr/bin/env node\n")).toBe(true);
});

each("%s: version, help, and usage errors with their exit code", (_name, node) => {
  expect(run(node, ["version"]).stdout).toMatch(/^moult-agent \d+\.\d+\.\d+ \(Node v\d+/);
  expect(run(node, ["help"]).stdout).toContain("Exit codes");
  for (const args of [
    [],
    ["frobnicate"],
    ["status", "--yes"],
    ["install"],
    ["install", "a", "b"],
    ["--nonsense"],
  ])
    expect([args, run(node, args).status]).toEqual([args, 2]);
});

each("%s: a device without anything tells its status", (_name, node) => {
  const { status, stdout } = run(node, ["status", "--json"]);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    pid: null,
    serverUrl: null,
    running: { artifactName: "unknown" },
    update: { state: "idle", id: null },
  });
});

each(
  "%s: an artifact is installed from a file and from standard input, without a server",
  async (_name, node) => {
    mkdirSync(join(root, "device/etc/moult"), { recursive: true });
    writeFileSync(
      join(root, "device/etc/moult/artifact_info"),
      "artifact_name=factory-1\ndevice_type=gw2-rev-a\n",
    );
    expect(run(node, ["show-provides"]).stdout).toBe("artifact_name=factory-1\n");
    const two = await artifactFile("2.0");

    expect(run(node, ["install", two])).toMatchObject({ status: 2 });
    expect(run(node, ["commit"])).toMatchObject({ status: 3 });
    expect(run(node, ["install", two, "--allow-unsigned", "--yes"])).toMatchObject({ status: 0 });
    expect(installed()).toBe("2.0");

    const three = readFileSync(await artifactFile("3.0"));
    expect(run(node, ["install", "-", "--allow-unsigned", "--yes"], three)).toMatchObject({
      status: 0,
    });
    expect(installed()).toBe("3.0");
    expect(run(node, ["show-provides"]).stdout).toContain("artifact_name=3.0\n");
  },
);

each(
  "%s: an installation that waits is committed or rolled back by a later command",
  async (_name, node) => {
    const wait = ["--allow-unsigned", "--device-type", "gw2-rev-a"];
    expect(run(node, ["install", await artifactFile("2.0"), ...wait, "--yes"]).status).toBe(0);
    const waiting = run(node, ["install", await artifactFile("3.0"), ...wait]);
    expect(waiting).toMatchObject({ status: 0, stdout: expect.stringContaining("rollback") });
    expect(run(node, ["rollback"]).status).toBe(0);
    expect(installed()).toBe("2.0");

    expect(run(node, ["install", await artifactFile("4.0"), ...wait]).status).toBe(0);
    expect(run(node, ["commit"]).status).toBe(0);
    expect(installed()).toBe("4.0");
    expect(run(node, ["rollback"]).status).toBe(3);
  },
);

each("%s: only artifacts that one of the named keys signed are installed", async (_name, node) => {
  const [own, other] = [
    await generateSigningKey("ecdsa-p256"),
    await generateSigningKey("ecdsa-p256"),
  ];
  const key = join(root, "key.pem");
  writeFileSync(key, own.publicKeyPem);
  const wait = ["--artifact-key", key, "--device-type", "gw2-rev-a", "--yes"];

  for (const artifact of [
    await artifactFile("1.0"),
    await artifactFile("2.0", other.privateKeyPem),
  ]) {
    const refused = run(node, ["install", artifact, ...wait]);
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining("signature") });
  }
  expect(run(node, ["install", await artifactFile("3.0", own.privateKeyPem), ...wait]).status).toBe(
    0,
  );
  expect(installed()).toBe("3.0");
});

each(
  "%s: what a provisioned device demands cannot be loosened on the command line",
  async (_name, node) => {
    const { publicKeyPem } = await generateSigningKey("ecdsa-p256");
    const server = await new DeviceServer().listen();
    const file = join(root, "provisioning.json");
    writeFileSync(file, JSON.stringify(server.provisioning({ artifactKeys: [publicKeyPem] })));
    await server.close();
    expect(run(node, ["provision", file]).status).toBe(0);
    const unsigned = await artifactFile("2.0");

    expect(run(node, ["install", unsigned, "--artifact-key", file]).status).toBe(2);
    expect(run(node, ["install", unsigned, "--yes"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("target-not-signed"),
    });
    // Somebody at the device may do without metadata for once, and not without the payload's own signature.
    expect(run(node, ["install", unsigned, "--allow-unsigned"])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("signature-missing"),
    });
  },
);

each("%s: the daemon enrols over TLS, updates, and stops in good order", async (_name, node) => {
  const tls = { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY, authority: TEST_AUTHORITY };
  const server = await new DeviceServer({ tls }).listen();
  server.checkInSeconds = 1;
  const device = await createLocalDevice({ root: join(root, "device"), serial: "A-1", node });
  const file = join(root, "provisioning.json");
  writeFileSync(file, JSON.stringify(server.provisioning()));
  device.run("provision", file);
  const inventory = join(root, "device/usr/share/moult/inventory/moult-inventory-site");
  mkdirSync(dirname(inventory), { recursive: true });
  writeFileSync(inventory, "#!/bin/sh\necho site=lisbon\n");
  chmodSync(inventory, 0o755);
  const artifact = readFileSync(await artifactFile("2.0"));

  const agent = await device.start();
  try {
    server.offer(server.addBlob(artifact), "2.0");
    const finished = await waitFor(
      "the end of the update",
      () => server.reports.find(({ event }) => event.kind === "finished")?.event,
      30_000,
    );
    expect(finished).toMatchObject({ outcome: "succeeded" });
    expect(server.checkIns[0]?.inventory).toMatchObject({ site: "lisbon" });
  } finally {
    await agent.stop();
    await server.close();
  }
  expect(agent.exitCode()).toBe(0);
  expect(installed()).toBe("2.0");
});
