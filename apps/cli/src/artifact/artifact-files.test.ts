import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArtifact } from "@moult/artifact";
import { extract, type Header } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runMoult } from "../cli.fixture.ts";
import { fileBytes } from "../files/file-bytes.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-artifact-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const moult = (...args: readonly string[]) => runMoult(args);

async function readJson(file: string): Promise<Record<string, unknown>> {
  const { out } = await moult("artifact", "read", file, "--json");
  return JSON.parse(out) as Record<string, unknown>;
}

/** Payload files of an artifact, by name. */
async function payloads(file: string): Promise<Record<string, Buffer>> {
  const reading = await readArtifact(fileBytes(file, new AbortController().signal));
  const found: Record<string, Buffer> = {};
  for await (const { name, content } of reading.payloadFiles()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    found[name] = Buffer.concat(chunks);
  }
  await reading.finish();
  return found;
}

async function tarEntries(
  bytes: Buffer,
): Promise<Record<string, { header: Header; text: string }>> {
  const entries: Record<string, { header: Header; text: string }> = {};
  const extractor = extract();
  extractor.end(bytes);
  for await (const entry of extractor) {
    let text = "";
    for await (const chunk of entry) text += Buffer.from(chunk as Uint8Array).toString();
    entries[entry.header.name] = { header: entry.header, text };
  }
  return entries;
}

function makeApp(): string {
  const app = at("app");
  mkdirSync(join(app, "lib"), { recursive: true });
  writeFileSync(join(app, "run.sh"), "#!/bin/sh\n");
  chmodSync(join(app, "run.sh"), 0o755);
  writeFileSync(join(app, "lib", "big.bin"), Buffer.alloc(3_000_000, 7));
  writeFileSync(join(app, `lib/${"long-name-".repeat(15)}.txt`), "long");
  symlinkSync("run.sh", join(app, "start"));
  return app;
}

const createApp = (out: string, ...more: readonly string[]) =>
  moult(
    ..."artifact create --type app --app-name web --name web-1.0 --hardware-type board".split(" "),
    "--dir",
    at("app"),
    "--out",
    out,
    ...more,
  );

describe("an application", () => {
  test("is its folder as one file, with how to start it", async () => {
    makeApp();
    const out = at("web.mender");

    const run = await createApp(
      out,
      ..."--command ./run.sh --command=--port --command 80 --health-url http://127.0.0.1:80/".split(
        " ",
      ),
    );

    expect(run).toMatchObject({ code: 0, err: "" });
    expect(run.out).toMatch(/^Wrote .*web\.mender: web-1\.0, \d.*, not signed\.$/);
    const info = await readJson(out);
    expect(info).toMatchObject({
      artifactName: "web-1.0",
      deviceTypes: ["board"],
      provides: { artifact_name: "web-1.0", "rootfs-image.web.version": "web-1.0" },
      clearsProvides: ["rootfs-image.web.*"],
      payloads: [
        {
          type: "app",
          metaData: {
            name: "web",
            command: ["./run.sh", "--port", "80"],
            health: { kind: "http", url: "http://127.0.0.1:80/" },
          },
        },
      ],
    });
    const entries = await tarEntries((await payloads(out))["app.tar"] ?? Buffer.alloc(0));
    expect(Object.keys(entries)).toEqual([
      "lib/",
      "lib/big.bin",
      `lib/${"long-name-".repeat(15)}.txt`,
      "run.sh",
      "start",
    ]);
    expect(entries["run.sh"]?.header).toMatchObject({ mode: 0o755, uid: 0, gid: 0, type: "file" });
    expect(entries["start"]?.header).toMatchObject({ type: "symlink", linkname: "run.sh" });
    expect(entries["lib/big.bin"]?.text.length).toBe(3_000_000);
  });

  test("packed twice is the same file, whenever and by whomever", async () => {
    const app = makeApp();
    await createApp(at("one.mender"));
    utimesSync(join(app, "run.sh"), 1, 1);
    await createApp(at("two.mender"));

    expect(readFileSync(at("one.mender")).equals(readFileSync(at("two.mender")))).toBe(true);
  });

  test("without a name or a folder is a mistake", async () => {
    makeApp();
    const args = "artifact create --type app --name 1.0 --hardware-type board".split(" ");

    expect(await moult(...args, "--dir", at("app"))).toMatchObject({ code: 2 });
    expect((await moult(...args, "--app-name", "web")).err).toContain("needs --dir DIR");
  });

  test("with a pipe or a device in its folder is refused", async () => {
    makeApp();
    symlinkSync("/dev/null", at("app/ok-a-link"));
    rmSync(at("app/run.sh"));
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [at("app/pipe")]);

    const { code, err } = await createApp(at("web.mender"));

    expect(code).toBe(1);
    expect(err).toContain("pipe is neither a file, a folder nor a link");
  });
});

