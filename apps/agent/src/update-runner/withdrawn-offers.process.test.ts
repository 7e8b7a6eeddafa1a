import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  PATIENT,
  aDevice,
  buildArtifact,
  linesOf,
  offerOf,
  type TestDevice,
} from "./device.fixture.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let device: TestDevice;
beforeEach(async () => {
  device = await aDevice();
  // Stays in a step for as long as the test wants.
  await device.writeModule(
    "recorder",
    `echo "$1" >> "${device.root}/calls"
     while [ -e "${device.root}/stay-$1" ]; do sleep 0.02; done
     [ -e "${device.root}/fail-$1" ] && exit 1
     [ "$1" = SupportsRollback ] && echo Yes
     exit 0`,
  );
});
afterEach(async () => {
  await device.close();
});

const mark = (name: string): Promise<void> => writeFile(join(device.root, name), "");
const calls = (): Promise<readonly string[]> => linesOf(join(device.root, "calls"));

async function beginAndStayIn(step: string): Promise<void> {
  await mark(`stay-${step}`);
  const artifact = await buildArtifact({ name: "new-2", type: "recorder", files: { p: "data" } });
  device.server.artifacts.set(artifact.sha256, artifact.bytes);
  await device.runner.offer(offerOf(artifact));
  await expect.poll(calls, PATIENT).toContain(step);
}

test.each([
  ["Download", "aborted", "withdrawn"],
  ["SupportsRollback", "aborted", "withdrawn"],
])(
  "an offer that is taken back during %s is aborted, and nothing was installed",
  async (step, outcome, code) => {
    await beginAndStayIn(step);
    await device.runner.withdraw();
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome, code });
    expect(await calls()).not.toContain("ArtifactInstall");
    expect((await calls()).at(-1)).toBe("Cleanup");
    expect(device.runner.running().artifactName).toBe("factory-1");
  },
);

test.each(["ArtifactInstall", "NeedsArtifactReboot", "ArtifactCommit", "Cleanup"])(
  "an offer that is taken back during %s comes too late: the update goes on to its end",
  async (step) => {
    await beginAndStayIn(step);
    await device.runner.withdraw();
    await rm(join(device.root, `stay-${step}`));
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "succeeded" });
    expect((await calls()).filter((call) => call === step)).toHaveLength(1);
    expect(device.runner.running().artifactName).toBe("new-2");
  },
);

test.each(["ArtifactRollback", "ArtifactFailure"])(
  "an offer that is taken back during %s does not keep the way back from its end",
  async (step) => {
    await mark("fail-ArtifactCommit");
    await beginAndStayIn(step);
    await device.runner.withdraw();
    await rm(join(device.root, `stay-${step}`));
    await device.runner.idle();

    expect(device.finished()).toMatchObject({ outcome: "rolled-back", code: "commit-failed" });
    expect((await calls()).slice(-2)).toEqual(["ArtifactFailure", "Cleanup"]);
    expect((await calls()).filter((call) => call === step)).toHaveLength(1);
  },
);
