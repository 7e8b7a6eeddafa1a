import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Client } from "@moult/client";
import {
  Plan,
  type Deployment,
  type DeploymentTarget,
  type DeviceId,
  type HardwareType,
  type ProductName,
  type ReleaseId,
} from "@moult/model";
import { waitFor } from "../local/local-process.ts";
import { words } from "../local/moult-command.ts";
import type { ConsoleServer } from "./console-server.ts";

export interface MadeProduct {
  readonly product: ProductName;
  readonly hardwareType: HardwareType;
  /** By version. */
  readonly releases: Readonly<Record<string, ReleaseId>>;
}

/** A product with signed releases, whose payload is one small file. */
export async function addProduct(
  { moult, client, trust, folder }: ConsoleServer,
  product: string,
  versions: readonly string[],
  artifactArgs: readonly string[] = [],
): Promise<MadeProduct> {
  const hardwareType = `${product}-board`;
  await moult.ok(
    words`product create ${product} --artifact-key release-key.pub.pem --require-signature`,
  );
  for (const version of versions) {
    const payload = join(folder, `${product}-${version}.txt`);
    const file = `${product}-${version}.mender`;
    await writeFile(payload, `${product} ${version}\n`);
    await moult.ok([
      ...words`artifact create ${payload} --type single-file --dest-dir /srv/demo --file-name payload.txt
        --name ${version} --hardware-type ${hardwareType} --sign-key release-key.pem --out ${file}`,
      ...artifactArgs,
    ]);
    await moult.ok(words`release upload --product ${product} ${file}`);
  }
  await trust.publish();
  const releases: Record<string, ReleaseId> = {};
  const query = { product: product as ProductName };
  for await (const { version, id } of client.all("listReleases", { query })) releases[version] = id;
  return { product: query.product, hardwareType: hardwareType as HardwareType, releases };
}

export const plan = (
  percents: readonly number[],
  errorStopCount?: number,
  concurrentMax = 50,
): Plan =>
  Plan.parse({
    stages: percents.map((percent) => ({
      size: percent === 100 ? { remaining: true } : { percent },
      ...(errorStopCount === undefined ? {} : { errorStop: { count: errorStopCount } }),
    })),
    limits: { concurrentMax },
  });

export async function deploy(
  client: Client,
  made: MadeProduct,
  version: string,
  options: {
    readonly name?: string;
    readonly target?: DeploymentTarget;
    readonly plan?: Plan;
  } = {},
): Promise<string> {
  const releaseId = made.releases[version];
  if (releaseId === undefined) throw new Error(`${made.product} has no release ${version}`);
  const { id } = await client.call("createDeployment", {
    body: {
      releaseId,
      target: options.target ?? { kind: "all" },
      plan: options.plan ?? plan([100]),
      ...(options.name === undefined ? {} : { name: options.name }),
    },
  });
  return id;
}

export const untilDeployment = (
  client: Client,
  deploymentId: string,
  state: Deployment["state"],
): Promise<Deployment> =>
  waitFor(
    `deployment ${deploymentId} to be ${state}`,
    async () => {
      const deployment = await client.call("showDeployment", {
        params: { deploymentId: deploymentId as Deployment["id"] },
      });
      return deployment.state === state ? deployment : undefined;
    },
    120_000,
  );

export const untilDevices = (client: Client, product: string, count: number): Promise<DeviceId> =>
  waitFor(
    `${count} devices of ${product}`,
    async () => {
      const query = { product: product as ProductName, limit: 100 };
      const { items } = await client.call("listDevices", { query });
      return items.length >= Math.min(count, 100) ? items[0]?.id : undefined;
    },
    120_000,
  );
