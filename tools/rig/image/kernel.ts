import { existsSync, globSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { present } from "@moult/base";
import { runTool } from "./run-tool.ts";

/** Debian's kernel for virtual machines: EXT4 is built in, virtio and the watchdog are modules. */
const META_PACKAGE = "linux-image-cloud-amd64";

export interface Kernel {
  /** `6.1.0-56-cloud-amd64`. */
  readonly release: string;
  readonly file: string;
  /** The folder `kernel/` of its modules. */
  readonly modules: string;
}

/** Fetches and unpacks the kernel, without installing it: nothing of this machine is changed. */
export function fetchKernel(cache: string): Kernel {
  const folder = join(cache, "kernel");
  if (unpackedIn(folder) === undefined) {
    const dependencies = runTool("apt-cache", ["depends", META_PACKAGE]).toString("utf8");
    const name = /Depends: (linux-image-\S+)/.exec(dependencies)?.[1];
    if (name === undefined)
      throw new Error(`apt knows no ${META_PACKAGE}: run "apt-get update" first`);
    const packages = join(cache, "packages");
    mkdirSync(packages, { recursive: true });
    if (packageIn(packages, name) === undefined)
      runTool("apt-get", ["download", "-q", name], { cwd: packages });
    rmSync(folder, { recursive: true, force: true });
    runTool("dpkg", ["-x", present(packageIn(packages, name), "it was fetched"), folder]);
  }
  return present(unpackedIn(folder), "a kernel's package holds a kernel");
}

const packageIn = (packages: string, name: string): string | undefined =>
  globSync(`${packages}/${name}_*.deb`)[0];

function unpackedIn(folder: string): Kernel | undefined {
  const [file] = globSync(`${folder}/boot/vmlinuz-*`);
  if (file === undefined) return undefined;
  const release = file.slice(file.indexOf("vmlinuz-") + "vmlinuz-".length);
  const modules = join(folder, "lib/modules", release, "kernel");
  return existsSync(modules) ? { release, file, modules } : undefined;
}
