import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createDirectoryInstaller } from "./directory.ts";
import { anInstallation, incoming } from "./installer.fixture.ts";
import type { Installation, Installer } from "./installer.ts";
import { createSingleFileInstaller } from "./single-file.ts";

let root: string;
let at: Installation;
const never = new AbortController().signal;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "moult-files-"));
  at = await anInstallation(join(root, "tree"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const cleanUp = (installer: Installer, isCommitted: boolean): Promise<void> =>
  installer.cleanUp({ tree: at.tree, log: at.log, isCommitted }, never);

describe("single-file", () => {
  const target = (): string => join(root, "etc/thing/conf");
  const installer = (): Installer => createSingleFileInstaller(root);
  const payload = (files: Record<string, string> = {}) =>
    incoming({
      dest_dir: "/etc/thing\n",
      filename: "conf\n",
      permissions: "640\n",
      conf: "new",
      ...files,
    });

  test("replaces the file with its mode, and rolls back to the old one", async () => {
    await mkdir(join(root, "etc/thing"), { recursive: true });
    await writeFile(target(), "old");
    await chmod(target(), 0o604);
    const single = installer();
    await single.unpack(payload(), at, never);
    expect(await readFile(target(), "utf8")).toBe("old");

    await single.install(at, never);
    expect(await readFile(target(), "utf8")).toBe("new");
    expect((await stat(target())).mode & 0o7777).toBe(0o640);

    await single.rollBack(at, never);
    await single.rollBack(at, never);
    expect(await readFile(target(), "utf8")).toBe("old");
    expect((await stat(target())).mode & 0o7777).toBe(0o604);
    await cleanUp(single, false);
    expect(await readdir(join(root, "etc/thing"))).toEqual(["conf"]);
  });

  test("makes the folder and the file, and rolls back to no file", async () => {
    const single = installer();
    await single.unpack(payload(), at, never);
    await single.install(at, never);
    expect(await readFile(target(), "utf8")).toBe("new");

    await single.rollBack(at, never);
    expect(await readdir(join(root, "etc/thing"))).toEqual([]);
  });

  test("a rollback before the installation began changes nothing", async () => {
    await mkdir(join(root, "etc/thing"), { recursive: true });
    await writeFile(target(), "old");
    const single = installer();
    await single.unpack(payload(), at, never);
    await single.rollBack(at, never);
    expect(await readFile(target(), "utf8")).toBe("old");
  });

  test.each<[string, Record<string, string>]>([
    ["a file name that leads out", { filename: "../conf\n" }],
    ["a file name of nothing", { filename: "\n" }],
    ["a file that is not in the payload", { filename: "other\n" }],
    ["permissions that are none", { permissions: "rwx\n" }],
    ["a setting of two lines", { filename: "conf\nconf\n" }],
  ])("%s is refused while it is unpacked", async (_, files) => {
    await expect(installer().unpack(payload(files), at, never)).rejects.toMatchObject({
      code: "payload-refused",
    });
  });

  test.each(["etc", "/etc/../..", "/", ""])("dest_dir %j is refused", async (folder) => {
    const single = installer();
    await single.unpack(payload({ dest_dir: `${folder}\n` }), at, never);
    await expect(single.install(at, never)).rejects.toMatchObject({ code: "payload-refused" });
  });
});

describe("directory", () => {
  const target = (): string => join(root, "opt/web");
  const installer = (): Installer =>
    createDirectoryInstaller({ destRoot: root, payloadBytesMax: 1_000_000 });

  async function payload(files: Record<string, string> = { "./index.html": "new" }) {
    const tar = pack();
    tar.entry({ name: "./", type: "directory", mode: 0o755 });
    for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
    tar.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
    return incoming({ dest_dir: "/opt/web\n", "update.tar": Buffer.concat(chunks) });
  }

  async function anOldFolder(): Promise<void> {
    await mkdir(target(), { recursive: true });
    await writeFile(join(target(), "index.html"), "old");
    await writeFile(join(target(), "extra"), "old");
  }

  const content = async (): Promise<string> =>
    `${(await readdir(target())).toSorted().join(" ")}: ${await readFile(join(target(), "index.html"), "utf8")}`;

  test("replaces the folder as a whole, and keeps the old one until clean-up", async () => {
    await anOldFolder();
    const directory = installer();
    await directory.unpack(await payload(), at, never);
    expect(await content()).toBe("extra index.html: old");

    await directory.install(at, never);
    expect(await content()).toBe("index.html: new");
    await cleanUp(directory, true);
    expect(await readdir(join(root, "opt"))).toEqual(["web"]);
    expect(await content()).toBe("index.html: new");
  });

  test("rolls back to the old folder, as often as it is asked to", async () => {
    await anOldFolder();
    const directory = installer();
    await directory.unpack(await payload(), at, never);
    await directory.install(at, never);
    await directory.rollBack(at, never);
    await directory.rollBack(at, never);

    expect(await content()).toBe("extra index.html: old");
    await cleanUp(directory, false);
    expect(await readdir(join(root, "opt"))).toEqual(["web"]);
  });

  test("rolls back to no folder where there was none", async () => {
    const directory = installer();
    await directory.unpack(await payload(), at, never);
    await directory.install(at, never);
    await directory.rollBack(at, never);
    await cleanUp(directory, false);
    expect(await readdir(join(root, "opt"))).toEqual([]);
  });

  test("rolls back after a power cut between the two renames of an installation or of a rollback", async () => {
    await anOldFolder();
    const directory = installer();
    await directory.unpack(await payload(), at, never);
    await rename(target(), `${target()}.moult-old`);
    await directory.rollBack(at, never);
    expect(await content()).toBe("extra index.html: old");

    await directory.install(at, never);
    await rename(target(), `${target()}.moult-new`);
    await directory.rollBack(at, never);
    expect(await content()).toBe("extra index.html: old");
  });

  test("a folder that is a link is replaced where the link leads", async () => {
    await mkdir(join(root, "data/web"), { recursive: true });
    await mkdir(join(root, "opt"));
    await symlink("../data/web", target());
    const directory = installer();
    await directory.unpack(await payload(), at, never);
    await directory.install(at, never);

    expect((await lstat(target())).isSymbolicLink()).toBe(true);
    expect(await readFile(join(root, "data/web/index.html"), "utf8")).toBe("new");
  });

  test("a payload without its archive, or with a hostile one, is refused", async () => {
    await expect(
      installer().unpack(incoming({ dest_dir: "/opt/web\n" }), at, never),
    ).rejects.toMatchObject({ code: "payload-refused" });
    at = await anInstallation(join(root, "tree-2"));
    await expect(
      installer().unpack(await payload({ "../out": "x" }), at, never),
    ).rejects.toMatchObject({ code: "payload-refused" });
    expect(await readdir(join(root, "opt")).catch(() => [])).not.toContain("out");
  });
});
