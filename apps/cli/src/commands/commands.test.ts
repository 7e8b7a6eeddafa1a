import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "@moult/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  HANDLED,
  Refusal,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type CliOptions,
} from "../cli.fixture.ts";
import {
  AT,
  DEPLOYMENT_ID,
  device,
  DEVICE_ID,
  event,
  group,
  GROUP_ID,
  OTHER_DEVICE_ID,
  page,
} from "../model.fixture.ts";

let folder = "";
let server: ApiServer | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-commands-"));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  rmSync(folder, { recursive: true });
});

async function serving(answers: Parameters<typeof startApiServer>[0]): Promise<void> {
  server = await startApiServer(answers);
}
const moult = (line: string, options: CliOptions = {}) =>
  runMoult(
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? ""),
    { environment: signedInTo(server ?? { url: "http://127.0.0.1:9" }), ...options },
  );

describe("a device is named", () => {
  const other = device({ id: OTHER_DEVICE_ID, name: "spare", identity: { serial: "gw-17" } });
  const searching = (...items: readonly unknown[]) =>
    serving({
      listDevices: () => page(items),
      showDevice: ({ params }) => ({
        ...device({ id: params["deviceId"] }),
        inventory: { "kernel\u001b[1m": "6.1\nline" },
        context: { busy: true, batteryPercent: 55, since: AT },
        history: [],
      }),
    });
  const idShown = async (text: string): Promise<string> => {
    const { out } = await moult(`device show ${text} --json`);
    return (JSON.parse(out) as { readonly id: string }).id;
  };

  test("by its name, before an identity value of another", async () => {
    await searching(other, device());
    expect(await idShown("gw-17")).toBe(DEVICE_ID);
  });

  test("by an identity value", async () => {
    await searching(device(), other);
    expect(await idShown("1017")).toBe(DEVICE_ID);
  });

  test("by the beginning of its id", async () => {
    await searching(device(), other);
    expect(await idShown("4B3C7")).toBe(OTHER_DEVICE_ID);
  });

  test("by its id, without a search", async () => {
    await searching();
    expect(await idShown(DEVICE_ID)).toBe(DEVICE_ID);
    expect(server?.asked).toEqual(["showDevice"]);
  });

  test("by what fits two devices only with more words", async () => {
    await searching(device({ name: null }), other);

    const { code, err } = await moult("device show 4b3c");

    expect(code).toBe(1);
    expect(err).toContain(`"4b3c" could be 2 devices: ${DEVICE_ID} (1017), ${OTHER_DEVICE_ID}`);
  });

  test("by what fits none in vain", async () => {
    await searching(device());

    const { code, err } = await moult("device show gw-1");

    expect(code).toBe(1);
    expect(err).toContain('There is no device "gw-1".');
  });

  test("is held with a note and for a time, and released", async () => {
    const hold = { note: "tests", by: "Ada", since: AT, until: "2026-11-27T10:00:00.000Z" };
    let held: unknown;
    await serving({
      listDevices: () => page([device()]),
      holdDevice: ({ body }) => {
        held = body;
        return device({ hold });
      },
      releaseDevice: () => device(),
    });

    const { out } = await moult(`device hold gw-17 --note tests --for 7d`);
    expect(held).toEqual({ note: "tests", forSeconds: 7 * 86_400 });
    expect(out).toMatch(/Held +by Ada since .* until .*: tests/);
    expect((await moult(`device hold gw-17`)).err).toContain("--note");

    expect((await moult(`device release gw-17`)).out).not.toContain("Held");
  });

  test("is told its settings, and they are shown beside those that it reports", async () => {
    const changes: unknown[] = [];
    const configuration = {
      desired: { settings: { level: "info", zone: "UTC" }, by: "Ada", at: AT },
      reported: { settings: { level: "debug" }, at: AT },
    };
    await serving({
      listDevices: () => page([device()]),
      showDeviceConfiguration: () => configuration,
      changeDeviceConfiguration: ({ body }) => {
        changes.push(body);
        return configuration;
      },
    });

    const { out } = await moult("device configure gw-17");
    expect(out).toMatch(/SETTING +WANTED +REPORTED\nlevel +info +debug\nzone +UTC +-/);
    expect(changes).toEqual([]);
    await moult("device configure gw-17 --set level=info --set zone=UTC --unset proxy");
    expect(changes).toEqual([{ set: { level: "info", zone: "UTC" }, unset: ["proxy"] }]);
  });

  test("and what it reports about itself stays text", async () => {
    await searching(device());

    const { out } = await moult("device show gw-17");

    expect(out).toContain("kernel␛[1m");
    expect(out).not.toContain("\u001b");
  });
});

