import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

const noOutcomes = {
  open: 0,
  succeeded: 0,
  alreadyRunning: 0,
  failed: 0,
  rolledBack: 0,
  rejected: 0,
  timedOut: 0,
  silent: 0,
  aborted: 0,
};
const progress = {
  stages: [],
  openByState: {
    offered: 0,
    downloading: 0,
    installing: 0,
    activating: 0,
    proving: 0,
    "rolling-back": 0,
    "retry-pending": 0,
  },
  timeline: [],
  failures: [
    {
      outcome: "rolled-back",
      code: "health-check-failed",
      count: 2,
      detail: "no answer",
      samples: [{ id: DEVICE_ID, name: "gw-17" }],
    },
  ],
  waiting: [
    {
      kind: "stage-not-reached",
      sentence: "15 devices have their turn in stage 2.",
      count: 15,
    },
  ],
};

describe("a deployment", () => {
  const create = async (line: string) => {
    const bodies: unknown[] = [];
    await serving({
      listReleases: ({ query }) =>
        page(
          query["version"] === "1.4.0" ? [release({ channel: query["channel"] ?? "prod" })] : [],
        ),
      showRelease: () => ({
        ...release(),
        deviceCount: 0,
        runningCount: 0,
        fitsCount: 0,
        outcomes: noOutcomes,
      }),
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
    [
      `gw2/1.4.0 --all --frozen --exclude-group canaries --exclude-device ${DEVICE_ID} --exclude-query running:2* --hold-back 2.5`,
      {
        kind: "all",
        membership: "frozen",
        exclude: { groupIds: [GROUP_ID], deviceIds: [DEVICE_ID], query: "running:2*" },
        holdBackPercent: 2.5,
      },
    ],
    [
      "gw2/1.4.0 --query 'inventory.region = eu'",
      { kind: "query", query: "inventory.region = eu" },
    ],
  ])("is created by %s", async (line, target) => {
    const { code, body } = await create(line);

    expect(code).toBe(0);
    expect(body).toEqual({
      releaseId: RELEASE_ID,
      target,
      plan: { version: 2, stages: [{ size: { remaining: true } }] },
    });
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
    writeFileSync(
      join(folder, "plan.json"),
      '{"stages":[{"size":{"remaining":true}}],"retry":{"attemptsMax":3}}',
    );

    const { body } = await create(
      `gw2/1.4.0 --all --name november --plan ${join(folder, "plan.json")}`,
    );

    expect(body).toMatchObject({
      name: "november",
      plan: { stages: [{ size: { remaining: true } }], retry: { attemptsMax: 3 } },
    });
  });

  test("is shown with its stages, its counts, and why it stopped itself", async () => {
    const trip = { kind: "failure-percent", stage: 1, failed: 3, finished: 20, limit: 10, at: AT };
    await serving({
      showDeployment: () => deployment({ state: "tripped", stage: 1, trip }),
      showDeploymentProgress: () => progress,
    });

    const { out } = await moult(`deployment show ${DEPLOYMENT_ID}`);

    expect(out).toContain("november: gw2 1.4.0  tripped, stage 2 of 2");
    expect(out).toContain("3 of 20 finished devices failed in stage 2; it stops at 10 % failures");
    expect(out).toContain("1: to 10 %; next when 100 % succeeded; stops at 1 failed: done");
    expect(out).toContain("Stage 1 of 2: 3 of 20 devices are done, 2 in the update.");
    expect(out).toContain("2 rolled-back (health-check-failed: no answer) (gw-17)");
    expect(out).toMatch(/Waiting +15 devices have their turn in stage 2\./);
    const json = await moult(`deployment show ${DEPLOYMENT_ID} --json`);
    expect(JSON.parse(json.out)).toMatchObject({ id: DEPLOYMENT_ID, progress });
  });

  test("is found by its name, also on a later page", async () => {
    await serving({
      listDeployments: ({ query }) =>
        query["cursor"] === undefined
          ? page([deployment({ id: RELEASE_ID, name: "october" })], "next")
          : page([deployment()]),
      rehearseDeploymentChange: () => ({ isPossible: true, sentence: "Fine.", button: "Pause" }),
      pauseDeployment: ({ params }) => deployment({ id: params["deploymentId"], state: "paused" }),
    });

    const { out } = await moult("deployment pause november --json");

    expect(JSON.parse(out)).toMatchObject({ id: DEPLOYMENT_ID, state: "paused" });
  });

  const rehearsed =
    (isPossible = true) =>
    ({ query }: { readonly query: Readonly<Record<string, string>> }) => ({
      isPossible,
      sentence: `What ${query["action"]} would do.`,
      button: "Abort, 3 keep 1.4.0",
    });

  test("is not aborted without a yes, which is asked for with what it would do", async () => {
    await serving({
      rehearseDeploymentChange: rehearsed(),
      abortDeployment: () => deployment({ state: "aborted" }),
    });

    expect((await moult(`deployment abort ${DEPLOYMENT_ID}`)).code).toBe(2);
    const refused = await moult(`deployment abort ${DEPLOYMENT_ID}`, { answers: ["n"] });
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain("What abort would do.\nAbort, 3 keep 1.4.0? [y/N]");
    expect(server?.asked).not.toContain("abortDeployment");
    expect(await moult(`deployment abort ${DEPLOYMENT_ID} -y`)).toMatchObject({
      code: 0,
      err: "What abort would do.",
    });
    expect(server?.asked.at(-1)).toBe("abortDeployment");
  });

  test("is rolled back on a yes, to what devices ran or to a release, and says whom that takes back", async () => {
    const asked: unknown[] = [];
    await serving({
      listReleases: () => page([release()]),
      previewRollBack: ({ query }) => {
        asked.push(query);
        return {
          isPossible: true,
          sentence: "3 devices that run 2.0 go back to 1.4.0.",
          button: "Roll 3 devices back",
          groups: [],
          problems: [],
        };
      },
      rollBackDeployment: ({ body }) => {
        asked.push(body);
        const order = { by: "Ada", at: AT, to: { releaseId: RELEASE_ID, version: "1.4.0" } };
        const rollback = { order, of: null, by: [], problems: [] };
        return deployment({ state: "aborted", rollback });
      },
    });

    expect((await moult(`deployment roll-back ${DEPLOYMENT_ID}`)).code).toBe(2);
    const refused = await moult(`deployment roll-back ${DEPLOYMENT_ID}`, { answers: ["n"] });
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.err).toContain(
      "3 devices that run 2.0 go back to 1.4.0.\nRoll 3 devices back? [y/N]",
    );
    expect(server?.asked).not.toContain("rollBackDeployment");
    const done = await moult(
      `deployment roll-back ${DEPLOYMENT_ID} --to gw2/1.4.0 --leave-unable --yes`,
    );
    expect(done).toMatchObject({ code: 0, err: "3 devices that run 2.0 go back to 1.4.0." });
    expect(done.out).toMatch(/^Taken back +to 1\.4\.0, at .* by Ada$/m);
    expect(asked.slice(-2)).toEqual([
      { to: RELEASE_ID, unable: "leave" },
      { to: RELEASE_ID, unable: "leave" },
    ]);
  });

  test("opens its next stage on a yes, and names the one that is open", async () => {
    let body: unknown;
    await serving({
      showDeployment: () => deployment({ stage: 1 }),
      rehearseDeploymentChange: rehearsed(),
      advanceDeployment: (call) => {
        ({ body } = call);
        return deployment({ stage: 2 });
      },
    });

    expect((await moult(`deployment advance ${DEPLOYMENT_ID}`)).code).toBe(2);
    expect(body).toBeUndefined();
    expect(await moult(`deployment advance ${DEPLOYMENT_ID} -y`)).toMatchObject({
      code: 0,
      err: "What advance would do.",
    });
    expect(body).toEqual({ stage: 1 });
  });

  test("has its installation opened on a yes", async () => {
    await serving({
      showDeployment: () => deployment(),
      openInstallation: () => deployment({ installationOpenedAt: AT }),
    });

    expect((await moult(`deployment open-installation ${DEPLOYMENT_ID}`)).code).toBe(2);
    expect(server?.asked).not.toContain("openInstallation");
    const done = await moult(`deployment open-installation ${DEPLOYMENT_ID} -y`);
    expect(done).toMatchObject({ code: 0 });
    expect(done.out).toContain("open since");
  });

  test("has the stage approved that lacks approvals, or the one that is named, and withdrawn", async () => {
    const bodies: unknown[] = [];
    const answer = (call: { readonly body: unknown }) => {
      bodies.push(call.body);
      return deployment({
        approvals: [{ stage: 1, by: "Bob", email: "bob@example.org", at: AT }],
      });
    };
    const pendingApproval = {
      stage: 1,
      required: 2,
      given: 0,
      approversLeft: 2,
      sentence: "It waits.",
    };
    await serving({
      showDeployment: () => deployment({ pendingApproval }),
      approveDeployment: answer,
      withdrawApproval: answer,
    });

    const { code, out } = await moult(`deployment approve ${DEPLOYMENT_ID}`);
    await moult(`deployment approve ${DEPLOYMENT_ID} --stage 3`);
    await moult(`deployment approve ${DEPLOYMENT_ID} --withdraw`);

    expect(code).toBe(0);
    expect(out).toContain("stage 2 by Bob (bob@example.org)");
    expect(bodies).toEqual([{ stage: 1 }, { stage: 2 }, { stage: 1 }]);
    expect(server?.asked.at(-1)).toBe("withdrawApproval");
  });

  test("is not approved where nothing lacks approvals", async () => {
    await serving({ showDeployment: () => deployment() });

    const { code, err } = await moult(`deployment approve ${DEPLOYMENT_ID}`);

    expect(code).toBe(2);
    expect(err).toContain("No stage of it lacks approvals.");
  });

  test.each(["force", "retry", "cancel"])("has one of its devices %s", async (verb) => {
    let asked: unknown;
    await serving({
      [`${verb}Device`]: (call: { readonly params: unknown }) => {
        asked = call.params;
        return undefined;
      },
    });

    const { code, out } = await moult(`deployment ${verb} ${DEPLOYMENT_ID} ${DEVICE_ID}`);

    expect({ code, asked }).toEqual({
      code: 0,
      asked: { deploymentId: DEPLOYMENT_ID, deviceId: DEVICE_ID },
    });
    expect(out).toContain(DEVICE_ID);
  });

  test("that cannot be aborted is not asked about; the server says why", async () => {
    await serving({
      rehearseDeploymentChange: rehearsed(false),
      abortDeployment: () => new Refusal(409, "state-conflict", "It is finished."),
    });

    const { code, err } = await moult(`deployment abort ${DEPLOYMENT_ID}`);

    expect(code).toBe(1);
    expect(err).toContain("It is finished.");
  });

  test("is previewed without being created, and fails where it could not be created", async () => {
    const preview = {
      name: "2.0 to all of gw2",
      targeted: 20,
      gets: 17,
      alreadyRunning: 1,
      cannot: [
        {
          kind: "no-artifact-for-hardware",
          sentence: "2 devices are of the hardware type old.",
          count: 2,
          samples: [{ id: DEVICE_ID, name: "gw-17" }],
        },
      ],
      takesOverFrom: [{ deploymentId: DEPLOYMENT_ID, name: "october", count: 4 }],
      yieldsTo: [{ deploymentId: DEPLOYMENT_ID, name: "hot fix", count: 3 }],
      stages: [{ size: { remaining: true }, deviceCount: 18 }],
      trust: { "end-to-end": 17 },
      findings: [
        { severity: "warning", field: "plan.stages", sentence: "Nothing is tried first." },
      ],
      confirm: "Deploy 1.4.0 to all 17 devices in one stage?",
    };
    const error = { severity: "error", field: "target", sentence: "Nobody fits." };
    await serving({
      showRelease: () => ({
        ...release(),
        deviceCount: 3,
        runningCount: 3,
        fitsCount: 18,
        outcomes: noOutcomes,
      }),
      previewDeployment: ({ body, number }) => {
        expect(body).toMatchObject({ releaseId: RELEASE_ID, target: { kind: "all" } });
        return number === 1 ? preview : { ...preview, findings: [error] };
      },
    });

    const shown = await moult(`deployment preview ${RELEASE_ID} --all`);
    const refused = await moult(`deployment preview ${RELEASE_ID} --all --json`);

    expect(shown.code).toBe(0);
    expect(shown.out).toMatch(/Cannot +2 devices are of the hardware type old\. \(gw-17\)/);
    expect(shown.out).toMatch(/Takes over from +october: 4 devices/);
    expect(shown.out).toContain("Nothing is tried first.");
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({ gets: 17, findings: [error] });
  });

  test("tells which devices wait, and why each of them does", async () => {
    await serving({
      listWaitingDevices: () =>
        page([{ id: DEVICE_ID, name: "gw-17", kind: "next-check-in", sentence: "At once." }]),
    });

    expect((await moult(`deployment devices ${DEPLOYMENT_ID} --waiting`)).out).toMatch(
      /gw-17 +At once\./,
    );
    expect((await moult(`deployment devices ${DEPLOYMENT_ID} --waiting --stage 1`)).code).toBe(2);
  });

  test("lists the devices of a stage that ended alike", async () => {
    await serving({
      listAssignments: ({ query }) => {
        expect(query).toMatchObject({ stage: "0", code: "health-check-failed" });
        return page([assignment()]);
      },
    });

    const { out } = await moult(
      `deployment devices ${DEPLOYMENT_ID} --stage 1 --code health-check-failed`,
    );
    expect(out).toContain("gw-17");
  });

  test("says of a device that puts its update off why, and its words cannot control the terminal", async () => {
    const deferral = {
      before: "install",
      holds: [{ code: "oven-hot", detail: "240 \u001b[2J degrees" }],
      since: AT,
      sentence: "The device waits before it installs: 240 \u001b[2J degrees",
    };
    const fields = { state: "downloading", outcome: null, code: null, detail: null, deferral };
    await serving({ listAssignments: () => page([assignment(fields)]) });

    const { out } = await moult(`deployment devices ${DEPLOYMENT_ID}`);
    expect(out).toMatch(
      /gw-17 +downloading, waits .*The device waits before it installs: 240 ␛\[2J/,
    );
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
