import type { ProductName } from "@moult/model";
import { afterEach, describe, expect, test } from "vitest";
import {
  HANDLED,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type CliOptions,
} from "../cli.fixture.ts";
import { AT, deployment, DEPLOYMENT_ID, DEVICE_ID, event, page } from "../model.fixture.ts";

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serving(answers: Parameters<typeof startApiServer>[0]): Promise<void> {
  server = await startApiServer(answers);
}
const moult = (line: string, options: CliOptions = {}) =>
  runMoult(line.split(" "), {
    environment: signedInTo(server ?? { url: "http://127.0.0.1:9" }),
    ...options,
  });

test("what happened is listed in the server's sentences, of the kinds that are asked for", async () => {
  await serving({
    listEvents: ({ query }) => {
      expect(query).toMatchObject({ kind: "stage-advanced", deploymentId: DEPLOYMENT_ID });
      return page([
        event(2, { kind: "stage-advanced", stage: 1 }, { sentence: "It goes on to stage 2." }),
      ]);
    },
  });

  const { out } = await moult(`event list --deployment ${DEPLOYMENT_ID} --kind stage-advanced`);

  expect(out).toContain("It goes on to stage 2.");
});

test("changes are a line for each second, with where the changed deployments stand", async () => {
  const controller = new AbortController();
  const notice = {
    sequence: 7,
    at: "2026-11-20T10:00:00.000Z",
    isReset: false,
    deviceIds: [DEVICE_ID],
    hasMoreDevices: true,
    deploymentIds: [DEPLOYMENT_ID],
    releaseIds: [],
    groupIds: [],
    products: [],
    bulkChangeIds: [],
    uploadIds: [],
    hasTrustChanged: false,
    hasPeopleChanged: false,
    deployments: [deployment()],
  };
  await serving({
    watchChanges: ({ response, number }) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      if (number === 1) response.end(`retry: 1\nid: 7\ndata: ${JSON.stringify(notice)}\n\n`);
      else controller.abort(new Error("interrupted"));
      return HANDLED;
    },
  });

  const { out } = await moult("event watch --changes", { signal: controller.signal });

  expect(out.split("\n")).toEqual([
    "2026-11-20 10:00:00Z  over 1 devices, 1 deployments",
    "  november: Stage 1 of 2: 3 of 20 devices are done, 2 in the update.",
  ]);
  expect(await moult(`event watch --changes --device ${DEVICE_ID}`)).toMatchObject({ code: 2 });
});

describe("the overview", () => {
  const shown = (fields = {}) => ({
    headline: "One thing needs you; 1 deployment runs.",
    needs: [
      {
        kind: "devices-pending",
        sentence: "7 devices ask to join.",
        count: 7,
        deploymentId: null,
      },
    ],
    moving: [deployment()],
    byRunning: [
      { product: "gw2" as ProductName, artifactName: "1.3.0", count: 15, isMoving: false },
      { product: "gw2" as ProductName, artifactName: "1.4.0", count: 3, isMoving: true },
    ],
    otherRunning: { versions: 4, count: 2 },
    byState: { pending: 7, accepted: 20, rejected: 0, decommissioned: 0 },
    byContact: { "on-time": 17, late: 0, silent: 2, "never-seen": 1 },
    recent: [event(1, { kind: "stage-advanced", stage: 1 })],
    firstSteps: {
      hasProduct: true,
      hasDevice: true,
      hasRelease: true,
      hasDeployment: true,
      hasSuccess: true,
    },
    asOf: AT,
    ...fields,
  });

  test("says what needs somebody first, then what moves and runs", async () => {
    await serving({ showOverview: () => shown() });

    const { out } = await moult("overview");

    expect(out).toMatch(
      /^One thing needs you; 1 deployment runs\.\n\nNeeds you\n {2}7 devices ask to join\.\n\nMoving\n {2}november: Stage 1/,
    );
    expect(out).toContain(" 3  on its way");
    expect(out).toContain("4 other versions");
    expect(out).toContain("Heard from\n  17 on time, 2 silent, 1 never seen");
    expect(out).not.toContain("First steps");
  });

  test("of a new server says what comes next", async () => {
    const firstSteps = { ...shown().firstSteps, hasRelease: false, hasSuccess: false };
    await serving({ showOverview: () => shown({ needs: [], moving: [], firstSteps }) });

    const { out } = await moult("overview");

    expect(out).toContain("Needs you\n  Nothing.");
    expect(out).toContain("[ ] upload a release: moult release upload");
    expect(out).toContain("[x] create a product");
  });
});