describe("why a device is not updating", () => {
  test("is told in the server's words, each once, with the time", async () => {
    await serving({
      explainDevice: () => ({
        summary: "Its turn comes in stage 2.",
        reasons: [
          {
            reason: {
              kind: "stage-not-reached",
              deploymentId: DEPLOYMENT_ID,
              stage: 0,
              admittedInStage: 1,
            },
            sentence: "Its turn comes in stage 2.",
            deploymentName: "2.0 to all of gw2",
          },
          {
            reason: {
              kind: "superseded",
              deploymentId: DEPLOYMENT_ID,
              byDeploymentId: DEPLOYMENT_ID,
              because: "newer",
            },
            sentence: "A newer deployment decides.",
            deploymentName: "1.9 to pumps",
          },
        ],
        earliest: "2099-01-01T00:00:00.000Z",
      }),
    });

    const { out } = await moult(`device why ${DEVICE_ID}`);

    expect(out.split("\n")).toEqual([
      "Its turn comes in stage 2. (2.0 to all of gw2)",
      "  1.9 to pumps: A newer deployment decides.",
      expect.stringMatching(/^Time alone can change this in \d+ d \(2099-01-01 00:00:00Z\)\.$/),
    ]);
  });
});

describe("accepting devices", () => {
  const answers = {
    acceptDevice: ({ params }: { readonly params: Readonly<Record<string, string>> }) =>
      params["deviceId"] === DEVICE_ID
        ? device()
        : new Refusal(409, "state-conflict", "It was decommissioned."),
  };

  test("asks first, and a no changes nothing", async () => {
    await serving(answers);

    const { code } = await moult(`device accept ${DEVICE_ID}`, { answers: ["n"] });

    expect(code).toBe(1);
    expect(server?.asked).toEqual([]);
  });

  test("needs --yes where nobody is there to ask", async () => {
    await serving(answers);

    expect(await moult(`device accept ${DEVICE_ID}`)).toMatchObject({ code: 2 });
    expect(await moult(`device accept ${DEVICE_ID} --yes`)).toMatchObject({
      code: 0,
      out: "gw-17 takes updates now.",
    });
  });

  test("does all that it can, and fails when one is refused", async () => {
    await serving(answers);

    const { code, out } = await moult(`device accept ${OTHER_DEVICE_ID} ${DEVICE_ID} -y --json`);

    expect(code).toBe(1);
    const { attributes: _inLists, ...accepted } = device();
    expect(JSON.parse(out)).toEqual({
      items: [accepted],
      failed: [
        { deviceId: OTHER_DEVICE_ID, code: "state-conflict", detail: "It was decommissioned." },
      ],
    });
  });
});

