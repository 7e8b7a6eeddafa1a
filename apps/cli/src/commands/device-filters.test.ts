import { afterEach, expect, test } from "vitest";
import { runMoult, signedInTo, startApiServer, type ApiServer } from "../cli.fixture.ts";
import { DEPLOYMENT_ID, GROUP_ID, RELEASE_ID, device, group, page } from "../model.fixture.ts";

let server: ApiServer;
afterEach(() => server.close());

const moult = (line: string) => runMoult(line.split(" "), { environment: signedInTo(server) });

test("filters reach the server, a repeated one each time", async () => {
  let asked = "";
  server = await startApiServer({
    listGroups: () => ({ items: [group()] }),
    listDevices: ({ request }) => {
      asked = decodeURIComponent(request.url ?? "");
      return page([device({ attributes: { region: "eu" }, contact: "silent" })]);
    },
  });

  const { out } = await moult(
    "device list --contact silent --updating no --group canaries --attribute region=eu --attribute a=b=c --sort seen --columns region,site",
  );

  for (const part of ["contact=silent", "updating=false", `groupId=${GROUP_ID}`, "sort=seen"])
    expect(asked).toContain(part);
  expect(asked).toContain("attribute=region=eu&attribute=a=b=c");
  expect(out.split("\n")[0]).toMatch(/REGION {2}SITE$/);
  expect(out.split("\n")[1]).toMatch(/ eu$/);
});

test("a query is one argument, and goes to the server as it was written", async () => {
  let asked: string | undefined;
  server = await startApiServer({
    listDevices: ({ query }) => {
      asked = query["query"];
      return page([device()]);
    },
  });

  const query = "inventory.os = linux AND (running < 2.0 OR group:canary)";
  await runMoult(["device", "list", "--query", query], { environment: signedInTo(server) });

  expect(asked).toBe(query);
});

test("a device that is updating shows what it runs, and what it will", async () => {
  const update = {
    assignmentId: RELEASE_ID,
    deploymentId: DEPLOYMENT_ID,
    version: "1.4.0",
    state: "downloading",
    progressPercent: 41,
  };
  server = await startApiServer({ listDevices: () => page([device({ update })]) });

  expect((await moult("device list")).out).toContain("1.3.0 -> 1.4.0 downloading 41 %");
});

test.each([
  "--contact gone",
  "--updating maybe",
  "--attribute region",
  "--sort age",
  "--limit 201",
])("what no list takes is refused before it is asked for: %s", async (option) => {
  server = await startApiServer({});

  expect((await moult(`device list ${option}`)).code).toBe(2);
  expect(server.asked).toEqual([]);
});

test("devices are counted by what they are, or as many as a filter fits", async () => {
  const counts = {
    byState: { pending: 1, accepted: 2, rejected: 0, decommissioned: 0 },
    byRunning: [{ artifactName: "1.3.0", count: 2 }],
    byContact: { "never-seen": 0, "on-time": 1, late: 0, silent: 1 },
    updating: 1,
  };
  server = await startApiServer({
    countDevices: () => counts,
    countMatchingDevices: ({ query }) =>
      query["search"] === undefined
        ? { count: 7, isExact: true }
        : { count: 100_000, isExact: false },
  });

  const { out } = await moult("device count --product gw2");
  expect(out).toMatch(/silent +1\nin an update +1/);
  expect(await moult("device count --contact silent")).toMatchObject({ out: "7" });
  expect(await moult("device count --search e")).toMatchObject({ out: "at least 100000" });
  expect(server.asked).toEqual(["countDevices", "countMatchingDevices", "countMatchingDevices"]);
});

test("what devices report is listed: the names, and a name's values", async () => {
  server = await startApiServer({
    listInventoryNames: () => ({ items: [{ name: "region", deviceCount: 12 }] }),
    listInventoryValues: ({ query }) => ({ items: [{ value: query["name"], deviceCount: 5 }] }),
  });

  expect((await moult("device attributes")).out).toBe("NAME    DEVICES\nregion       12");
  expect((await moult("device attributes site --search x")).out).toMatch(/VALUE +DEVICES\nsite +5/);
});
