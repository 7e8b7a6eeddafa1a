import { afterEach, expect, test } from "vitest";
import { runMoult, signedInTo, startApiServer, type ApiServer } from "../cli.fixture.ts";
import { AT, DEPLOYMENT_ID, DEVICE_ID } from "../model.fixture.ts";

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function moult(
  answers: Parameters<typeof startApiServer>[0],
  command: "verify-chain" | "replay",
): Promise<{ readonly code: number; readonly out: string }> {
  server = await startApiServer(answers);
  return runMoult(["deployment", command, DEPLOYMENT_ID], { environment: signedInTo(server) });
}

const sha256 = "ab".repeat(32);
const piece = { through: 5_000, entries: 5_002, sha256, isMore: true, firstBreak: null };

test("a long chain is checked piece by piece to its end, which is named", async () => {
  const after: unknown[] = [];
  const { code, out } = await moult(
    {
      verifyDeploymentChain: ({ query }) => {
        after.push(query["after"]);
        return query["after"] === "0" ? piece : { ...piece, through: 5_002, isMore: false };
      },
    },
    "verify-chain",
  );

  expect({ code, after }).toEqual({ code: 0, after: ["0", "5000"] });
  expect(out).toContain(`The chain holds: 5002 entries, the last digest is ${sha256}.`);
});

test("a chain that is broken fails the command and says where", async () => {
  const firstBreak = { kind: "missing", number: 8, at: null, sentence: "Entry 8 is gone." };
  const { code, out } = await moult(
    { verifyDeploymentChain: () => ({ ...piece, through: 7, isMore: false, firstBreak }) },
    "verify-chain",
  );

  expect(code).toBe(1);
  expect(out).toContain("The chain is broken at entry 8: Entry 8 is gone.");
  expect(out).toContain("It holds through entry 7.");
});

test("what today's planner would decide otherwise is shown, and fails the command", async () => {
  const same = { through: 1_000, entries: 1_002, isMore: true, notDecided: 500, same: 500 };
  const other = {
    number: 1_002,
    at: AT,
    deviceId: DEVICE_ID,
    event: "assignment-offered",
    notReplayable: null,
    differences: [{ path: "claim.openMax", recorded: "3", now: "4" }],
  };
  const { code, out } = await moult(
    {
      replayDeployment: ({ query }) =>
        query["after"] === "0"
          ? { ...same, others: [] }
          : {
              through: 1_002,
              entries: 1_002,
              isMore: false,
              notDecided: 0,
              same: 1,
              others: [other],
            },
    },
    "replay",
  );

  expect(code).toBe(1);
  expect(out).toContain("claim.openMax: 3 then, 4 now");
  expect(out).toContain("501 entries decided as then, 1 entry otherwise");
});
