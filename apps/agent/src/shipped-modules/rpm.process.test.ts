import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
  type ModuleDevice,
  type Shell,
} from "./shipped-module.fixture.ts";

// The real rpm, on a system root and a package database of the test's own.

beforeAll(demandRoot);

interface RpmDevice extends ModuleDevice {
  readonly root: string;
  /** The installed versions of a name. */
  installed(name: string): Promise<readonly string[]>;
  read(path: string): Promise<string>;
  /** The packages that the module keeps for the way back of the next update. */
  kept(): Promise<readonly string[]>;
}

async function anRpmDevice(shell?: Shell): Promise<RpmDevice> {
  const root = await aFolder();
  environment({ MOULT_PACKAGE_ROOT: root });
  const device = await aModuleDevice("rpm", shell);
  afterwards(() => device.device.close());
  return {
    ...device,
    root,
    installed: async (name) => {
      const query = ["--root", root, "-q", "--qf", "%{VERSION}-%{RELEASE}\n", name];
      const text = await tool("rpm", ...query).catch(() => "");
      return text.split("\n").filter((line) => line !== "");
    },
    kept: () => readdir(join(device.device.paths.dataDir, "modules/kept/rpm")),
    read: (path) => readFile(join(root, path), "utf8").catch(() => "absent"),
  };
}

interface PackageParts {
  readonly architecture?: string;
  readonly requires?: string;
  /** Lua, which rpm runs itself: the root has no shell. */
  readonly before?: string;
  readonly after?: string;
}

const made = new Map<string, Buffer>();

/** Building takes its time, so the same package is built once. */
async function aPackage(name: string, version: string, parts: PackageParts = {}): Promise<Buffer> {
  const key = JSON.stringify([name, version, parts]);
  const known = made.get(key);
  if (known !== undefined) return known;
  const folder = await aFolder();
  const [number = "", release = "1"] = version.split("-");
  const architecture = parts.architecture ?? "noarch";
  const spec = `
Name: ${name}
Version: ${number}
Release: ${release}
Summary: made by a test
License: none
AutoReqProv: no
${parts.requires === undefined ? "" : `Requires: ${parts.requires}`}
%description
Made by a test.
%install
mkdir -p %{buildroot}/usr/share/${name}
printf %s ${version} > %{buildroot}/usr/share/${name}/version
${parts.before === undefined ? "" : `%pre -p <lua>\n${parts.before}`}
${parts.after === undefined ? "" : `%post -p <lua>\n${parts.after}`}
%files
/usr/share/${name}/version
`;
  await writeFile(join(folder, "package.spec"), spec);
  await tool(
    "rpmbuild",
    "-bb",
    "--quiet",
    "--target",
    architecture,
    "-D",
    `_topdir ${folder}`,
    "-D",
    "_build_id_links none",
    "-D",
    "_binary_payload w1.gzdio",
    join(folder, "package.spec"),
  );
  const file = join(
    folder,
    "RPMS",
    architecture,
    `${name}-${number}-${release}.${architecture}.rpm`,
  );
  const content = await readFile(file);
  made.set(key, content);
  return content;
}

const WELL = { outcome: "succeeded", detail: "" };
const NO_LUCK = { before: 'error("no luck")' };

describe.each<Shell>(["dash", "busybox"])("an RPM package, in %s", (shell) => {
  test("is installed, updated, made older, and taken back when the next one fails", async () => {
    const device = await anRpmDevice(shell);
    expect(await device.install({ "web.rpm": await aPackage("web", "1.0-3") })).toEqual({
      ...WELL,
      runs: "release-1",
    });
    expect(await device.installed("web")).toEqual(["1.0-3"]);
    expect(await device.install({ "web.rpm": await aPackage("web", "2.0-1") })).toMatchObject(WELL);
    expect(await device.install({ "web.rpm": await aPackage("web", "1.0-3") })).toMatchObject(WELL);
    expect(await device.read("usr/share/web/version")).toBe("1.0-3");

    const files = {
      "a,new..rpm": await aPackage("library", "1"),
      "web-3.0.rpm": await aPackage("web", "3.0", { requires: "library", ...NO_LUCK }),
    };
    expect(await device.install(files)).toEqual({
      outcome: "rolled-back",
      detail: "update module ArtifactInstall ended with exit code 1",
      runs: "release-3",
    });
    expect(await device.said()).toContain("no luck");
    expect(await device.installed("web")).toEqual(["1.0-3"]);
    expect(await device.installed("library")).toEqual([]);
    expect(await device.kept()).toEqual(["web.noarch_0:1.0-3.rpm"]);
  });
});

