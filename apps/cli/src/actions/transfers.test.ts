import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadFileFromBytes, writeArtifact } from "@moult/artifact";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  HANDLED,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type CliOptions,
  type FixtureAnswer,
} from "../cli.fixture.ts";
import { startTusServer, type TusServerOptions } from "../tus-server.fixture.ts";
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
  async function artifactFile(name: string, payload: Buffer = content): Promise<string> {
    const parts: Uint8Array[] = [];
    const files = [payloadFileFromBytes("payload.bin", payload)];
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

  const stored = (bytes: Buffer) => {
    const found = artifact({ sha256: sha256Of(bytes), sizeBytes: bytes.length });
    return { release: release({ artifacts: [found] }), artifact: found, created: true };
  };

  async function upload(
    files: readonly string[],
    options: Partial<TusServerOptions> = {},
    cli: CliOptions = {},
  ) {
    const tus = await startTusServer({ become: stored, ...options });
    server = tus;
    const run = (more: CliOptions = {}) =>
      runMoult(["release", "upload", "--product", "gw2", ...files], {
        environment: { ...signedInTo(tus), XDG_STATE_HOME: folder },
        ...cli,
        ...more,
      });
    return { ...(await run()), tus, again: run };
  }

  test("of several files tells of each, with progress in a terminal", async () => {
    const files = [await artifactFile("1.4.0"), await artifactFile("1.4.1")];

    const { code, out, statuses } = await upload(files, {}, { hasStatus: true });

    expect(code).toBe(0);
    expect(out.split("\n")).toHaveLength(2);
    expect(out).toContain(`${files[0]} is in release gw2/prod/1.4.0 now, for board`);
    expect(statuses.some((text) => /1\.4\.0\.mender {2}█+.*100 %/.test(text))).toBe(true);
  });

  test("goes to the channel that was named, under the file's own name", async () => {
    const tus = await startTusServer({ become: stored });
    server = tus;

    await runMoult(
      ["release", "upload", "--product", "gw2", "--channel", "dev", await artifactFile("1.4.0")],
      { environment: { ...signedInTo(tus), XDG_STATE_HOME: folder } },
    );

    expect([...tus.uploads.values()].map(({ metadata }) => metadata)).toEqual([
      { product: "gw2", channel: "dev", filename: "1.4.0.mender" },
    ]);
  });

  test("needs no folder that can be written: without one a stopped upload begins anew", async () => {
    const file = await artifactFile("1.4.0");
    const XDG_STATE_HOME = at("no-folder");
    writeFileSync(XDG_STATE_HOME, "");

    const { tus } = await upload([file]);
    const { code, err } = await runMoult(["release", "upload", "--product", "gw2", file], {
      environment: { ...signedInTo(tus), XDG_STATE_HOME },
    });

    expect(code).toBe(0);
    expect(err).toMatch(/^No offline key has signed it yet.*$/);
  });

  test("over a connection that breaks goes on, and says so", async () => {
    const file = await artifactFile("1.4.0");

    const { code, err } = await upload([file], {
      disturb: (request, _response, number) => {
        if (number === 1) request.socket.destroy();
        return number === 1;
      },
    });

    expect(code).toBe(0);
    expect(err).toContain(`The connection broke while ${file} was uploaded; trying again.`);
  });

  test("that was stopped goes on when the same command is run again, and says where", async () => {
    const file = await artifactFile("1.4.0", randomBytes(2_000_000));
    const stop = new AbortController();

    const { code, err, tus, again } = await upload(
      [file],
      {
        disturb: (_request, _response, number) => {
          if (number === 2) stop.abort();
          return number === 2;
        },
      },
      { signal: stop.signal },
    );
    expect(code).toBe(130);
    expect(err).toContain(`The server keeps what it has of ${file} for a day`);
    const received = [...tus.uploads.values()][0]?.bytes.length ?? 0;
    expect(received).toBeGreaterThan(0);
    expect(readdirSync(join(folder, "moult", "uploads"))).toHaveLength(1);

    const second = await again({ signal: new AbortController().signal });
    expect(second.code).toBe(0);
    expect(second.err).toMatch(/Continuing \S+1\.4\.0\.mender at 524 kB of 2\.0 MB\./);
    expect(tus.uploads.size).toBe(1);
    expect(tus.parts[2]).toBe(received);
    expect(readdirSync(join(folder, "moult", "uploads"))).toEqual([]);
  });

  test("of what is no artifact never reaches the server", async () => {
    writeFileSync(at("image.bin"), content);

    const { code, err, tus } = await upload([at("image.bin")]);

    expect(code).toBe(1);
    expect(err).toContain("not an artifact");
    expect([tus.asked, tus.uploads.size]).toEqual([[], 0]);
  });

  test("of a file that is not there says so", async () => {
    const { code, err } = await upload([at("missing.mender")]);

    expect(code).toBe(1);
    expect(err).toContain(`There is no ${at("missing.mender")}`);
  });

  test("whose bytes arrive as others is an error", async () => {
    const { code, err } = await upload([await artifactFile("1.4.0")], {
      become: () => ({ release: release(), artifact: artifact(), created: true }),
    });

    expect(code).toBe(1);
    expect(err).toContain("digest-mismatch");
  });

  test("that the server refuses shows why and what to do", async () => {
    const { code, err } = await upload([await artifactFile("1.4.0")], {
      become: () => ({
        state: "refused",
        problem: {
          type: "about:blank",
          title: "Refused",
          status: 422,
          code: "artifact-unsigned",
          detail: "gw2 takes signed artifacts only.",
          requestId: "req-1",
        },
      }),
    });

    expect(code).toBe(1);
    expect(err).toContain("gw2 takes signed artifacts only. (artifact-unsigned, request req-1)");
    expect(err).toContain("moult artifact sign");
  });

  test("is listed, shown, and cancelled after a question", async () => {
    const file = await artifactFile("1.4.0");
    const stop = new AbortController();
    const { tus } = await upload(
      [file],
      {
        disturb: () => {
          stop.abort();
          return true;
        },
      },
      { signal: stop.signal },
    );
    const environment = signedInTo(tus);
    const [id = ""] = tus.uploads.keys();

    const list = await runMoult(["upload", "list"], { environment });
    expect(list.out).toContain(id);
    expect(list.out).toMatch(/1\.4\.0\.mender +gw2\/prod +uploading, 0 B of 4\d\d kB/);
    const show = await runMoult(["upload", "show", id], { environment });
    expect(show.out).toMatch(/State +uploading, 0 B of 4\d\d kB/);
    const no = await runMoult(["upload", "cancel", id], { environment, answers: ["n"] });
    expect([no.code === 0, tus.uploads.size]).toEqual([false, 1]);
    expect(no.err).toContain("Cancel the upload of 1.4.0.mender? 0 B of");
    const yes = await runMoult(["upload", "cancel", id, "--yes"], { environment });
    expect([yes.code, tus.uploads.size]).toEqual([0, 0]);
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
