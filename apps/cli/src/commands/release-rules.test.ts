import { afterEach, expect, test } from "vitest";
import { runMoult, signedInTo, startApiServer, type ApiServer } from "../cli.fixture.ts";
import { page, release } from "../model.fixture.ts";

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function rules(...options: readonly string[]) {
  const bodies: unknown[] = [];
  server = await startApiServer({
    listReleases: () => page([release()]),
    changeRelease: ({ body }) => {
      bodies.push(body);
      return release(body as Partial<ReturnType<typeof release>>);
    },
  });
  const ended = await runMoult(["release", "rules", "gw2/1.4.0", ...options], {
    environment: signedInTo(server),
  });
  return { ...ended, bodies };
}

test("what a release asks of devices is set, shown, and taken back", async () => {
  const set = await rules("--minimum-from", "1.2.0", "--must-pass-through");
  expect(set).toMatchObject({
    code: 0,
    bodies: [{ minimumFrom: "1.2.0", mustPassThrough: true }],
  });
  expect(set.out).toContain("It is offered only to devices that run 1.2.0 or later.");
  await server?.close();
  expect(await rules("--any-version", "--may-be-skipped")).toMatchObject({
    code: 0,
    bodies: [{ minimumFrom: null, mustPassThrough: false }],
  });
});

test.each([
  [[], "Nothing to change was given"],
  [["--minimum-from", "1.0", "--any-version"], "--minimum-from and --any-version contradict"],
  [["--must-pass-through", "--may-be-skipped"], "--must-pass-through and --may-be-skipped"],
])("rules of %j are refused before anything is asked", async (options, says) => {
  const { code, err, bodies } = await rules(...options);
  expect([code, bodies]).toEqual([2, []]);
  expect(err).toContain(says);
});
