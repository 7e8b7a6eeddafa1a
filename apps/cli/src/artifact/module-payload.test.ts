import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readArtifact } from "@moult/artifact";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runMoult } from "../cli.fixture.ts";
import { fileBytes } from "../files/file-bytes.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-payload-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

const create = (...args: readonly string[]) =>
  runMoult([
    ..."artifact create --name web-2 --hardware-type board --out".split(" "),
    at("out.mender"),
    ...args,
  ]);

/** What the artifact's one payload holds. */
async function payload(): Promise<{ files: Record<string, Buffer>; metaData: unknown }> {
  const reading = await readArtifact(fileBytes(at("out.mender"), new AbortController().signal));
  const files: Record<string, Buffer> = {};
  for await (const { name, content } of reading.payloadFiles()) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    files[name] = Buffer.concat(chunks);
  }
  await reading.finish();
  return { files, metaData: reading.head.payloads[0]?.metaData };
}

async function namesIn(archive: Buffer | undefined): Promise<readonly string[]> {
  const names: string[] = [];
  const extractor = extract();
  extractor.end(archive);
  for await (const entry of extractor) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}

test("packages keep their names, but for what the name of a payload file may not have", async () => {
  writeFileSync(at("web_2.0+git~1-1_amd64.deb"), "web");
  writeFileSync(at("library.deb"), "library");

  const run = await create("--type", "deb", at("web_2.0+git~1-1_amd64.deb"), at("library.deb"));

  expect(run).toMatchObject({ code: 0, err: "" });
  expect(Object.keys((await payload()).files)).toEqual([
    "web_2.0_git_1-1_amd64.deb",
    "library.deb",
  ]);
});

test("a composition is its folder, its images and its name", async () => {
  mkdirSync(at("shop/settings"), { recursive: true });
  writeFileSync(at("shop/compose.yaml"), "services: {}\n");
  writeFileSync(at("shop/settings/a.ini"), "");
  writeFileSync(at("web.tar"), "image");

  const run = await create(
    ..."--type docker-compose --project-name shop --dir".split(" "),
    at("shop"),
    at("web.tar"),
  );

  expect(run).toMatchObject({ code: 0, err: "" });
  const { files, metaData } = await payload();
  expect(metaData).toEqual({ project_name: "shop", version: "1" });
  expect(await namesIn(files["manifests.tar"])).toEqual([
    "manifests/compose.yaml",
    "manifests/settings/",
    "manifests/settings/a.ini",
  ]);
  expect(await namesIn(files["images.tar"])).toEqual(["images/web.tar"]);
});

test("a configuration has the name that devices know, whatever its file's", async () => {
  writeFileSync(at("berlin.json"), '{ "zone": "Europe/Berlin" }');

  expect(await create("--type", "configuration", at("berlin.json"))).toMatchObject({ code: 0 });
  const { files } = await payload();
  expect(files["configuration.json"]?.toString()).toBe('{"zone":"Europe/Berlin"}\n');
});

test.each([
  [["--type", "deb"], "needs a file *.deb"],
  [["--type", "rpm", "web.deb"], "web.deb is not named like *.rpm"],
  [["--type", "rauc", "a.raucb", "b.raucb"], "is one file"],
  [["--type", "swu"], "needs a file *.swu"],
  [["--type", "configuration"], "one file with a JSON object"],
  [["--type", "configuration", "list.json"], "is not a JSON object"],
  [["--type", "docker-compose", "--project-name", "shop"], "needs --dir DIR"],
  [["--type", "docker-compose", "--dir", "empty"], "needs --project-name NAME"],
  [["--type", "docker-compose", "--dir", "empty", "--project-name", "A B"], "needs --project-name"],
  [["--type", "docker-compose", "--dir", "empty", "--project-name", "a"], "holds no compose file"],
])("what every device would refuse is not made: %j", async (args, words) => {
  writeFileSync(at("list.json"), "[1]");
  writeFileSync(at("web.deb"), "");
  mkdirSync(at("empty"));
  writeFileSync(at("empty/readme"), "");
  const known = ["list.json", "web.deb", "empty"];

  const { code, err } = await create(...args.map((arg) => (known.includes(arg) ? at(arg) : arg)));

  expect(code).not.toBe(0);
  expect(err).toContain(words);
});
