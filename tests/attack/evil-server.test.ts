import { unreachable } from "@moult/base";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Attack } from "./attack.fixture.ts";
import { ALL_ATTACKS } from "./attacks/all-attacks.ts";
import { CONTROLS } from "./controls.fixture.ts";
import { runAttack } from "./run-attack.fixture.ts";
import { prepareGround, runControl, type Ground } from "./run-attacks.fixture.ts";

// `npm run attack -- --controls` runs these rows and the slow controls too; docs/proof/attack.md is what came of them.

let ground: Ground;

beforeAll(async () => {
  ground = await prepareGround();
});
afterAll(() => ground.close());

function sentence({ kind, says, rule }: Attack): string {
  switch (kind) {
    case "install":
      return `${says} is refused by ${rule}, and its honest twin is installed`;
    case "freeze":
      return `${says} does not go unnoticed (${rule})`;
    case "denial":
      return `${says} leaves a device that can be updated (${rule})`;
    default:
      return unreachable(kind);
  }
}

const WANTED = { install: "refused", freeze: "noticed", denial: "recovered" } as const;

for (const attack of ALL_ATTACKS)
  test.concurrent(sentence(attack), async () => {
    const { outcome, rule, twin, trouble } = await runAttack(attack, ground.stock, ground.bundle);

    expect({ outcome, rule, twin, trouble }).toEqual({
      outcome: WANTED[attack.kind],
      rule: attack.rule,
      twin: "installed",
    });
  });

for (const control of CONTROLS.filter(({ isSlow }) => !isSlow))
  test.concurrent(`an agent without ${control.rule} fails ${control.attack}`, async () => {
    const result = await runControl(control, ground);

    expect(result).toMatchObject({ isAsExpected: true });
  });
