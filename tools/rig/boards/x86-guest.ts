import { existsSync, globSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { present } from "@moult/base";
import type { Guest, Library } from "../machine/board.ts";
import { runTool } from "../image/run-tool.ts";
import { VIRTIO_MODULES, WATCHDOG_MODULES } from "./virtio-modules.ts";

/** Debian's kernel for virtual machines. */
const META_PACKAGE = "linux-image-cloud-amd64";

/** This computer's own programs, and Debian's kernel for virtual machines. */
export function x86Guest(cache: string): Guest {
  const { release, kernel, modules } = fetchKernel(cache);
  const module = (name: string): string => join(modules, name);
  const libraries = uniqueLibraries(["/sbin/e2fsck", "/sbin/mke2fs"]);
  const known = new Set(libraries.map(({ path }) => path));
  return {
    says: `Linux ${release}, Node ${process.version}`,
    kernel,
    earlyModules: VIRTIO_MODULES.map(module),
    watchdogModules: WATCHDOG_MODULES.map(module),
    programs: {
      busybox: "/bin/busybox",
      e2fsck: "/sbin/e2fsck",
      mke2fs: "/sbin/mke2fs",
      node: process.execPath,
    },
    libraries,
    strip: "strip",
    nodeLibraries: uniqueLibraries([process.execPath]).filter(({ path }) => !known.has(path)),
  };
}

/** The shared libraries of programs, by the paths at which their loader finds them. */
function uniqueLibraries(programs: readonly string[]): Library[] {
  const paths = programs.flatMap((program) => {
    const listed = runTool("ldd", [program]).toString("utf8");
    return [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
  });
  return [...new Set(paths)].map((path) => ({ file: path, path }));
}

interface Kernel {
  /** `6.1.0-56-cloud-amd64`. */
  readonly release: string;
  readonly kernel: string;
  /** The folder `kernel/` of its modules. */
  readonly modules: string;
}

/** Fetches and unpacks the kernel, without installing it: nothing of this machine is changed. */
function fetchKernel(cache: string): Kernel {
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
  const [kernel] = globSync(`${folder}/boot/vmlinuz-*`);
  if (kernel === undefined) return undefined;
  const release = kernel.slice(kernel.indexOf("vmlinuz-") + "vmlinuz-".length);
  const modules = join(folder, "lib/modules", release, "kernel");
  return existsSync(modules) ? { release, kernel, modules } : undefined;
}
