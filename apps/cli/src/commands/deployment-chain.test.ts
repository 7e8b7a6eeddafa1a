import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hex, present, utf8 } from "@moult/base";
import type { ChainPage } from "@moult/model";
import { nodeCrypto } from "@moult/node-crypto";
import { DEPLOYMENT_CHAIN_START, deploymentLink } from "@moult/trust";
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
  ...options: string[]
): Promise<{ readonly code: number; readonly out: string }> {
  server = await startApiServer(answers);
  return runMoult(["deployment", command, DEPLOYMENT_ID, ...options], {
    environment: signedInTo(server),
  });
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

/** Two entries that share a part, as a server hands them out; `change` does what somebody at its database did. */
function chainOf(change: (page: ChainPage) => void = () => undefined) {
  const part = '{"stages":[]}';
  const name = hex(nodeCrypto.sha256(utf8(part)));
  let before = DEPLOYMENT_CHAIN_START;
  const items = [1, 2].map((number) => {
    const entry = {
      number,
      at: 1_800_000_000_000 + number,
      deviceId: null,
      assignmentId: null,
      body: `{"kind":"stage-advanced","stage":${number}}`,
      inputs: `{"plan":{"$sha256":"${name}"}}`,
    };
    before = deploymentLink(before, { ...entry, deploymentId: DEPLOYMENT_ID }, nodeCrypto);
    return { ...entry, sha256: before };
  });
  const page: ChainPage = { items, parts: { [name]: part }, entries: items.length };
  change(page);
  return {
    last: before,
    answers: {
      listChainEntries: ({ query }: { readonly query: Readonly<Record<string, string>> }) => ({
        ...page,
        items: page.items.filter(({ number }) => number > Number(query["after"])),
      }),
    },
  };
}

test("a chain is checked here, from what the server hands out, and all of it is written down", async () => {
  const folder = mkdtempSync(join(tmpdir(), "moult-chain-"));
  const file = join(folder, "chain.json");
  const { last, answers } = chainOf();
  const { code, out } = await moult(answers, "verify-chain", "--export", file);

  expect(code).toBe(0);
  expect(out).toContain(`The chain holds: 2 entries, the last digest is ${last}.`);
  expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
    deploymentId: DEPLOYMENT_ID,
    entries: [{ number: 1 }, { number: 2, sha256: last }],
  });
  rmSync(folder, { recursive: true });
});

test.each<[string, (page: ChainPage) => void, string]>([
  ["an event", ({ items }) => (present(items[1], "one").body += " "), "entry 2: Entry 2 is not"],
  ["what decided it", ({ items }) => (present(items[0], "one").inputs = null), "entry 1"],
  ["a part of that", ({ parts }) => (parts[Object.keys(parts)[0] ?? ""] = "{}"), "entry 1: A part"],
  ["the first entry", ({ items }) => void items.shift(), "entry 1: Entry 1 is gone."],
  ["the last entry", ({ items }) => void items.pop(), "entry 2: Entry 2 is gone."],
])("%s that was changed or taken out is found here", async (_, change, says) => {
  const { code, out } = await moult(chainOf(change).answers, "verify-chain", "--here");

  expect(code).toBe(1);
  expect(out).toContain(`The chain is broken at ${says}`);
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
