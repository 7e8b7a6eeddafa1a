import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  inspectArtifact,
  readArtifact,
  verifyKeyFromPem,
  type ArtifactReadOptions,
  type ArtifactSummary,
  type Compression,
  type SigningKeyKind,
} from "@moult/artifact";
import {
  KEY_KINDS,
  createWorkspace,
  menderArtifact,
  type Workspace,
} from "./mender-artifact.fixture.ts";

let workspace: Workspace;
beforeAll(async () => {
  expect(await menderArtifact("--version")).toContain("mender-artifact version");
  workspace = await createWorkspace();
});
afterAll(async () => workspace?.remove());

const inspect = (path: string, options?: ArtifactReadOptions): Promise<ArtifactSummary> =>
  inspectArtifact(createReadStream(path), options);

describe("we read what mender-artifact writes:", () => {
  const COMPRESSIONS: readonly (readonly [string, Compression])[] = [
    ["none", "none"],
    ["gzip", "gz"],
    ["lzma", "xz"],
  ];
  const SIGNERS: readonly (SigningKeyKind | undefined)[] = [undefined, ...KEY_KINDS];
  const combinations = COMPRESSIONS.flatMap(([name, compression]) =>
    SIGNERS.map((kind) => ({ name, compression, kind, signer: kind ?? "nobody" })),
  );

  test.each(combinations)(
    "a root file system in $name, signed by $signer",
    async ({ name, compression, kind }) => {
      const path = workspace.path(`theirs-${name}-${kind ?? "unsigned"}.mender`);
      await menderArtifact(
        "write",
        "rootfs-image",
        "--no-progress",
        "--compression",
        name,
        "-n",
        "release-2",
        "-t",
        "board-a",
        "-t",
        "board-b",
        "-f",
        workspace.path("rootfs.ext4"),
        "-o",
        path,
        "-g",
        "stable",
        "-G",
        "stable",
        "-G",
        "beta",
        "-N",
        "release-1",
        "-d",
        "kernel:5",
        "-d",
        "rootfs-image.version:release-1",
        "-p",
        "extra:1",
        "-s",
        workspace.path("ArtifactInstall_Enter_05_check"),
        "-s",
        workspace.path("ArtifactCommit_Leave_00"),
        ...(kind === undefined ? [] : ["-k", workspace.key(kind).privatePath]),
      );
      const verifyKeys = KEY_KINDS.map((one) => verifyKeyFromPem(workspace.key(one).publicPem));

      const { head, files, sha256, sizeBytes } = await inspect(
        path,
        kind === undefined ? {} : { verifyKeys },
      );

      expect(head).toMatchObject({
        artifactName: "release-2",
        artifactGroup: "stable",
        deviceTypes: ["board-a", "board-b"],
        headerCompression: compression,
        depends: {
          device_type: ["board-a", "board-b"],
          artifact_name: ["release-1"],
          artifact_group: ["stable", "beta"],
          kernel: ["5"],
          "rootfs-image.version": ["release-1"],
        },
        provides: {
          artifact_name: "release-2",
          artifact_group: "stable",
          "rootfs-image.version": "release-2",
          "rootfs-image.checksum": await workspace.sha256("rootfs.ext4"),
          extra: "1",
        },
        clearsProvides: ["artifact_group", "rootfs_image_checksum", "rootfs-image.*"],
        payloads: [{ type: "rootfs-image", metaDataText: "" }],
        signature:
          kind === undefined
            ? { kind: "unsigned" }
            : { kind: "verified", keyIndex: KEY_KINDS.indexOf(kind) },
      });
      expect(new Set(head.scripts.map((script) => script.name))).toEqual(
        new Set(["ArtifactInstall_Enter_05_check", "ArtifactCommit_Leave_00"]),
      );
      expect(files).toEqual([
        {
          payloadIndex: 0,
          name: "rootfs.ext4",
          sizeBytes: 1_000_001,
          sha256: await workspace.sha256("rootfs.ext4"),
        },
      ]);
      const stored = await readFile(path);
      expect({ sha256, sizeBytes }).toEqual({
        sha256: createHash("sha256").update(stored).digest("hex"),
        sizeBytes: stored.length,
      });
    },
  );

  test.each(COMPRESSIONS)("an update module's payload in %s, file by file", async (name) => {
    const path = workspace.path(`theirs-module-${name}.mender`);
    await menderArtifact(
      "write",
      "module-image",
      "--compression",
      name,
      "-T",
      "single-file",
      "-n",
      "config-7",
      "-t",
      "board-a",
      "-f",
      workspace.path("app.conf"),
      "-f",
      workspace.path("rootfs.ext4"),
      "-f",
      workspace.path("empty"),
      "-m",
      workspace.path("meta-data"),
      "-p",
      "app.config:7",
      "--clears-provides",
      "app.*",
      "-o",
      path,
    );

    const reading = await readArtifact(createReadStream(path));
    const digests: Record<string, string> = {};
    for await (const file of reading.payloadFiles()) {
      const digest = createHash("sha256");
      for await (const part of file.content) digest.update(part);
      digests[file.name] = digest.digest("hex");
    }
    await reading.finish();

    expect(digests).toEqual({
      "app.conf": await workspace.sha256("app.conf"),
      "rootfs.ext4": await workspace.sha256("rootfs.ext4"),
      empty: await workspace.sha256("empty"),
    });
    expect(reading.head.payloads).toMatchObject([
      {
        type: "single-file",
        metaData: { channel: "stable", parts: [1, 2, "deep"] },
        provides: { "app.config": "7", "rootfs-image.single-file.version": "config-7" },
        clearsProvides: ["app.*", "rootfs-image.single-file.*"],
      },
    ]);
  });

  test("an empty payload", async () => {
    const path = workspace.path("theirs-empty.mender");
    await menderArtifact(
      "write",
      "bootstrap-artifact",
      "-n",
      "bootstrap",
      "-t",
      "board-a",
      "-o",
      path,
    );

    const { head, files } = await inspect(path);

    expect(head).toMatchObject({
      artifactName: "bootstrap",
      payloads: [{ type: null, files: [] }],
    });
    expect(files).toEqual([]);
  });

  test("augmented parts, when they are allowed", async () => {
    const path = workspace.path("theirs-augmented.mender");
    await menderArtifact(
      "write",
      "module-image",
      "-T",
      "single-file",
      "-n",
      "x",
      "-t",
      "board-a",
      "-f",
      workspace.path("rootfs.ext4"),
      "--augment-type",
      "single-file",
      "--augment-file",
      workspace.path("app.conf"),
      "-o",
      path,
    );

    const { head, files } = await inspect(path, { augmented: "read" });

    expect(head.augment?.payloads).toMatchObject([{ files: [{ name: "app.conf" }] }]);
    expect(files.map(({ name }) => name)).toEqual(["rootfs.ext4", "app.conf"]);
    await expect(inspect(path)).rejects.toMatchObject({ code: "augmented-refused" });
  });

  test("and refuse the signature of a key that is not ours", async () => {
    const path = workspace.path("theirs-foreign.mender");
    await menderArtifact(
      "write",
      "module-image",
      "-T",
      "m",
      "-n",
      "x",
      "-t",
      "board-a",
      "-f",
      workspace.path("app.conf"),
      "-k",
      workspace.key("ecdsa-p256").privatePath,
      "-o",
      path,
    );

    const verifyKeys = [verifyKeyFromPem(workspace.key("rsa-3072").publicPem)];

    await expect(inspect(path, { verifyKeys })).rejects.toMatchObject({
      code: "signature-invalid",
    });
  });
});
