import { afterEach, expect, test } from "vitest";
import { runMoult, signedInTo, startApiServer, type ApiServer } from "../cli.fixture.ts";
import { AT, page, release, RELEASE_ID } from "../model.fixture.ts";

const SAFEGUARD_ID = "0198c0de-0007-7000-8000-000000000001";
const holding = {
  id: SAFEGUARD_ID,
  releaseId: RELEASE_ID,
  query: "inventory.modem = EC25",
  note: "The modem is lost",
  createdBy: "Ada",
  createdAt: AT,
  liftedBy: null,
  liftedAt: null,
};
const lifted = { ...holding, liftedBy: "Grace", liftedAt: AT };

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function moult(...line: readonly string[]) {
  const bodies: unknown[] = [];
  server = await startApiServer({
    listReleases: () => page([release()]),
    listSafeguards: () => ({ items: [holding, lifted] }),
    createSafeguard: ({ body }) => {
      bodies.push(body);
      return holding;
    },
    liftSafeguard: ({ params }) => {
      bodies.push(params);
      return lifted;
    },
  });
  const ended = await runMoult(line, { environment: signedInTo(server) });
  return { ...ended, bodies };
}

test("a release is kept from devices, with a note", async () => {
  const query = "inventory.modem = EC25";
  const options = ["--query", query, "--note", "The modem is lost"];
  const made = await moult("safeguard", "create", "gw2/1.4.0", ...options);
  expect(made).toMatchObject({ code: 0, bodies: [{ query, note: "The modem is lost" }] });
  expect(made.out).toContain(SAFEGUARD_ID);
});

test("safeguards are listed with what holds, for people and programs", async () => {
  const { out } = await moult("safeguard", "list", "gw2/1.4.0");
  expect(out).toMatch(/holds +inventory\.modem = EC25 +The modem is lost/);
  expect(out).toContain("lifted");
  await server?.close();
  const json = await moult("safeguard", "list", "gw2/1.4.0", "--json");
  expect(JSON.parse(json.out)).toEqual({ items: [holding, lifted] });
});

test("a safeguard is lifted by its id", async () => {
  const { out, bodies } = await moult("safeguard", "lift", SAFEGUARD_ID);
  expect(bodies).toEqual([{ safeguardId: SAFEGUARD_ID }]);
  expect(out).toContain("by Grace");
});
