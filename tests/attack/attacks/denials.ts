import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DAY_MS } from "@moult/base";
import { problem } from "../../system/device-server.fixture.ts";
import { memorySigner } from "../../../tools/local/local-trust.ts";
import type { Attack } from "../attack.fixture.ts";
import { publish, type Release } from "../release.fixture.ts";

import type { Scene } from "../scene.fixture.ts";

const LAST_VERSION = Number.MAX_SAFE_INTEGER;
const YEARS_MS = 5 * 365 * DAY_MS;

/** Replaces the content of each file in which the device keeps what it trusts. */
function damageStore(root: string, damage: (content: Buffer) => Buffer): void {
  const folder = join(root, "var/lib/moult/trust");
  const names = readdirSync(folder);
  if (names.length === 0) throw new Error("the device keeps nothing that could be damaged");
  for (const name of names) {
    const file = join(folder, name);
    writeFileSync(file, damage(readFileSync(file)));
  }
}

const damagedStore =
  (damage: (content: Buffer) => Buffer) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    if (!isEvil) return scene.offerNew();
    await scene.takesIn(await scene.release());
    await scene.switchOff();
    damageStore(scene.root, damage);
    return scene.build();
  };

/** The operator renews everything that ran out, `aheadMs` from now. */
async function renewAll(scene: Scene, aheadMs: number): Promise<void> {
  const { repository, server } = scene;
  repository.clockAheadMs = server.clockAheadMs = aheadMs;
  await repository.rotateRoot();
  await repository.publishTargets();
  await publish(repository, []);
}

export const DENIAL_ATTACKS: readonly Attack[] = [
  {
    name: "versions-run-ahead",
    kind: "denial",
    attacker: "evil-server",
    checklist: [],
    says: "a timestamp and a snapshot with the last version there is (fast-forward)",
    rule: "reset-by-new-online-keys",
    act: async (scene, isEvil) => {
      const { repository } = scene;
      if (isEvil) {
        const release = await scene.release();
        const last = { snapshotVersion: LAST_VERSION, timestampVersion: LAST_VERSION };
        scene.serve(await repository.reissue(last));
        await scene.takesIn(release);
        return scene.build();
      }
      // The operator has the server back, and gives its signer new keys by a new root.
      repository.online.snapshot = memorySigner();
      repository.online.timestamp = memorySigner();
      await repository.rotateRoot();
      return scene.offerNew();
    },
  },
  {
    name: "generation-run-ahead",
    kind: "denial",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction with the last generation there is",
    rule: "reset-by-new-instruction-key",
    act: async (scene, isEvil) => {
      const { repository, server } = scene;
      if (isEvil) {
        server.alter = (instruction) => ({ ...instruction, generation: LAST_VERSION });
        server.instruct({ kind: "nothing-to-do" });
        await scene.checkedIn(2);
        server.alter = (instruction) => instruction;
        return scene.build();
      }
      // The operator has the server back, and gives its signer a new key by a new root. A server refuses a generation that no
      // honest one can have come to, until the device has looked for new roots: each day, and when it starts.
      scene.signInstructionsBy(memorySigner());
      await repository.rotateRoot();
      server.onlyDevice.generation = 10;
      const { intercept } = server;
      server.intercept = (exchange) => {
        if (exchange.path !== "/device/v1/check-in") return intercept(exchange);
        const { generation } = JSON.parse(exchange.body.toString("utf8")) as { generation: number };
        if (generation < LAST_VERSION) return intercept(exchange);
        problem(exchange.response, 400, "invalid-request");
        return true;
      };
      await scene.switchOff();
      return scene.offerNew();
    },
  },
  {
    name: "clock-pushed-forward",
    kind: "denial",
    attacker: "evil-server",
    checklist: [40],
    says: "instructions that are dated ten years ahead, so that all else seems to have run out",
    rule: "bounded-time-jump",
    act: async (scene, isEvil) => {
      const { server } = scene;
      if (isEvil) {
        server.clockAheadMs = 2 * YEARS_MS;
        server.instruct({ kind: "nothing-to-do" });
        await scene.checkedIn(2);
        server.clockAheadMs = 0;
        return scene.build();
      }
      return scene.offerNew();
    },
  },
  {
    name: "store-cut-in-half",
    kind: "denial",
    attacker: "network",
    checklist: [19],
    says: "half of each file in which the device keeps what it trusts, as a failing disk leaves it,",
    rule: "store-read-with-suspicion",
    act: damagedStore((content) => content.subarray(0, content.length >> 1)),
  },
  {
    name: "store-emptied",
    kind: "denial",
    attacker: "network",
    checklist: [19],
    says: "empty files where the device keeps what it trusts",
    rule: "store-read-with-suspicion",
    act: damagedStore(() => Buffer.alloc(0)),
  },
  {
    name: "five-years-in-a-drawer",
    kind: "denial",
    attacker: "network",
    checklist: [18],
    says: "a device that comes back after five years, with nothing valid any more,",
    rule: "expiry-stops-new-installations-alone",
    scene: { hasOwnClock: true },
    act: async (scene, isEvil) => {
      if (isEvil) {
        await scene.takesIn(await scene.release());
        await scene.switchOff();
        scene.setClock(YEARS_MS);
        scene.server.clockAheadMs = YEARS_MS;
        // It starts, checks in and obeys, although it can install nothing.
        await scene.checkedIn(2);
        return scene.build();
      }
      await renewAll(scene, YEARS_MS);
      return scene.offerNew();
    },
  },
];
