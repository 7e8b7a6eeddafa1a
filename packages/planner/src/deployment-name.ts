import type { DeploymentTarget, ProductName, ReleaseVersion } from "@moult/model";
import { counted } from "./counted.ts";

/** As long as a person may make one. */
const LENGTH_MAX = 128;

/** How a deployment is called when nobody names it: what goes where. `group` is the name of the target's group. */
export function deploymentName(
  release: { readonly product: ProductName; readonly version: ReleaseVersion },
  target: DeploymentTarget,
  group: string | undefined,
): string {
  const { product, version } = release;
  switch (target.kind) {
    case "all":
      return `${version} to all of ${product}`;
    case "group":
      return cut(`${version} to ${group ?? "a group"}`);
    case "query":
      return cut(`${version} to ${target.query}`);
    case "devices":
      return `${version} to ${counted(target.deviceIds.length, "device")}`;
  }
}

const cut = (name: string): string => Array.from(name).slice(0, LENGTH_MAX).join("");
