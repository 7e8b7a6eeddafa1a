import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ROOT } from "../../tools/build/bundle-program.ts";
import { oldestNode } from "./oldest-node.fixture.ts";

// What a release of this project holds, put together as docs/guide says: command line, agent, update modules.

const SHIPPED = join(ROOT, "dist/modules/v3");

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "moult-shipped-modules-"));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function run(node: string, program: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(node, [join(ROOT, "dist", program), ...args], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  return stdout;
}

test("the shipped update modules are executables that any POSIX shell runs", () => {
  const names = readdirSync(SHIPPED).toSorted();
  expect(names).toEqual(["configuration", "deb", "docker-compose", "rauc", "rpm", "script", "swu"]);
  for (const name of names) {
    const file = join(SHIPPED, name);
    expect(statSync(file).mode & 0o777).toBe(0o755);
    expect(readFileSync(file, "utf8").startsWith("#!/bin/sh\n")).toBe(true);
    for (const shell of ["dash", "busybox sh"]) {
      const { status, stderr } = spawnSync("sh", ["-c", `${shell} -n "$1"`, "sh", file]);
      expect(`${name} in ${shell}: ${stderr.toString()}${status}`).toBe(`${name} in ${shell}: 0`);
    }
  }
});

test("the agent installs what the command line made, by a module copied to where modules are", () => {
  writeFileSync(join(root, "10-note"), `#!/bin/sh\necho ran >> ${root}/notes\n`);
  const artifact = join(root, "script.mender");
  run(
    process.execPath,
    "moult.mjs",
    ..."artifact create --type script --name script-1 --hardware-type gw2 --out".split(" "),
    artifact,
    join(root, "10-note"),
  );
  const device = join(root, "device");
  cpSync(SHIPPED, join(device, "usr/share/moult/modules/v3"), { recursive: true });

  const said = run(
    oldestNode(),
    "moult-agent.mjs",
    "--root",
    device,
    "install",
    artifact,
    ..."--yes --allow-unsigned --device-type gw2".split(" "),
  );

  expect(said).toContain("This device runs script-1.");
  expect(readFileSync(join(root, "notes"), "utf8")).toBe("ran\n");
});
