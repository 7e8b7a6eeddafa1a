import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "@moult/base";
import type { ProductName } from "@moult/model";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DEMO_PRODUCT, startDemoWorld, type DemoWorld } from "../../tools/demo/demo-world.ts";
import { createLocalDevice } from "../../tools/local/local-agent.ts";
import { waitFor, type LocalProcess } from "../../tools/local/local-process.ts";

let folder: string;
let world: DemoWorld;
let copy: LocalProcess | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-clone-"));
  world = await startDemoWorld(join(folder, "world"), 1, () => undefined);
});
afterEach(async () => {
  await copy?.stop();
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

test("two machines with one device's key are noticed, get nothing, and the answer to why says so until an operator decides", async () => {
  const { client } = world;
  const { items } = await client.call("listDevices", {
    query: { product: DEMO_PRODUCT as ProductName },
  });
  const { id: deviceId } = present(items[0], "the device");
  const { device, applicationPort } = present(world.devices[0], "the device");
  const root = join(folder, "copy");
  // As somebody would copy a disk: from a machine that is switched off.
  await present(world.agents[0], "the agent").stop();
  cpSync(device.root, root, { recursive: true });
  world.agents[0] = await device.start();
  const clone = await createLocalDevice({
    root,
    serial: device.serial,
    environment: { DEMO_PORT: String(applicationPort + 1), DEMO_DEVICE: "copy" },
  });

  copy = await clone.start();
  await waitFor(
    "the conflict to be noticed",
    async () => {
      const shown = await client.call("showDevice", { params: { deviceId } });
      return shown.identityConflictAt ?? undefined;
    },
    60_000,
  );
  const explanation = await client.call("explainDevice", { params: { deviceId } });
  expect(explanation.reasons.map(({ reason }) => reason.kind)).toEqual(["identity-conflict"]);

  await copy.stop();
  await client.call("acceptDevice", { params: { deviceId } });
  const accepted = await client.call("showDevice", { params: { deviceId } });
  expect(accepted.identityConflictAt).toBeNull();
});