describe("Mender's own payload types", () => {
  test("a single file comes with its three settings", async () => {
    writeFileSync(at("hosts"), "127.0.0.1 localhost\n");
    chmodSync(at("hosts"), 0o640);

    await moult(
      ..."artifact create --type single-file --dest-dir /etc --name hosts-2 --hardware-type board".split(
        " ",
      ),
      "--out",
      at("hosts.mender"),
      at("hosts"),
    );

    const files = await payloads(at("hosts.mender"));
    expect(Object.entries(files).map(([name, bytes]) => [name, bytes.toString()])).toEqual([
      ["dest_dir", "/etc\n"],
      ["filename", "hosts\n"],
      ["permissions", "640\n"],
      ["hosts", "127.0.0.1 localhost\n"],
    ]);
    expect(await readJson(at("hosts.mender"))).toMatchObject({
      clearsProvides: ["rootfs-image.single-file.*"],
    });
  });

  test("a directory is an archive and where it goes", async () => {
    makeApp();

    await moult(
      ..."artifact create --type directory --dest-dir /opt/app --name d-1 --hardware-type a --hardware-type b --compression none".split(
        " ",
      ),
      "--dir",
      at("app"),
      "--out",
      at("d.mender"),
    );

    const files = await payloads(at("d.mender"));
    expect(files["dest_dir"]?.toString()).toBe("/opt/app\n");
    expect(Object.keys(await tarEntries(files["update.tar"] ?? Buffer.alloc(0)))).toContain(
      "run.sh",
    );
    expect(await readJson(at("d.mender"))).toMatchObject({ deviceTypes: ["a", "b"] });
  });

  test("a root file system has Mender's provides", async () => {
    writeFileSync(at("rootfs.ext4"), Buffer.alloc(100_000, 1));

    await moult(
      ..."artifact create --type rootfs-image --name os-2 --hardware-type board".split(" "),
      "--out",
      at("os.mender"),
      at("rootfs.ext4"),
    );

    expect(await readJson(at("os.mender"))).toMatchObject({
      provides: {
        "rootfs-image.version": "os-2",
        "rootfs-image.checksum": expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
      clearsProvides: ["artifact_group", "rootfs_image_checksum", "rootfs-image.*"],
    });
  });

  test("relations, scripts and meta-data are as given", async () => {
    writeFileSync(at("payload.bin"), "payload");
    writeFileSync(at("meta.json"), '{"key": [1, "two"]}');
    writeFileSync(at("ArtifactInstall_Enter_05_stop"), "#!/bin/sh\n");

    const run = await moult(
      ..."artifact create --type my-module --name m-1 --hardware-type board --group g --depends-name m-0".split(
        " ",
      ),
      ..."--depends color=red --depends color=blue --provides a.b=1 --clears a.* --no-default-provides".split(
        " ",
      ),
      "--meta-data",
      at("meta.json"),
      "--script",
      at("ArtifactInstall_Enter_05_stop"),
      "--out",
      at("m.mender"),
      at("payload.bin"),
    );

    expect(run.code).toBe(0);
    expect(await readJson(at("m.mender"))).toMatchObject({
      artifactGroup: "g",
      depends: { artifact_name: ["m-0"], color: ["red", "blue"] },
      provides: { artifact_name: "m-1", artifact_group: "g", "a.b": "1" },
      clearsProvides: ["a.*"],
      scripts: [{ name: "ArtifactInstall_Enter_05_stop" }],
      payloads: [{ type: "my-module", metaData: { key: [1, "two"] } }],
    });
  });

  test.each([
    [["--type", "single-file", "--dest-dir", "/etc"], "exactly one file"],
    [["--type", "single-file", "x"], "needs --dest-dir"],
    [["--type", "single-file", "--dest-dir", "etc", "x"], "absolute path"],
    [["--type", "my-module"], "has no files"],
    [["--type", "-x", "package.json"], "argument is ambiguous"],
    [["--type", "my-module", "--compression", "xz", "package.json"], "gz, zst, none"],
  ])("%j is refused before anything is written", async (args, sentence) => {
    const out = at("x.mender");
    const common = ["artifact", "create", "--name", "x", "--hardware-type", "b", "--out", out];

    const { code, err } = await moult(...common, ...args);

    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(() => statSync(out)).toThrow("ENOENT");
  });
});

describe("signing", () => {
  async function keyAndArtifact(type = "ecdsa"): Promise<void> {
    makeApp();
    await createApp(at("web.mender"));
    await moult("artifact", "keygen", "--type", type, "--out", at("key"));
  }

  test.each(["ecdsa", "rsa"])(
    "with %s makes an artifact that verifies by its key alone",
    async (type) => {
      await keyAndArtifact(type);
      await moult("artifact", "keygen", "--out", at("other"));
      expect(statSync(at("key.pem")).mode & 0o777).toBe(0o600);

      const unsigned = await moult(
        "artifact",
        "verify",
        at("web.mender"),
        "--key",
        at("key.pub.pem"),
      );
      expect(unsigned).toMatchObject({ code: 1 });
      expect(unsigned.err).toContain("The artifact is not signed");

      const signed = await moult("artifact", "sign", at("web.mender"), "--key", at("key.pem"));
      expect(signed).toMatchObject({ code: 0, out: `Signed ${at("web.mender")}.` });

      const keys = ["--key", at("other.pub.pem"), "--key", at("key.pub.pem")];
      const right = await moult("artifact", "verify", at("web.mender"), ...keys);
      expect(right.code).toBe(0);
      expect(right.out).toContain(`signed by ${at("key.pub.pem")}`);

      const wrong = await moult(
        "artifact",
        "verify",
        at("web.mender"),
        "--key",
        at("other.pub.pem"),
      );
      expect(wrong).toMatchObject({ code: 1 });
      expect(wrong.err).toContain("signature-invalid");
    },
  );

  test("while it is made gives the same as afterwards", async () => {
    await keyAndArtifact("rsa");
    await createApp(at("signed.mender"), "--sign-key", at("key.pem"));
    await moult("artifact", "sign", at("web.mender"), "--key", at("key.pem"));

    expect(readFileSync(at("signed.mender")).equals(readFileSync(at("web.mender")))).toBe(true);
  });

  test("of a damaged artifact fails and leaves it as it was", async () => {
    await keyAndArtifact();
    const bytes = readFileSync(at("web.mender"));
    bytes[bytes.length - 2000] = (bytes[bytes.length - 2000] ?? 0) ^ 1;
    writeFileSync(at("web.mender"), bytes);

    const { code } = await moult("artifact", "sign", at("web.mender"), "--key", at("key.pem"));

    expect(code).toBe(1);
    expect(readFileSync(at("web.mender")).equals(bytes)).toBe(true);
  });

  test("with a file that is no key names the file", async () => {
    await keyAndArtifact();

    const { code, err } = await moult(
      "artifact",
      "sign",
      at("web.mender"),
      "--key",
      at("key.pub.pem"),
    );

    expect(code).toBe(1);
    expect(err).toContain(`${at("key.pub.pem")} is not a private key that can sign artifacts`);
  });

  test("asks for the passphrase of an encrypted key, or takes it from elsewhere", async () => {
    await keyAndArtifact();
    const { createPrivateKey } = await import("node:crypto");
    const encrypted = createPrivateKey(readFileSync(at("key.pem"))).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "feathers",
    });
    writeFileSync(at("key.pem"), encrypted);
    const args = ["artifact", "sign", at("web.mender"), "--key", at("key.pem")];

    const withVariable = { environment: { MOULT_KEY_PASSPHRASE: "feathers" } };
    expect((await runMoult(args, withVariable)).code).toBe(0);
    expect((await runMoult(args, { answers: ["feathers"] })).code).toBe(0);
    expect((await runMoult([...args, "--passphrase-stdin"], { input: "feathers" })).code).toBe(0);
    expect((await runMoult(args)).err).toContain("nobody is here to type its passphrase");
    expect((await runMoult(args, { answers: ["wrong"] })).err).toContain("passphrase is wrong");
  });
});

test("nothing that is there is replaced unless it is told to", async () => {
  makeApp();
  writeFileSync(at("web.mender"), "precious");
  writeFileSync(at("key.pub.pem"), "precious");

  expect(await createApp(at("web.mender"))).toMatchObject({ code: 1 });
  expect(readFileSync(at("web.mender"), "utf8")).toBe("precious");
  expect(await moult("artifact", "keygen", "--out", at("key"))).toMatchObject({ code: 1 });
  expect(readFileSync(at("key.pub.pem"), "utf8")).toBe("precious");
  expect(await createApp(at("web.mender"), "--force")).toMatchObject({ code: 0 });
});

test.each([
  ["an empty file", Buffer.alloc(0)],
  ["text", Buffer.from("hello".repeat(1000))],
  ["zeros", Buffer.alloc(10_240)],
])("%s is no artifact, and the error says so", async (_, bytes) => {
  writeFileSync(at("x.mender"), bytes);

  const { code, err } = await moult("artifact", "read", at("x.mender"));

  expect(code).toBe(1);
  expect(err).toMatch(/artifact/i);
});
