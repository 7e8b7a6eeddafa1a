import { globSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { present } from "@moult/base";
import { runTool } from "../image/run-tool.ts";

/** Debian's packages of an architecture that this computer need not be of: fetched by its apt and unpacked, never installed. */
export interface ForeignPackages {
  /** What they were unpacked to, together. */
  readonly root: string;
}

export interface ForeignOptions {
  /** As Debian calls it: `arm64`. */
  readonly architecture: string;
  readonly folder: string;
  readonly packages: readonly string[];
  /** Which package a kernel's package of the day is in, is what this one depends on. */
  readonly kernelMetaPackage: string;
}

/** apt with a state of its own, so that the computer's list of architectures stays as it is. */
function foreignApt(architecture: string, folder: string): readonly string[] {
  for (const needed of ["lists/partial", "cache/archives/partial"])
    mkdirSync(join(folder, needed), { recursive: true });
  writeFileSync(join(folder, "status"), "");
  return [
    `APT::Architecture=${architecture}`,
    `APT::Architectures=${architecture}`,
    `Dir::State::Lists=${join(folder, "lists")}`,
    `Dir::State::status=${join(folder, "status")}`,
    `Dir::Cache=${join(folder, "cache")}`,
  ].flatMap((option) => ["-o", option]);
}

export function fetchForeignPackages(options: ForeignOptions): ForeignPackages {
  const { architecture, folder, packages, kernelMetaPackage } = options;
  const root = join(folder, "root");
  const files = join(folder, "packages");
  if (globSync(`${root}/boot/vmlinuz-*`).length > 0) return { root };
  const apt = foreignApt(architecture, folder);
  runTool("apt-get", [...apt, "-q", "update"]);
  const dependencies = runTool("apt-cache", [...apt, "depends", kernelMetaPackage]);
  const kernel = /Depends: (linux-image-\S+)/.exec(dependencies.toString("utf8"))?.[1];
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files);
  const names = [...packages, present(kernel, `what ${kernelMetaPackage} depends on`)];
  runTool("apt-get", [...apt, "-q", "download", ...names], { cwd: files });
  rmSync(root, { recursive: true, force: true });
  // The kernel comes last: what it is unpacked to says that all is there.
  for (const name of names)
    for (const file of globSync(`${files}/${name}_*.deb`)) runTool("dpkg", ["-x", file, root]);
  return { root };
}
