import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadFileFromBytes, writeArtifact } from "@moult/artifact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  HANDLED,
  Refusal,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type FixtureAnswer,
} from "../cli.fixture.ts";
import { ARTIFACT_ID, artifact, page, release } from "../model.fixture.ts";

const content = randomBytes(400_000);
const sha256Of = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const found = artifact({ sha256: sha256Of(content), sizeBytes: content.length });
const otherBoard = artifact({ id: "aa3b4c5d-6e7f-4081-9203-a4b5c6d7e8f9", hardwareTypes: ["old"] });

let folder = "";
let server: ApiServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-transfer-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});
const at = (name: string): string => join(folder, name);

describe("an upload", () => {
  async function artifactFile(name: string): Promise<string> {
    const parts: Uint8Array[] = [];
    const files = [payloadFileFromBytes("payload.bin", content)];
    const payloads = [{ type: "my-module", files }];
    for await (const part of writeArtifact({
      artifactName: name,
      deviceTypes: ["board"],
      payloads,
    }))
      parts.push(part);
    writeFileSync(at(`${name}.mender`), Buffer.concat(parts));
    return at(`${name}.mender`);
  }

  const store: FixtureAnswer = async ({ request }) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const stored = artifact({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
    return { release: release({ artifacts: [stored] }), artifact: stored, created: true };
  };

  async function upload(answer: FixtureAnswer, files: readonly string[], hasStatus = false) {
    server = await startApiServer({ uploadArtifact: answer });
    return runMoult(["release", "upload", "--product", "gw2", ...files], {
      environment: signedInTo(server),
      hasStatus,
    });
  }

  test("of several files tells of each, with progress in a terminal", async () => {
    const files = [await artifactFile("1.4.0"), await artifactFile("1.4.1")];

    const { code, out, statuses } = await upload(store, files, true);

    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(2);
    expect(out).toContain(`${files[0]} is in release gw2/prod/1.4.0 now, for board`);
    expect(statuses.some((text) => /1\.4\.0\.mender {2}█+.*100 %/.test(text))).toBe(true);
  });

  test("goes to the channel that was named", async () => {
    const queries: unknown[] = [];
    server = await startApiServer({
      uploadArtifact: (asked) => {
        queries.push(asked.query, asked.params);
        return store(asked);
      },
    });

    await runMoult(
      ["release", "upload", "--product", "gw2", "--channel", "dev", await artifactFile("1.4.0")],
      { environment: signedInTo(server) },
    );

    expect(queries).toEqual([{ channel: "dev" }, { product: "gw2" }]);
  });

  test("over a connection that breaks once is sent again", async () => {
    const file = await artifactFile("1.4.0");

    const { code, err } = await upload(
      (asked) => {
        if (asked.number > 1) return store(asked);
        asked.request.once("data", () => asked.request.socket.destroy());
        return HANDLED;
      },
      [file],
    );

    expect(code).toBe(0);
    expect(err).toContain(`The connection broke while ${file} was uploaded; trying again.`);
  });

  test("over a connection that always breaks is given up", async () => {
    const { code } = await upload(
      ({ request }) => {
        request.socket.destroy();
        return HANDLED;
      },
      [await artifactFile("1.4.0")],
    );

    expect(code).toBe(1);
    expect(server?.asked).toHaveLength(3);
  });

  test("of what is no artifact never reaches the server", async () => {
    writeFileSync(at("image.bin"), content);

    const { code, err } = await upload(store, [at("image.bin")]);

    expect(code).toBe(1);
    expect(err).toContain("not an artifact");
    expect(server?.asked).toEqual([]);
  });

  test("whose bytes arrive as others is an error", async () => {
    const { code, err } = await upload(
      async (asked) => {
        await store(asked);
        const other = artifact();
        return { release: release(), artifact: other, created: true };
      },
      [await artifactFile("1.4.0")],
    );

    expect(code).toBe(1);
    expect(err).toContain("digest-mismatch");
  });

  test("that the server refuses shows why and what to do", async () => {
    const { code, err } = await upload(
      async (asked) => {
        await store(asked);
        return new Refusal(422, "artifact-unsigned", "gw2 takes signed artifacts only.");
      },
      [await artifactFile("1.4.0")],
    );

    expect(code).toBe(1);
    expect(err).toContain("gw2 takes signed artifacts only. (artifact-unsigned, request req-1)");
    expect(err).toContain("moult artifact sign");
  });
});

describe("a download", () => {
  const serve =
    (bytes: Buffer = content): FixtureAnswer =>
    ({ request, response }) => {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` };
      response
        .writeHead(start === 0 ? 200 : 206, {
          etag: '"one"',
          "content-length": bytes.length - start,
          ...(start === 0 ? {} : range),
        })
        .end(bytes.subarray(start));
      return HANDLED;
    };

  async function download(
    answer: FixtureAnswer,
    args: readonly string[] = [],
    artifacts: readonly unknown[] = [found],
  ) {
    server ??= await startApiServer({
      listReleases: () => page([release({ artifacts })]),
      downloadArtifact: answer,
    });
    return runMoult(["release", "download", "gw2/1.4.0", "--out", at("out.mender"), ...args], {
      environment: signedInTo(server),
    });
  }

  test("is named after the release, in a folder that was given", async () => {
    const { code } = await download(serve(), ["--out", folder]);

    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(["gw2-1.4.0.mender"]);
    expect(readFileSync(at("gw2-1.4.0.mender")).equals(content)).toBe(true);
  });

  test("goes on where an earlier one stopped", async () => {
    const ranges: unknown[] = [];
    writeFileSync(at("out.mender.part"), content.subarray(0, 250_000));

    const { code } = await download((asked) => {
      ranges.push(asked.request.headers.range);
      return serve()(asked);
    });

    expect(code).toBe(0);
    expect(ranges).toEqual(["bytes=250000-"]);
    expect(readFileSync(at("out.mender")).equals(content)).toBe(true);
    expect(readdirSync(folder)).toEqual(["out.mender"]);
  });

  test("that is complete already needs the server no more", async () => {
    writeFileSync(at("out.mender.part"), content);

    const { code } = await download(serve());

    expect(code).toBe(0);
    expect(server?.asked).not.toContain("downloadArtifact");
  });

  test.each([
    ["other bytes", Buffer.alloc(250_000, 1)],
    ["more bytes than there are", Buffer.alloc(500_000, 1)],
  ])("after %s that an earlier one left starts anew", async (_, left) => {
    writeFileSync(at("out.mender.part"), left);

    const { code } = await download(serve());

    expect(code).toBe(0);
    expect(readFileSync(at("out.mender")).equals(content)).toBe(true);
  });

  test("whose bytes are not those of the artifact leaves no file", async () => {
    const { code, err } = await download(serve(Buffer.alloc(content.length, 1)));

    expect(code).toBe(1);
    expect(err).toContain("digest-mismatch");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("does not replace a file unless it is told to", async () => {
    writeFileSync(at("out.mender"), "precious");

    const refused = await download(serve());
    expect(refused.code).toBe(1);
    expect(readFileSync(at("out.mender"), "utf8")).toBe("precious");
    expect(existsSync(at("out.mender.part"))).toBe(false);

    expect((await download(serve(), ["--force"])).code).toBe(0);
    expect(readFileSync(at("out.mender")).equals(content)).toBe(true);
  });

  test("of a release with several artifacts asks which one", async () => {
    const both = [otherBoard, found];

    const unclear = await download(serve(), [], both);
    expect(unclear.code).toBe(1);
    expect(unclear.err).toContain("Choose by --hardware-type or --artifact");

    expect((await download(serve(), ["--hardware-type", "board"], both)).code).toBe(0);
    expect((await download(serve(), ["--force", "--artifact", ARTIFACT_ID], both)).code).toBe(0);
    const absent = await download(serve(), ["--force", "--hardware-type", "new"], both);
    expect(absent.err).toContain("has no such artifact");
  });
});
