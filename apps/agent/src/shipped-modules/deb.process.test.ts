import { mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { PATIENT } from "../update-runner/device.fixture.ts";
import {
  aFolder,
  aModuleDevice,
  afterwards,
  demandRoot,
  environment,
  killModules,
  tool,
  writeExecutable,
  type ModuleDevice,
  type Shell,
} from "./shipped-module.fixture.ts";

// The real dpkg, on a system root of the test's own: the machine's packages are not touched.

beforeAll(demandRoot);

interface DebDevice extends ModuleDevice {
  readonly root: string;
  /** `status version` of a package, as dpkg has it. */
  status(name: string): Promise<string>;
  read(path: string): Promise<string>;
  /** The packages that the module keeps for the way back of the next update. */
  kept(): Promise<readonly string[]>;
}

async function aDebDevice(shell?: Shell): Promise<DebDevice> {
  const root = await aFolder();
  await mkdir(join(root, "var/lib/dpkg/updates"), { recursive: true });
  await mkdir(join(root, "var/lib/dpkg/info"), { recursive: true });
  await writeFile(join(root, "var/lib/dpkg/status"), "");
  // A shell for the packages' own scripts, which dpkg runs in this root.
  await mkdir(join(root, "bin"));
  await tool("cp", "/bin/busybox", join(root, "bin/busybox"));
  for (const name of ["sh", "sleep", "rm"]) await symlink("busybox", join(root, "bin", name));
  environment({ MOULT_PACKAGE_ROOT: root });
  const device = await aModuleDevice("deb", shell);
  afterwards(() => device.device.close());
  return {
    ...device,
    root,
    status: async (name) => {
      const format = "${db:Status-Status} ${Version}";
      return tool("dpkg-query", `--root=${root}`, "-W", "-f", format, name).catch(() => "absent");
    },
    kept: () => readdir(join(device.device.paths.dataDir, "modules/kept/deb")),
    read: (path) => readFile(join(root, path), "utf8").catch(() => "absent"),
  };
}

interface PackageParts {
  readonly architecture?: string;
  readonly depends?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
}

async function aPackage(name: string, version: string, parts: PackageParts = {}): Promise<Buffer> {
  const folder = join(await aFolder(), "package");
  const files = parts.files ?? { [`usr/share/${name}/version`]: version };
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    `Architecture: ${parts.architecture ?? "all"}`,
    "Maintainer: Test <test@example.com>",
    ...(parts.depends === undefined ? [] : [`Depends: ${parts.depends}`]),
    "Description: made by a test",
    "",
  ];
  await mkdir(join(folder, "DEBIAN"), { recursive: true });
  await writeFile(join(folder, "DEBIAN/control"), control.join("\n"));
  for (const [script, content] of Object.entries(parts.scripts ?? {}))
    await writeExecutable(join(folder, "DEBIAN", script), content);
  const file = `${folder}.deb`;
  await tool("dpkg-deb", "--root-owner-group", "-Znone", "-b", folder, file);
  return readFile(file);
}

const WELL = { outcome: "succeeded", detail: "" };

describe.each<Shell>(["dash", "busybox"])("a Debian package, in %s", (shell) => {
  test("is installed, updated, and taken back when the next one fails", async () => {
    const device = await aDebDevice(shell);
    expect(await device.install({ "web.deb": await aPackage("web", "1.0") })).toEqual({
      ...WELL,
      runs: "release-1",
    });
    expect(await device.status("web")).toBe("installed 1.0");
    expect(await device.install({ "web.deb": await aPackage("web", "2.0-1") })).toMatchObject(WELL);

    const broken = await aPackage("web", "3.0", {
      scripts: { postinst: "echo no luck >&2; exit 1" },
    });
    expect(await device.install({ "web_3.0.deb": broken })).toEqual({
      outcome: "rolled-back",
      detail: "update module ArtifactInstall ended with exit code 1",
      runs: "release-2",
    });
    expect(await device.said()).toContain("no luck");
    expect(await device.status("web")).toBe("installed 2.0-1");
    expect(await device.read("usr/share/web/version")).toBe("2.0-1");
    expect(await device.kept()).toEqual(["web_2.0-1.deb"]);
  });
});

test("packages of one payload may need each other, and new ones are removed on the way back", async () => {
  const device = await aDebDevice();
  await device.install({ "web.deb": await aPackage("web", "1.0") });
  const files = {
    "a,web_2..deb": await aPackage("web", "2.0", { depends: "library (>= 2)" }),
    "-library.deb": await aPackage("library", "2.1", {
      scripts: { postrm: 'echo "$1" >> /removed' },
    }),
    "last.deb": await aPackage("unlucky", "1", { scripts: { postinst: "exit 1" } }),
  };
  expect(await device.install(files)).toMatchObject({ outcome: "rolled-back", runs: "release-1" });
  expect(await device.status("web")).toBe("installed 1.0");
  expect(await device.status("library")).toBe("absent");
  expect(await device.status("unlucky")).toBe("absent");
  expect(await device.read("removed")).toContain("purge");

  const { "last.deb": _, ...good } = files;
  expect(await device.install(good)).toMatchObject(WELL);
  expect(await device.status("library")).toBe("installed 2.1");
});

test("an older package is installed, and the log says so", async () => {
  const device = await aDebDevice();
  await device.install({ "web.deb": await aPackage("web", "2.0") });
  expect(await device.install({ "web.deb": await aPackage("web", "1.9") })).toMatchObject(WELL);
  expect(await device.said()).toContain("web 1.9 is older than 2.0");
  expect(await device.status("web")).toBe("installed 1.9");
});