test("an agent that ends while rpm runs finds the former package again, and no other", async () => {
  const device = await anRpmDevice();
  await device.install({ "web.rpm": await aPackage("web", "1.0") });
  const after = 'io.open("/reached", "w"):close() posix.sleep(60)';
  await device.begin({ "web.rpm": await aPackage("web", "2.0", { after }) });
  await expect.poll(() => device.read("reached"), PATIENT).toBe("");

  await device.device.restart();
  expect(await device.ended()).toMatchObject({ outcome: "rolled-back", runs: "release-1" });
  expect(await device.installed("web")).toEqual(["1.0-1"]);
  expect(await device.read("usr/share/web/version")).toBe("1.0");
});

test("a package of which no former version is kept has no way back, unless the payload brings it", async () => {
  const device = await anRpmDevice();
  const former = await aPackage("web", "1.0");
  const file = join(await aFolder(), "web.rpm");
  await writeFile(file, former);
  await mkdir(join(device.root, "var/lib/rpm"), { recursive: true });
  await tool("rpm", "--root", device.root, "-i", file);

  const broken = await aPackage("web", "3.0", NO_LUCK);
  expect(await device.install({ "web.rpm": broken, "web.former.rpm": former })).toMatchObject({
    outcome: "rolled-back",
    runs: "factory-1",
  });
  expect(await device.install({ "web.rpm": broken })).toMatchObject({
    outcome: "failed",
    runs: "release-2_INCONSISTENT",
  });
  expect(await device.said()).toMatch(/no package of web.noarch 0:1.0-1 is kept here/);
});

test("what rpm would not take is refused before anything changes, in words", async () => {
  const device = await anRpmDevice();
  const web = await aPackage("web", "1.0");
  const refused: readonly (readonly [Readonly<Record<string, string | Uint8Array>>, string])[] = [
    [{ "web.rpm": web.subarray(0, 100) }, "web.rpm is not an RPM package, or a damaged one"],
    [{ "web.deb": web }, "the payload holds web.deb, which is not named like a package"],
    [{ "web.former.rpm": web }, "the payload holds no package to install"],
    [
      { "a.rpm": web, "b.rpm": await aPackage("web", "2.0") },
      "the payload holds more than one package of web.noarch",
    ],
    [
      { "web.rpm": await aPackage("web", "1.0", { architecture: "sparc64" }) },
      "intended for a different architecture",
    ],
    [
      { "web.rpm": await aPackage("web", "1.0", { requires: "missing >= 3" }) },
      "missing >= 3 is needed by web",
    ],
  ];
  for (const [files, words] of refused) {
    expect(await device.install(files)).toMatchObject({ outcome: "failed", runs: "factory-1" });
    expect(await device.said()).toContain(words);
  }
  expect(await device.installed("web")).toEqual([]);
});

test("rpm killed at any moment leaves the one version whole that the device says it runs", async () => {
  const device = await anRpmDevice();
  const releases: string[] = [];
  await killModules(
    device,
    async (round) => ({ "web.rpm": await aPackage("web", `${round}.0`) }),
    async ({ runs }, round) => {
      releases.push(`release-${round + 1}`);
      const version = `${releases.indexOf(runs)}.0`;
      expect(await device.installed("web")).toEqual([`${version}-1`]);
      expect(await device.read("usr/share/web/version")).toBe(version);
    },
  );
});
