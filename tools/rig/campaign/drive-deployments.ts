import { setTimeout as sleep } from "node:timers/promises";
import { present } from "@moult/base";
import type { Client } from "@moult/client";
import type { DeploymentId, ProductName, ReleaseId } from "@moult/model";
import type { RigSystem } from "../image/build-images.ts";
import { RIG_PRODUCT } from "../world/rig-world.ts";

const product = RIG_PRODUCT as ProductName;
const POLL_MS = 250;

interface DeploymentEnd {
  readonly system: RigSystem;
  readonly succeeded: number;
  readonly failed: number;
}

export interface Driver {
  /** What the device is asked to run now. */
  readonly wanted: () => RigSystem | undefined;
  /** Deployments that ended, in their order. */
  readonly ended: readonly DeploymentEnd[];
  readonly begun: () => number;
  /** No deployment is begun any more, but for systems that the device can stay on. */
  onlyHealthy(): void;
  stop(): Promise<void>;
}

/** Always has one deployment open, so that the device always has something to do; one release after the other. */
export function driveDeployments(client: Client, systems: readonly RigSystem[]): Driver {
  const ended: DeploymentEnd[] = [];
  const stopping = new AbortController();
  let begun = 0;
  let wanted: RigSystem | undefined;
  let mayBeUnhealthy = true;
  const wait = (): Promise<void> =>
    sleep(POLL_MS, undefined, { signal: stopping.signal }).catch(() => undefined);

  const run = async (): Promise<void> => {
    for (let index = 1; !stopping.signal.aborted; index += 1) {
      const system = present(systems[index % systems.length], "there are systems");
      if (system.health !== "healthy" && !mayBeUnhealthy) continue;
      // While the device was never seen, nothing is asked of it: it would not be among the deployment's devices.
      while (!stopping.signal.aborted && (await runningOnDevice(client)) === undefined)
        await wait();
      if (stopping.signal.aborted) return;
      if ((await runningOnDevice(client)) === system.name) continue;
      wanted = system;
      begun += 1;
      const id = await deploy(client, system);
      for (;;) {
        await wait();
        if (stopping.signal.aborted) return;
        const { state, tally } = await client.call("showDeployment", {
          params: { deploymentId: id },
        });
        if (state !== "finished" && state !== "aborted" && state !== "tripped") continue;
        if (state === "tripped")
          await client.call("abortDeployment", { params: { deploymentId: id } });
        ended.push({ system, succeeded: tally.succeeded, failed: tally.failed + tally.rolledBack });
        break;
      }
    }
  };
  let failure: unknown;
  const running = run().catch((error: unknown) => {
    failure = error;
  });
  return {
    wanted: () => wanted,
    ended,
    begun: () => begun,
    onlyHealthy: () => {
      mayBeUnhealthy = false;
    },
    stop: async () => {
      stopping.abort();
      await running;
      if (failure !== undefined)
        throw new Error("the deployments' driver failed", { cause: failure });
    },
  };
}

/** The release that the device last said it runs; undefined before it said anything. */
export async function runningOnDevice(client: Client): Promise<string | undefined> {
  const { items } = await client.call("listDevices", { query: { product } });
  return items[0]?.running?.artifactName;
}

/** Asks all devices to run a system. */
export async function deploy(client: Client, { name, health }: RigSystem): Promise<DeploymentId> {
  const { items } = await client.call("listReleases", { query: { product, version: name } });
  const releaseId: ReleaseId = present(items[0], `release ${name}`).id;
  const { id } = await client.call("createDeployment", {
    body: {
      releaseId,
      target: { kind: "all" },
      // Power that goes in both tries of a trial is an honest failure; the next attempt is to come at once.
      plan: {
        stages: [{ size: { remaining: true } }],
        retry: { attemptsMax: health === "healthy" ? 3 : 1 },
      },
    },
  });
  return id;
}