test("a package of which no former version is kept has no way back: the device says so", async () => {
  const device = await aDebDevice();
  const file = join(await aFolder(), "web.deb");
  await writeFile(file, await aPackage("web", "1.0"));
  await tool("dpkg", `--root=${device.root}`, "-i", file);

  const broken = { "web.deb": await aPackage("web", "2.0", { scripts: { postinst: "exit 1" } }) };
  expect(await device.install(broken)).toMatchObject({
    outcome: "failed",
    runs: "release-1_INCONSISTENT",
  });
  expect(await device.said()).toContain(
    "no package of web 1.0 is kept here, so there is no way back",
  );
});

test.each([
  ["in apt's cache", "cached"],
  ["in the payload", "brought"],
])("a former package %s is a way back, too", async (_, where) => {
  const device = await aDebDevice();
  const former = await aPackage("web", "1:1.0~rc1", { files: { "etc/web": "former" } });
  const cache = join(device.root, "var/cache/apt/archives");
  await mkdir(cache, { recursive: true });
  const cached = join(cache, "web_1%3a1.0~rc1_all.deb");
  await writeFile(cached, former);
  await tool("dpkg", `--root=${device.root}`, "-i", cached);
  if (where === "brought") await tool("rm", cached);

  const broken = await aPackage("web", "2.0", { scripts: { postinst: "exit 1" } });
  const files = { "web.deb": broken, ...(where === "brought" ? { "web.former.deb": former } : {}) };
  expect(await device.install(files)).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
  expect(await device.status("web")).toBe("installed 1:1.0~rc1");
  expect(await device.read("etc/web")).toBe("former");
});

test("an agent that ends while dpkg runs finds the former package again", async () => {
  const device = await aDebDevice();
  await device.install({ "web.deb": await aPackage("web", "1.0") });
  const scripts = { postinst: "echo here > /reached; sleep 60" };
  await device.begin({ "web.deb": await aPackage("web", "2.0", { scripts }) });
  await expect.poll(() => device.read("reached"), PATIENT).toBe("here\n");
  expect(await device.status("web")).toBe("half-configured 2.0");

  await device.device.restart();
  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "release-1" });
  expect(await device.status("web")).toBe("installed 1.0");
});

test("a package whose dependencies are not there is taken away again", async () => {
  const device = await aDebDevice();
  const files = { "web.deb": await aPackage("web", "1.0", { depends: "missing (>= 3)" }) };
  expect(await device.install(files)).toMatchObject({ outcome: "rolled-back", runs: "factory-1" });
  expect(await device.said()).toContain("web depends on missing (>= 3)");
  expect(await device.status("web")).toBe("absent");
});

test("another run of dpkg, as of apt's timers, is waited for", async () => {
  const device = await aDebDevice();
  const slow = join(await aFolder(), "slow.deb");
  const scripts = { postinst: "echo here > /reached; sleep 2" };
  await writeFile(slow, await aPackage("slow", "1.0", { scripts }));
  const other = tool("dpkg", `--root=${device.root}`, "-i", slow);
  await expect.poll(() => device.read("reached"), PATIENT).toBe("here\n");

  expect(await device.install({ "web.deb": await aPackage("web", "1.0") })).toMatchObject(WELL);
  await other;
  expect(await device.status("slow")).toBe("installed 1.0");
  expect(await device.status("web")).toBe("installed 1.0");
});

test("a package that asks for a restart of the machine gets one", async () => {
  const device = await aDebDevice();
  const scripts = { postinst: "echo 1 > /run/reboot-required" };
  await mkdir(join(device.root, "run"));
  await device.begin({ "kernel.deb": await aPackage("kernel", "6.1", { scripts }) });
  await expect.poll(() => device.device.reboots, PATIENT).toEqual([1]);
  await device.device.restart(2);
  expect(await device.ended()).toMatchObject(WELL);

  expect(await device.install({ "web.deb": await aPackage("web", "1.0") })).toMatchObject(WELL);
  expect(device.device.reboots).toEqual([1]);
});

test("what dpkg would not take is refused before anything changes, in words", async () => {
  const device = await aDebDevice();
  const web = await aPackage("web", "1.0");
  const refused: readonly (readonly [Readonly<Record<string, string | Uint8Array>>, string])[] = [
    [{ "web.deb": web.subarray(0, 100) }, "web.deb is not a Debian package, or a damaged one"],
    [{ "web.tar": web }, "the payload holds web.tar, which is not named like a package"],
    [
      { "web.deb": await aPackage("web", "1.0", { architecture: "sparc64" }) },
      "web.deb is for sparc64, this device is ",
    ],
    [
      { "a.deb": web, "b.deb": await aPackage("web", "1.1") },
      "the payload holds more than one package of web",
    ],
    [{ "web.former.deb": web }, "the payload holds no package to install"],
  ];
  for (const [files, words] of refused) {
    expect(await device.install(files)).toMatchObject({ outcome: "failed", runs: "factory-1" });
    expect(await device.said()).toContain(words);
  }
  expect(await device.status("web")).toBe("absent");
});

test("dpkg killed at any moment leaves the one version whole that the device says it runs", async () => {
  const device = await aDebDevice();
  const releases: string[] = [];
  await killModules(
    device,
    async (round) => ({ "web.deb": await aPackage("web", `${round}.0`) }),
    async ({ runs }, round) => {
      releases.push(`release-${round + 1}`);
      const version = `${releases.indexOf(runs)}.0`;
      expect(await device.status("web")).toBe(`installed ${version}`);
      expect(await device.read("usr/share/web/version")).toBe(version);
    },
  );
});
