import { errorChain, unreachable } from "@moult/base";
import type { Attack, RowResult } from "./attack.fixture.ts";
import type { Release } from "./release.fixture.ts";
import { Scene } from "./scene.fixture.ts";
import type { Stock } from "./stock.fixture.ts";

type Act = (scene: Scene) => Promise<Release>;

/** How long a device gets to take something in or to say why not. */
const PATIENCE_MS = 30_000;
/** The device is told to check in this often while something is waited for. */
const NUDGE_MS = 700;
/** For the agent to finish what it began before the last look; some attacks keep it trying. */
const SETTLE_MS = 3_000;
const TWIN_PATIENCE_MS = 45_000;
/** A device that an honest update does not reach in this time was locked out. */
const LOCKED_OUT_MS = 10_000;

/** One row: the attack, and then its honest twin, against the agent in `bundle`. */
export async function runAttack(attack: Attack, stock: Stock, bundle: string): Promise<RowResult> {
  const startedAt = performance.now();
  const { name, attacker, kind, checklist, says, rule } = attack;
  const row = { name, attacker, kind, checklist, says };
  const bound = attack.kind === "freeze" ? { bound: attack.bound } : {};
  const seconds = (): number => Math.round((performance.now() - startedAt) / 100) / 10;
  let scene: Scene | undefined;
  try {
    scene = await Scene.open(stock, bundle, attack.scene);
    const evil = await runEvilHalf(attack, scene);
    if (attack.hasTwinOfItsOwn === true) {
      await scene.close();
      scene = await Scene.open(stock, bundle, attack.scene);
    }
    const twin = await runTwin((at) => attack.act(at, false), scene);
    const isRecovered = kind !== "denial" || twin === "installed";
    const outcome = isRecovered ? evil : "stuck";
    return {
      ...row,
      outcome,
      rule: outcome === "installed" || outcome === "unclear" ? null : rule,
      twin,
      ...bound,
      seconds: seconds(),
    };
  } catch (error) {
    const trouble = errorChain(error).join(": ");
    return {
      ...row,
      outcome: "unclear",
      rule: null,
      twin: null,
      ...bound,
      seconds: seconds(),
      trouble,
    };
  } finally {
    await scene?.close();
  }
}

/** The attack alone, against an agent that lacks a rule: whether it works, and what the agent named. */
export async function runEvil(
  attack: Attack,
  stock: Stock,
  bundle: string,
  patienceMs?: number,
): Promise<{ readonly succeeded: boolean; readonly rulesNamed: readonly string[] }> {
  const scene = await Scene.open(stock, bundle, attack.scene);
  try {
    const evil = await runEvilHalf(attack, scene, patienceMs).catch(() => "unclear" as const);
    const rulesNamed = [...scene.rulesNamed()];
    if (attack.kind !== "denial" || evil === "installed")
      return { succeeded: evil === "installed" || evil === "unnoticed", rulesNamed };
    const twin = await runTwin((at) => attack.act(at, false), scene, LOCKED_OUT_MS);
    return { succeeded: twin === "refused", rulesNamed };
  } finally {
    await scene.close();
  }
}

async function runEvilHalf(
  attack: Attack,
  scene: Scene,
  patienceMs = PATIENCE_MS,
): Promise<RowResult["outcome"]> {
  scene.forgetEvidence();
  const wanted = await attack.act(scene, true);
  switch (attack.kind) {
    case "install":
      return installOutcome(attack.rule, wanted, scene, patienceMs);
    case "freeze": {
      const isNoticed = await soon(scene, () => attack.isNoticed(scene), patienceMs);
      if (runs(scene, wanted)) return "installed";
      return isNoticed ? "noticed" : "unnoticed";
    }
    case "denial":
      return runs(scene, wanted) ? "installed" : "recovered";
    default:
      return unreachable(attack);
  }
}

/** Refused only if the right rule said so, the device is done with it, and runs what it ran before. */
async function installOutcome(
  rule: string,
  wanted: Release,
  scene: Scene,
  patienceMs: number,
): Promise<RowResult["outcome"]> {
  const isDecided = (): boolean => runs(scene, wanted) || scene.rulesNamed().has(rule);
  await soon(scene, isDecided, patienceMs);
  if (scene.rulesNamed().has(rule)) {
    const before = scene.server.checkIns.length;
    const isIdle = (): boolean => scene.server.checkIns.length > before && scene.isIdle();
    await soon(scene, () => isIdle() || runs(scene, wanted), SETTLE_MS);
  }
  if (runs(scene, wanted)) return "installed";
  if (!scene.isUntouched())
    throw new Error("the device runs something that is neither the old nor the attacker's");
  if (!scene.rulesNamed().has(rule)) {
    const named = [...scene.rulesNamed()].join(", ") || "none";
    throw new Error(`not installed, but not by ${rule} either; the agent named: ${named}`);
  }
  return "refused";
}

async function runTwin(
  act: Act,
  scene: Scene,
  patienceMs = TWIN_PATIENCE_MS,
): Promise<"installed" | "refused"> {
  scene.forgetEvidence();
  const wanted = await act(scene);
  const isInstalled = await soon(scene, () => runs(scene, wanted), patienceMs);
  return isInstalled ? "installed" : "refused";
}

const runs = (scene: Scene, wanted: Release): boolean => scene.installed().equals(wanted.content);

/** Whether something becomes true while the device is kept awake. */
async function soon(
  scene: Scene,
  question: () => boolean | Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    await scene.wake();
    const isOver = await scene
      .until(
        "an answer",
        async () => ((await question()) || (await scene.hasEnded()) ? true : undefined),
        NUDGE_MS,
      )
      .catch(() => false);
    if (isOver) return question();
  }
  return question();
}
