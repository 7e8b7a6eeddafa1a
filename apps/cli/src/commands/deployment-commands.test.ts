import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  HANDLED,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type CliOptions,
} from "../cli.fixture.ts";
import {
  assignment,
  AT,
  deployment,
  DEPLOYMENT_ID,
  DEVICE_ID,
  group,
  GROUP_ID,
  page,
  release,
  RELEASE_ID,
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

describe("a deployment", () => {
  const create = async (line: string) => {
    const bodies: unknown[] = [];
    await serving({
      listReleases: ({ query }) =>
        page(
          query["version"] === "1.4.0" ? [release({ channel: query["channel"] ?? "prod" })] : [],
        ),
      showRelease: () => ({ ...release(), deviceCount: 0 }),
      listGroups: () => ({ items: [group()] }),
      createDeployment: ({ body }) => {
        bodies.push(body);
        return deployment();
      },
    });
    const run = await moult(`deployment create ${line}`);
    return { ...run, body: bodies[0] };
  };

  test.each([
    ["gw2/1.4.0 --all", { kind: "all" }],
    ["--product gw2 --release 1.4.0 --group canaries", { kind: "group", groupId: GROUP_ID }],
    [`gw2/dev/1.4.0 --device ${DEVICE_ID}`, { kind: "devices", deviceIds: [DEVICE_ID] }],
    [`${RELEASE_ID} --all`, { kind: "all" }],
  ])("is created by %s", async (line, target) => {
    const { code, body } = await create(line);

    expect(code).toBe(0);
    expect(body).toEqual({ releaseId: RELEASE_ID, target, plan: { stages: [{ percent: 100 }] } });
  });

  test.each([
    ["gw2/1.4.0", "Say to whom"],
    ["gw2/1.4.0 --all --group canaries", "Say to whom"],
    [`gw2/1.4.0 --device ${DEVICE_ID} --device ${DEVICE_ID}`, "named twice"],
    ["--all", "Name the release"],
    ["--product gw2 --all", "Name the release"],
  ])("by %s is a mistake", async (line, sentence) => {
    const { code, err, body } = await create(line);

    expect(code).toBe(2);
    expect(err).toContain(sentence);
    expect(body).toBeUndefined();
  });

  test("of a release that is not there is not created", async () => {
    const { code, err } = await create("gw2/9.9.9 --all");

    expect(code).toBe(1);
    expect(err).toContain('There is no release "gw2/9.9.9".');
  });

  test("takes all that the options and a plan file say", async () => {
    writeFileSync(join(folder, "plan.json"), '{"stages":[{"percent":100}],"attemptsMax":3}');

    const { body } = await create(
      `gw2/1.4.0 --all --name november --plan ${join(folder, "plan.json")}`,
    );

    expect(body).toMatchObject({
      name: "november",
      plan: { stages: [{ percent: 100 }], attemptsMax: 3 },
    });
  });

  test("is shown with its stages, its counts, and why it stopped itself", async () => {
    const trip = { kind: "failure-percent", stage: 1, failed: 3, finished: 20, limit: 10, at: AT };
    await serving({ showDeployment: () => deployment({ state: "tripped", stage: 1, trip }) });

    const { out } = await moult(`deployment show ${DEPLOYMENT_ID}`);

    expect(out).toContain("november: gw2 1.4.0  tripped, stage 2 of 2");
    expect(out).toContain("3 of 20 finished devices failed in stage 2; it stops at 10 % failures");
    expect(out).toContain("1: to 10 %, goes on at 100 % success, stops at 1 failures: done");
  });

  test("is found by its name, also on a later page", async () => {
    await serving({
      listDeployments: ({ query }) =>
        query["cursor"] === undefined
          ? page([deployment({ id: RELEASE_ID, name: "october" })], "next")
          : page([deployment()]),
      pauseDeployment: ({ params }) => deployment({ id: params["deploymentId"], state: "paused" }),
    });

    const { out } = await moult("deployment pause november --json");

    expect(JSON.parse(out)).toMatchObject({ id: DEPLOYMENT_ID, state: "paused" });
  });

  test("is not aborted without a yes", async () => {
    await serving({ abortDeployment: () => deployment({ state: "aborted" }) });

    expect((await moult(`deployment abort ${DEPLOYMENT_ID}`)).code).toBe(2);
    expect((await moult(`deployment abort ${DEPLOYMENT_ID} -y`)).code).toBe(0);
    expect(server?.asked).toEqual(["abortDeployment"]);
  });

  test("gives the logs of failed attempts, which cannot control the terminal", async () => {
    const log = "step 1\nstep 2 \u001b[2Jfailed\n";
    await serving({
      listAssignments: () => page([assignment()]),
      showAttemptLog: ({ response }) => {
        response.writeHead(200, { "content-length": Buffer.byteLength(log) }).end(log);
        return HANDLED;
      },
    });

    const text = await moult(`deployment logs ${DEPLOYMENT_ID}`);
    const json = await moult(`deployment logs ${DEPLOYMENT_ID} --json`);

    expect(text.out).toContain("== gw-17, attempt 1: rolled-back (health-check-failed: no answer)");
    expect(text.out).toContain("step 1\nstep 2 ␛[2Jfailed");
    expect(JSON.parse(json.out)).toMatchObject({ items: [{ deviceId: DEVICE_ID, log }] });
  });
});
