import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that take longest, the longest first, or that others must wait for a common part without: begun early they leave no
 * worker alone with them in the end.
 */
const EARLY: readonly string[] = [
  // They have servers of their own; meanwhile the shared console is filled.
  "tests/e2e/trust.test.ts",
  "tests/e2e/deployments.test.ts",
  "tests/e2e/screens-of-the-rest.test.ts",
  "tests/e2e/screens-of-devices.test.ts",
  "tests/e2e/crawl.test.ts",
  "tests/system/key-compromise.test.ts",
  "tests/system/agent-standalone.test.ts",
  "tests/attack/evil-server.test.ts",
  "tests/system/agent-self-update.test.ts",
  "tests/system/restored-database.test.ts",
  "tests/system/agent-daemon.test.ts",
  "tests/system/sudden-death.test.ts",
  "tests/system/server-process.test.ts",
  "tests/system/cli.test.ts",
  "tests/system/cloned-device.test.ts",
  "apps/agent/src/shipped-modules/docker-compose.process.test.ts",
  "apps/agent/src/update-runner/module-protocol.process.test.ts",
  "apps/agent/src/daemon/server-move.process.test.ts",
  "apps/agent/src/self-update/launcher.process.test.ts",
  "apps/agent/src/daemon/trusted-updates.process.test.ts",
  "apps/server/src/deployments/stage-gates.store.test.ts",
  "apps/server/src/devices/device-lists.store.test.ts",
  "apps/server/src/deployments/explain-agrees.store.test.ts",
  "apps/server/src/deployments/scenarios.store.test.ts",
];

/** Those above in their order, then all others in vitest's. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((left, right) => rank(left) - rank(right));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const index = EARLY.findIndex((path) => moduleId.endsWith(`/${path}`));
  return index === -1 ? EARLY.length : index;
}
