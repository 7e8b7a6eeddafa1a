import type { ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import {
  HANDLED,
  Refusal,
  runMoult,
  signedInTo,
  startApiServer,
  type ApiServer,
  type FixtureAnswer,
} from "../cli.fixture.ts";
import { AT, DEPLOYMENT_ID, DEVICE_ID, deployment, event, tally } from "../model.fixture.ts";

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const finished = deployment({
  state: "finished",
  stage: 1,
  tally: tally({ open: 0, succeeded: 19, rolledBack: 1 }),
  finishedAt: AT,
});
const trip = { kind: "failure-count", stage: 0, failed: 2, finished: 3, limit: 2, at: AT };
const failure = event(
  2,
  { kind: "assignment-closed", outcome: "rolled-back", code: "health-check-failed", detail: null },
  { deviceId: DEVICE_ID, sentence: "gw-17 rolled 1.4.0 back: health-check-failed." },
);
const success = event(3, {
  kind: "assignment-closed",
  outcome: "succeeded",
  code: null,
  detail: null,
});

/** Opens the stream and sends these events at once. */
const events =
  (...all: readonly ReturnType<typeof event>[]): FixtureAnswer =>
  ({ response }) => {
    send(response, all);
    return HANDLED;
  };

function send(response: ServerResponse, all: readonly ReturnType<typeof event>[]): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(": hello\n\n");
  for (const each of all) response.write(`id: ${each.sequence}\ndata: ${JSON.stringify(each)}\n\n`);
}

async function watch(
  answers: Parameters<typeof startApiServer>[0],
  args: readonly string[] = [],
  options: Parameters<typeof runMoult>[1] = {},
) {
  server = await startApiServer(answers);
  return runMoult(["deployment", "watch", DEPLOYMENT_ID, ...args], {
    environment: signedInTo(server),
    ...options,
  });
}

test("the watch of a deployment that finishes ends with 0, and tells each failure on the way", async () => {
  const { code, out } = await watch({
    watchEvents: events(failure, success),
    showDeployment: ({ number }) => (number === 1 ? deployment() : finished),
  });

  expect(code).toBe(0);
  expect(out).toContain("running, stage 1 of 2: 3 of 20 succeeded, 2 in the update");
  expect(out).toContain("gw-17 rolled 1.4.0 back: health-check-failed.");
  expect(out).toContain("finished, stage 2 of 2: 19 of 20 succeeded, 1 rolled back");
  expect(out).not.toContain("Something happened.");
});

test.each([
  ["tripped", { trip }, "2 of 3 finished devices failed in stage 1; it stops at 2 failures"],
  ["aborted", {}, "aborted, stage 1 of 2"],
])("a deployment that is %s ends the watch with 3", async (state, more, text) => {
  const { code, out } = await watch({
    watchEvents: events(),
    showDeployment: () => deployment({ state, ...more }),
  });

  expect(code).toBe(3);
  expect(out).toContain(text);
});

test("a deployment that goes on for too long ends the watch with 4", async () => {
  const { code, err } = await watch(
    { watchEvents: events(), showDeployment: () => deployment({ state: "paused" }) },
    ["--timeout", "1s"],
  );

  expect(code).toBe(4);
  expect(err).toContain("The deployment did not end within 1 s; it goes on.");
});

test("with --json each line is an event or the deployment, as the API has them", async () => {
  const { code, out } = await watch(
    {
      watchEvents: events(failure),
      showDeployment: ({ number }) => (number === 1 ? deployment() : finished),
    },
    ["--json"],
  );

  const lines = out.split("\n").map((line) => JSON.parse(line) as { readonly kind: string });
  expect(code).toBe(0);
  expect(lines).toContainEqual({ kind: "event", event: failure });
  expect(lines).toContainEqual({ kind: "deployment", deployment: deployment() });
  expect(lines.at(-1)).toEqual({ kind: "deployment", deployment: finished });
});

test("in a terminal there is a bar for each count that is not zero", async () => {
  const { statuses, out } = await watch(
    {
      watchEvents: events(failure),
      showDeployment: ({ number }) => (number === 1 ? deployment() : finished),
    },
    [],
    { hasStatus: true },
  );

  expect(statuses[0]).toContain("november: gw2 1.4.0  running, stage 1 of 2");
  expect(statuses[0]).toMatch(/succeeded +█+[▏▎▍▌▋▊▉]?·+ 3 of 20/);
  expect(statuses[0]).toContain("in the update");
  expect(statuses[0]).not.toContain("rolled back");
  expect(out).toContain("rolled back");
});

test("a lost connection is made again, and what was missed is read", async () => {
  const { code, err } = await watch({
    watchEvents: ({ number, response }) => {
      if (number === 1) {
        send(response, []);
        response.write("retry: 1\n\n");
        response.end();
      } else send(response, []);
      return HANDLED;
    },
    // Nothing but the second connection itself says that there is news.
    showDeployment: () =>
      (server?.asked.filter((id) => id === "watchEvents").length ?? 0) > 1
        ? finished
        : deployment(),
  });

  expect(code).toBe(0);
  expect(err).toContain("The connection is lost; trying again.");
});

test("a deployment that is not there ends the watch at once", async () => {
  const { code } = await watch({
    watchEvents: events(),
    showDeployment: () => new Refusal(404, "not-found", "No such deployment."),
  });

  expect(code).toBe(1);
});

test("Ctrl-C ends the watch, not the deployment", async () => {
  const controller = new AbortController();
  const { code } = await watch(
    {
      watchEvents: events(),
      showDeployment: () => {
        controller.abort(new Error("interrupted"));
        return deployment();
      },
    },
    [],
    { signal: controller.signal },
  );

  expect(code).toBe(130);
  expect(server?.asked).not.toContain("abortDeployment");
});
