import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { PATIENT, tarOf } from "../update-runner/device.fixture.ts";
import {
  aFolder,
  aModuleDevice,
  afterwards,
  demandRoot,
  environment,
  killModules,
  tool,
  toolIn,
  writeExecutable,
  type ModuleDevice,
} from "./shipped-module.fixture.ts";

const run = promisify(execFile);

// The real podman and podman-compose: containers, images and networks of the test's own, in a network of its own.

interface Containers {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Ends its network, and with it what is left of theirs. */
  end(): Promise<void>;
}

demandRoot();
const containers = await ownContainers();
afterAll(() => containers.end());

const obstacle = await obstacleToContainers();
/** A kernel without what containers are made of, or a machine that is a container itself, cannot run them. */
function testContainers(name: string, run: () => Promise<void>): void {
  if (obstacle === undefined) test(name, run);
  else process.stderr.write(`Left out, as podman runs no container here (${obstacle}): ${name}\n`);
}

/** What keeps podman from running a container of a shell here; undefined when nothing does. */
async function obstacleToContainers(): Promise<string | undefined> {
  const env = { ...process.env, ...containers.variables };
  const image = join(containers.folder, "probe.tar");
  try {
    await writeFile(image, await anImage("localhost/probe:latest", "it runs", "exit 0"));
    await run("podman", ["load", "--input", image], { env });
    const { stdout } = await run("podman", ["run", "--rm", "localhost/probe:latest"], { env });
    await run("podman", ["rmi", "localhost/probe:latest"], { env });
    return stdout.trim() === "it runs" ? undefined : `a container printed "${stdout}"`;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

async function ownContainers(): Promise<Containers> {
  const folder = await mkdtemp(join(tmpdir(), "moult-containers-"));
  // Machines of tests may not raise limits, mount overlays, or have systemd.
  await writeFile(
    join(folder, "containers.conf"),
    `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "cni"
network_config_dir = "${folder}/networks"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
static_dir = "${folder}/static"
tmp_dir = "${folder}/tmp"
volume_path = "${folder}/volumes"
`,
  );
  await writeFile(
    join(folder, "storage.conf"),
    `[storage]\ndriver = "vfs"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`,
  );
  const network = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
  await writeExecutable(
    join(folder, "bin/podman"),
    `exec nsenter --net=/proc/${network.pid}/ns/net -- /usr/bin/podman "$@"`,
  );
  return {
    folder,
    variables: {
      CONTAINERS_CONF: join(folder, "containers.conf"),
      CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
    },
    end: async () => {
      network.kill("SIGKILL");
      await once(network, "exit");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

interface ComposeDevice extends ModuleDevice {
  /** What the containers that run say they are, and nothing of those that do not. */
  running(): Promise<readonly string[]>;
  images(): Promise<readonly string[]>;
}

async function aComposeDevice(): Promise<ComposeDevice> {
  environment({
    ...containers.variables,
    MOULT_CONTAINER_ENGINE: "podman",
    MOULT_COMPOSE_WAIT_SECONDS: "60",
  });
  const device = await aModuleDevice("docker-compose");
  afterwards(async () => {
    await device.device.close();
    await tool("podman", "rm", "--all", "--force", "--time", "0");
    await tool("podman", "rmi", "--all", "--force");
  });
  const listed = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await tool("podman", ...args))
      .split("\n")
      .filter((line) => line !== "")
      .toSorted();
  return {
    ...device,
    running: async () => {
      const ids = await listed("ps", "--quiet");
      return Promise.all(ids.map(async (id) => (await tool("podman", "logs", id)).trim()));
    },
    images: () => listed("images", "--format", "{{.Repository}}:{{.Tag}}"),
  };
}

/** Ends when it is asked to, as the first process of a container does only when it says so. */
const RUNS = "trap 'exit 0' TERM; sleep 600 & wait";

/** An image as `docker save` makes it, of a shell and a file that tells it from others. */
async function anImage(name: string, version: string, command: string): Promise<Buffer> {
  const folder = await aFolder();
  await mkdir(join(folder, "root/bin"), { recursive: true });
  await tool("cp", "/bin/busybox", join(folder, "root/bin/busybox"));
  for (const program of ["sh", "sleep", "cat", "echo"])
    await symlink("busybox", join(folder, "root/bin", program));
  await writeFile(join(folder, "root/version"), `${version}\n`);
  await toolIn(folder, "tar", "-C", "root", "-cf", "root.tar", ".");
  const layer = await readFile(join(folder, "root.tar"));
  const digest = createHash("sha256").update(layer).digest("hex");
  const configuration = JSON.stringify({
    architecture: "amd64",
    os: "linux",
    config: { Cmd: ["/bin/sh", "-c", `cat /version; ${command}`] },
    rootfs: { type: "layers", diff_ids: [`sha256:${digest}`] },
  });
  const manifest = [{ Config: "config.json", RepoTags: [name], Layers: ["layer.tar"] }];
  await writeFile(join(folder, "config.json"), configuration);
  await writeFile(join(folder, "layer.tar"), layer);
  await writeFile(join(folder, "manifest.json"), JSON.stringify(manifest));
  await toolIn(folder, "tar", "-cf", "image.tar", "config.json", "layer.tar", "manifest.json");
  return readFile(join(folder, "image.tar"));
}

async function aRelease(
  version: string,
  command = RUNS,
  name = "localhost/web:latest",
  restart = "no",
): Promise<Readonly<Record<string, Buffer>>> {
  const folder = await aFolder();
  await mkdir(join(folder, "images"));
  await writeFile(join(folder, "images/web image.tar"), await anImage(name, version, command));
  await toolIn(folder, "tar", "-cf", "images.tar", "images");
  const manifest = `version: "3"\nservices:\n  web:\n    image: ${name}\n    restart: "${restart}"\n`;
  return {
    "manifests.tar": await tarOf({ "manifests/docker-compose.yml": manifest }),
    "images.tar": await readFile(join(folder, "images.tar")),
  };
}

const PROJECT = { project_name: "shop", version: "1" };

testContainers(
  "containers are brought up, replaced, and brought back with their own images when the new do not run",
  async () => {
    const device = await aComposeDevice();
    expect(await device.install(await aRelease("one"), PROJECT)).toMatchObject({
      outcome: "succeeded",
    });
    expect(await device.running()).toEqual(["one"]);

    expect(await device.install(await aRelease("two"), PROJECT)).toMatchObject({
      outcome: "succeeded",
    });
    expect(await device.running()).toEqual(["two"]);
    expect(await device.images()).toEqual(["localhost/web:latest"]);

    // The same tag names another image now.
    const broken = await aRelease("three", "echo no luck; exit 3");
    expect(await device.install(broken, PROJECT)).toEqual({
      outcome: "rolled-back",
      detail: "update module ArtifactInstall ended with exit code 1",
      runs: "release-2",
    });
    expect(await device.said()).toContain("no luck");
    expect(await device.running()).toEqual(["two"]);
    expect(await device.images()).toEqual(["localhost/web:latest"]);
  },
);

testContainers(
  "an agent that ends while the new containers start brings the former up again",
  async () => {
    const device = await aComposeDevice();
    await device.install(await aRelease("one"), PROJECT);
    // One that crashes and is started again and again may still become well, so it is waited for.
    const crashing = await aRelease("two", "exit 3", "localhost/web:2", "always");
    await device.begin(crashing, PROJECT);
    await expect
      .poll(() => tool("podman", "ps", "--all", "--format", "{{.Image}}"), PATIENT)
      .toContain("localhost/web:2");
    await device.device.restart();
    expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "release-1" });
    expect(await device.running()).toEqual(["one"]);
    expect(await device.images()).toEqual(["localhost/web:latest"]);
  },
);

// Long, so it is run by hand: `MOULT_KILL_ROUNDS=20 vitest run …docker-compose`.
if (process.env["MOULT_KILL_ROUNDS"] !== undefined)
  test("podman killed at any moment leaves the containers that the device says it runs", async () => {
    const device = await aComposeDevice();
    const releases: string[] = [];
    await killModules(
      device,
      (round) => aRelease(`version ${round}`),
      async ({ runs }, round) => {
        releases.push(`release-${round + 1}`);
        expect(await device.running()).toEqual([`version ${releases.indexOf(runs)}`]);
        expect(await device.images()).toContain("localhost/web:latest");
      },
      PROJECT,
    );
  });

test("what is no composition is refused before a container is stopped, in words", async () => {
  const device = await aComposeDevice();
  const manifest = await tarOf({ "manifests/compose.yaml": "services: {}\n" });
  const refused: readonly (readonly [
    Readonly<Record<string, string | Uint8Array>>,
    Readonly<Record<string, string>>,
    string,
  ])[] = [
    [
      { "manifests.tar": manifest },
      { project_name: "../shop" },
      "no name of a compose project: '../shop'",
    ],
    [{ "manifests.tar": manifest }, {}, "no name of a compose project: ''"],
    [{ "manifests.tar": "text" }, PROJECT, "manifests.tar is no archive, or a damaged one"],
    [{ "images.tar": manifest }, PROJECT, "the payload holds no manifests.tar"],
    [{ "compose.yaml": "services: {}\n" }, PROJECT, "the payload holds compose.yaml; it may hold"],
    [{ "manifests.tar": await tarOf({ "manifests/other.yaml": "" }) }, PROJECT, "no compose file"],
  ];
  for (const [files, metaData, words] of refused) {
    expect(await device.install(files, metaData)).toMatchObject({
      outcome: "failed",
      runs: "factory-1",
    });
    expect(await device.said()).toContain(words);
  }
});