test("a device is preauthorised by its key, and never by a private one", async () => {
  const pair = generateKeyPairSync("ed25519");
  writeFileSync(join(folder, "pub.pem"), pair.publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(join(folder, "key.pem"), pair.privateKey.export({ type: "pkcs8", format: "pem" }));
  const bodies: unknown[] = [];
  await serving({
    preauthoriseDevice: ({ body }) => {
      bodies.push(body);
      return {
        id: DEVICE_ID,
        product: "gw2",
        keyFingerprint: (body as { readonly keyFingerprint: string }).keyFingerprint,
        identity: null,
        name: null,
        createdAt: AT,
        groupIds: [],
        usedAt: null,
      };
    },
  });

  const line = "device preauthorise --product gw2";
  const right = await moult(`${line} --public-key ${join(folder, "pub.pem")} --identity serial=7`);
  const wrong = await moult(`${line} --public-key ${join(folder, "key.pem")}`);
  const colons = await moult(`${line} --fingerprint ${"AB:".repeat(31)}AB`);

  expect(right.code).toBe(0);
  expect(bodies[0]).toEqual({
    product: "gw2",
    keyFingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    identity: { serial: "7" },
  });
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain("is a private key");
  expect(colons.code).toBe(0);
  expect(bodies[1]).toMatchObject({ keyFingerprint: "ab".repeat(32) });
});

test("all pages come as one list, as a table and as JSON", async () => {
  const names = ["one", "two", "three"];
  await serving({
    listDevices: ({ query }) => {
      const index = Number(query["cursor"] ?? 0);
      const next = index + 1 < names.length ? String(index + 1) : null;
      return page([device({ name: names[index] })], next);
    },
  });

  const table = await moult("device list --all");
  const json = await moult("device list --all --json");

  expect(table.out.split("\n").map((line) => line.split(/\s+/)[1])).toEqual(["NAME", ...names]);
  expect(JSON.parse(json.out)).toEqual(page(names.map((name) => device({ name }))));
});

test("a list of nothing says so to people, and is empty for programs", async () => {
  await serving({ listDevices: () => page([]) });

  expect(await moult("device list")).toMatchObject({ code: 0, out: "" });
  expect((await moult("device list")).err).toBe("There are no such devices.");
  expect(JSON.parse((await moult("device list --all --json")).out)).toEqual(page([]));
});

test("a secret is alone on standard output", async () => {
  await serving({
    createEnrolmentToken: () => ({
      token: {
        id: DEVICE_ID,
        product: "gw2",
        label: "",
        accepts: true,
        usesMax: 10,
        uses: 0,
        expiresAt: AT,
        createdAt: AT,
      },
      secret: "the-secret",
    }),
  });

  const { out, err } = await moult("enrolment-token create --product gw2 --accepts --uses 10");

  expect(out).toBe("the-secret");
  expect(err).toContain("up to 10 devices are accepted at once");
});

test("devices go into a group all together or not at all", async () => {
  const bodies: unknown[] = [];
  await serving({
    listGroups: () => ({ items: [group()] }),
    listDevices: ({ query }) => page(query["search"] === "gw-17" ? [device()] : []),
    addToGroup: ({ body, params }) => {
      bodies.push(params, body);
      return group();
    },
  });

  expect((await moult(`group add canaries gw-17 ${OTHER_DEVICE_ID}`)).code).toBe(0);
  expect(bodies).toEqual([{ groupId: GROUP_ID }, { deviceIds: [DEVICE_ID, OTHER_DEVICE_ID] }]);
  expect((await moult("group add canaries gw-17 gw-99")).code).toBe(1);
  expect(bodies).toHaveLength(2);
});

test("a group can have a query, which is shown with it and changed later", async () => {
  const bodies: unknown[] = [];
  const query = "inventory.region = eu AND running < 2.0";
  await serving({
    listGroups: () => ({ items: [group({ query, deviceCount: 20_000, isCountExact: false })] }),
    createGroup: ({ body }) => {
      bodies.push(body);
      return group({ query });
    },
    changeGroup: ({ body }) => {
      bodies.push(body);
      return group({ query: "running < 2.0" });
    },
  });

  const asked = (words: string[]) =>
    runMoult(words, { environment: signedInTo(present(server, "the server")) });
  const create = ["group", "create", "canaries", "--product", "gw2", "--query", query];
  expect((await asked(create)).out).toContain(query);
  expect((await moult("group list")).out).toMatch(
    /at least 20000 .* inventory\.region = eu AND running < 2\.0$/,
  );
  const change = ["group", "change", "canaries", "--query", "running < 2.0"];
  expect((await asked(change)).out).toMatch(/Query +running < 2\.0/);
  expect(bodies).toEqual([{ name: "canaries", product: "gw2", query }, { query: "running < 2.0" }]);
  expect((await moult("group change canaries")).code).toBe(2);
});

test("events are lines, for people and for programs", async () => {
  const controller = new AbortController();
  const created = event(1, { kind: "deployment-created", version: "1.4.0", by: "Ada" });
  await serving({
    watchEvents: ({ response, number, query }) => {
      expect(query["after"]).toBe("0");
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (number === 1) response.end(`retry: 1\nid: 1\ndata: ${JSON.stringify(created)}\n\n`);
      else controller.abort(new Error("interrupted"));
      return HANDLED;
    },
  });

  const { code, out } = await moult("event watch --after 0 --json", { signal: controller.signal });

  expect(code).toBe(130);
  expect(out.split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([created]);
});
