import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openDeviceKey } from "../identity/device-key.ts";
import { readMovedServer, storeMovedServer } from "../identity/moved-server.ts";
import { recordedLog } from "../installers/installer.fixture.ts";
import { openSecurityCounter } from "../trust/security-counter.ts";
import { whileWritable } from "./kept-place.ts";

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), "moult kept-")));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A line of /proc/self/mountinfo, which writes a space as an octal number. */
const mountLine = (point: string, options: string): string =>
  `36 35 98:0 / ${point.replaceAll(" ", String.raw`\040`)} ${options} master:1 - ext4 /dev/vda5 rw`;

function mountsOf(...lines: readonly string[]) {
  const calls: string[] = [];
  return {
    calls,
    read: () => Promise.resolve([mountLine("/", "ro,relatime"), ...lines].join("\n")),
    remount: (point: string, option: string) => {
      calls.push(`${option} ${point.replace(folder, "")}`);
      return Promise.resolve();
    },
  };
}

describe("what outlives every system", () => {
  const inOrder = async (mounts: ReturnType<typeof mountsOf>, place = folder) => {
    await whileWritable(place, () => Promise.resolve(mounts.calls.push("written")), { mounts });
    return mounts.calls;
  };

  test("is writable for as long as a write takes", async () => {
    const mounts = mountsOf(mountLine(folder, "ro,nodev"));
    expect(await inOrder(mounts, join(folder, "not/made/yet"))).toEqual(["rw ", "written", "ro "]);
  });

  test("is read-only again after a write that failed", async () => {
    const mounts = mountsOf(mountLine(folder, "ro"));
    const failing = () => Promise.reject(new Error("no space"));
    await expect(whileWritable(folder, failing, { mounts })).rejects.toThrow("no space");
    expect(mounts.calls).toEqual(["rw ", "ro "]);
  });

  test("is left as it is where it is writable, where only something beside it is not, and in `/`", async () => {
    expect(await inOrder(mountsOf(mountLine(folder, "rw")))).toEqual(["written"]);
    expect(await inOrder(mountsOf(mountLine(`${folder}-too`, "ro")))).toEqual(["written"]);
    expect(await inOrder(mountsOf())).toEqual(["written"]);
    const hidden = mountsOf(mountLine(folder, "ro"), mountLine(folder, "rw"));
    expect(await inOrder(hidden)).toEqual(["written"]);
  });

  test("is not closed by one write while another one is under way", async () => {
    const mounts = mountsOf(mountLine(folder, "ro"));
    await Promise.all([inOrder(mounts), inOrder(mounts)]);
    expect(mounts.calls).toEqual(["rw ", "written", "ro ", "rw ", "written", "ro "]);
  });

  test("may stay writable, which is told and fails no write", async () => {
    const log = recordedLog();
    const mounts = {
      ...mountsOf(mountLine(folder, "ro")),
      remount: (_: string, option: string) =>
        option === "ro" ? Promise.reject(new Error("busy")) : Promise.resolve(),
    };
    await whileWritable(folder, () => Promise.resolve(), { log, mounts });
    expect(log.entries.map(({ event }) => event)).toEqual(["kept-place-left-writable"]);
  });
});

const mount = (...args: readonly string[]): boolean => spawnSync("mount", args).status === 0;
const isReadOnly = (): Promise<boolean> =>
  writeFile(join(folder, "probe"), "").then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === "EROFS",
  );

describe("a partition that is mounted read-only", () => {
  /** Only root may mount, and not in every container: there the same happens in a folder that is always writable. */
  let isMounted: boolean;
  beforeEach(() => {
    isMounted = mount("-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", folder);
  });
  afterEach(() => {
    if (isMounted) expect(spawnSync("umount", [folder]).status).toBe(0);
  });

  test("takes the device's key, its server and its security counter, and is read-only all the same", async () => {
    const log = recordedLog();
    const identityDir = join(folder, "identity");
    const made = await openDeviceKey(identityDir, undefined);
    expect(await isReadOnly()).toBe(isMounted);
    expect((await openDeviceKey(identityDir, made.fingerprint)).publicKey).toBe(made.publicKey);

    await storeMovedServer(identityDir, { url: "https://moult.example/" } as never, log);
    expect(await readMovedServer(identityDir, log)).toMatchObject({
      url: "https://moult.example/",
    });
    await storeMovedServer(identityDir, undefined, log);
    expect(await readMovedServer(identityDir, log)).toBeUndefined();

    const dataDir = await mkdtemp(join(tmpdir(), "moult-data-"));
    const counter = await openSecurityCounter(dataDir, join(folder, "boot"), log);
    await counter.raise(7);
    expect(counter.troubles()).toEqual([]);
    await rm(dataDir, { recursive: true });
    const after = await openSecurityCounter(dataDir, join(folder, "boot"), log);
    expect(after.read()).toBe(7);
    expect(await isReadOnly()).toBe(isMounted);
    expect(log.entries).toEqual([]);
  });

  test("that is full keeps what it held, and the trouble has a name", async () => {
    const log = recordedLog();
    const bootDir = join(folder, "boot");
    const dataDir = await mkdtemp(join(tmpdir(), "moult-data-"));
    const counter = await openSecurityCounter(dataDir, bootDir, log);
    await counter.raise(7);
    if (!isMounted) return;
    expect(mount("-o", "remount,rw", folder)).toBe(true);
    const left = await fillUp(join(folder, "filler"));
    expect(mount("-o", "remount,ro", folder)).toBe(true);
    expect(left).toBeGreaterThan(0);

    await counter.raise(8);
    expect(counter.read()).toBe(8);
    expect(counter.troubles()).toEqual([expect.stringMatching(/boot.*disk-full/)]);
    const kept = JSON.parse(
      await readFile(join(bootDir, "security-counter.json"), "utf8"),
    ) as object;
    expect(kept).toMatchObject({ securityCounter: 7 });
    await expect(openDeviceKey(join(folder, "identity"), undefined)).rejects.toMatchObject({
      code: "disk-full",
    });
    await expect(readFile(join(folder, "identity/device-key.pem"))).rejects.toThrow("ENOENT");

    await rm(dataDir, { recursive: true });
    expect(await isReadOnly()).toBe(isMounted);
  });
});

/** Writes until nothing more goes in; how many bytes that were. */
async function fillUp(file: string): Promise<number> {
  await mkdir(file, { recursive: true });
  const block = Buffer.alloc(4_096, 1);
  for (let count = 0; ; count += 1) {
    try {
      await writeFile(join(file, String(count)), block);
    } catch {
      return count * block.length;
    }
  }
}
