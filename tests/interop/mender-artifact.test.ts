import { execFileSync } from "node:child_process";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  generateSigningKey,
  payloadFileFromPath,
  signArtifact,
  signerFromPem,
  writeArtifact,
  type ArtifactDescription,
} from "@moult/artifact";
import {
  KEY_KINDS,
  createWorkspace,
  menderArtifact,
  type Workspace,
} from "./mender-artifact.fixture.ts";

// Debian's mender-artifact (3.9) reads none, gzip and lzma, so what we write in zst stays unproven here: that other
// readers of the format take it. Our own two zst readers agree with each other and with libzstd
// (packages/artifact/src/unzstd.test.ts), and the container around the data is the same in every compression.

let workspace: Workspace;
beforeAll(async () => {
  expect(await menderArtifact("--version")).toContain("mender-artifact version");
  workspace = await createWorkspace();
});
afterAll(async () => workspace?.remove());

async function rootfsImage(): Promise<ArtifactDescription> {
  return {
    artifactName: "release-2",
    artifactGroup: "stable",
    deviceTypes: ["board-a", "board-b"],
    dependsOnNames: ["release-1"],
    dependsOnGroups: ["stable", "beta"],
    scripts: await Promise.all(
      ["ArtifactInstall_Enter_05_check", "ArtifactCommit_Leave_00"].map(async (name) => ({
        name,
        content: await readFile(workspace.path(name)),
      })),
    ),
    payloads: [
      {
        type: "rootfs-image",
        files: [await payloadFileFromPath(workspace.path("rootfs.ext4"))],
        depends: { "rootfs-image.version": "release-1", kernel: ["5", "6"] },
        hasToolDefaults: true,
      },
    ],
  };
}

async function moduleImage(): Promise<ArtifactDescription> {
  return {
    artifactName: "config-7",
    deviceTypes: ["board-a"],
    payloads: [
      {
        type: "single-file",
        files: await Promise.all(
          ["app.conf", "rootfs.ext4", "empty"].map((name) =>
            payloadFileFromPath(workspace.path(name)),
          ),
        ),
        metaData: { channel: "stable", parts: [1, 2, "deep"] },
        provides: { "app.config": "7" },
        clearsProvides: ["app.*"],
      },
    ],
  };
}

describe("mender-artifact accepts what we write:", () => {
  describe.each(["none", "gz"] as const)("in %s", (compression) => {
    test("an unsigned root file system, with all that a header can say", async () => {
      const path = await workspace.write(
        `ours-${compression}.mender`,
        writeArtifact(await rootfsImage(), { compression }),
      );

      expect(await menderArtifact("validate", path)).toContain("validated successfully");
      const read = await menderArtifact("read", path);
      for (const line of [
        "Name: release-2",
        "Signature: no signature",
        "Compatible devices: '[board-a board-b]'",
        "Provides group: stable",
        "Depends on one of artifact(s): [release-1]",
        "Depends on one of group(s): [stable, beta]",
        "ArtifactInstall_Enter_05_check",
        "ArtifactCommit_Leave_00",
        "Type:   rootfs-image",
        `rootfs-image.checksum: ${await workspace.sha256("rootfs.ext4")}`,
        "rootfs-image.version: release-2",
        "rootfs-image.version: release-1",
        "kernel: [5 6]",
        `Clears Provides: ["artifact_group", "rootfs_image_checksum", "rootfs-image.*"]`,
        "size:     1000001",
      ])
        expect(read).toContain(line);
    });

    test("an update module's payload of several files, with meta-data", async () => {
      const path = await workspace.write(
        `ours-module-${compression}.mender`,
        writeArtifact(await moduleImage(), { compression }),
      );

      expect(await menderArtifact("validate", path)).toContain("validated successfully");
      const read = await menderArtifact("read", path);
      for (const line of [
        "Type:   single-file",
        "app.config: 7",
        `"channel": "stable"`,
        "name:     app.conf",
        "name:     rootfs.ext4",
        "name:     empty",
        `Clears Provides: ["app.*"]`,
      ])
        expect(read).toContain(line);
    });

    test("an empty payload", async () => {
      const description = {
        artifactName: "bootstrap",
        deviceTypes: ["board-a"],
        payloads: [{ type: null, files: [] }],
      };
      const path = await workspace.write(
        `ours-empty-${compression}.mender`,
        writeArtifact(description, { compression }),
      );

      expect(await menderArtifact("validate", path)).toContain("validated successfully");
      expect(await menderArtifact("read", path)).toContain("Empty type");
    });

    test.each(KEY_KINDS)("signed at once and later by %s", async (kind) => {
      const { privateKeyPem, publicKeyPem } = await generateSigningKey(kind);
      await workspace.write("own.pub", publicKeyPem);
      const signer = signerFromPem(privateKeyPem);
      const unsigned = await workspace.write(
        "unsigned.mender",
        writeArtifact(await moduleImage(), { compression }),
      );
      const paths = [
        await workspace.write(
          "at-once.mender",
          writeArtifact(await moduleImage(), { compression, signer }),
        ),
        await workspace.write("later.mender", signArtifact(createReadStream(unsigned), signer)),
      ];

      for (const path of paths) {
        expect(await menderArtifact("validate", "-k", workspace.path("own.pub"), path)).toContain(
          "validated successfully",
        );
        expect(await menderArtifact("read", "-k", workspace.path("own.pub"), path)).toContain(
          "signed and verified correctly",
        );
        await expect(
          menderArtifact("validate", "-k", workspace.key(kind).publicPath, path),
        ).rejects.toThrow(/verification (?:error|failed)/);
      }
    });
  });

  test("its own artifact that we signed anew", async () => {
    const theirs = workspace.path("theirs-signed-by-us.mender");
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
      workspace.path("app.conf"),
      "-k",
      workspace.key("rsa-3072").privatePath,
      "-o",
      theirs,
    );
    const { privateKeyPem, publicKeyPem } = await generateSigningKey("ecdsa-p256");
    await workspace.write("own.pub", publicKeyPem);

    const path = await workspace.write(
      "signed-anew.mender",
      signArtifact(createReadStream(theirs), signerFromPem(privateKeyPem)),
    );

    expect(await menderArtifact("validate", "-k", workspace.path("own.pub"), path)).toContain(
      "validated successfully",
    );
  });
});

describe("the artifact is a tar like any other:", () => {
  test("GNU tar lists what we write, in the order of the format", async () => {
    const path = await workspace.write("listed.mender", writeArtifact(await rootfsImage()));

    expect(execFileSync("tar", ["-tf", path], { encoding: "utf8" }).split("\n")).toEqual([
      "version",
      "manifest",
      "header.tar.gz",
      "data/0000.tar.gz",
      "",
    ]);
  });
});
