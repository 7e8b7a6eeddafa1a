import { readdirSync } from "node:fs";
import { forgetTimes } from "./make-initrd.ts";
import { runTool } from "./run-tool.ts";

export interface FileSystem {
  readonly kind: "ext2" | "ext4";
  /** The folder that becomes its content. */
  readonly tree: string;
  readonly file: string;
  readonly sizeBytes: number;
  readonly label: string;
  /** Of the file system; also where its names are hashed to. */
  readonly uuid: string;
  readonly hasJournal?: boolean;
  /** How many files it may have; by its size, unless said. */
  readonly inodes?: number;
  readonly blockBytes?: 1024 | 4096;
}

/** GRUB 2.06 reads no file system that has these. */
const FEATURES_OFF = "^metadata_csum_seed,^orphan_file,^64bit";

/** A file system from a folder, without mounting it; the same content makes the same bytes. */
export function makeFileSystem(options: FileSystem): void {
  const {
    kind,
    tree,
    file,
    sizeBytes,
    label,
    uuid,
    hasJournal = true,
    blockBytes = 4096,
    inodes,
  } = options;
  forgetTimes(tree, readdirSync(tree, { recursive: true, encoding: "utf8" }));
  const features = hasJournal ? FEATURES_OFF : `${FEATURES_OFF},^has_journal`;
  // Nothing is left to be written at the first mount: what a run writes is the agent's doing.
  const extended = `root_owner=0:0,hash_seed=${uuid},lazy_itable_init=0,lazy_journal_init=0`;
  const args = ["-q", "-F", "-t", kind, "-b", String(blockBytes), "-m", "0", "-L", label];
  args.push("-U", uuid, "-E", extended, ...(kind === "ext2" ? ["-I", "128"] : ["-O", features]));
  if (inodes !== undefined) args.push("-N", String(inodes));
  runTool("mke2fs", [...args, "-d", tree, file, `${sizeBytes / 1024}k`], {
    environment: { E2FSPROGS_FAKE_TIME: "1" },
  });
}
