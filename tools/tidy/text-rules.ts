import { isLockfile } from "./lockfile.ts";
import { findAll, type Finding, type TextFile, type Tree } from "./tree.ts";

/** Put together from halves, so that this file passes its own rule. */
const UNFINISHED = new RegExp(
  String.raw`\b(${["TO" + "DO", "FIX" + "ME", "X" + "XX"].join("|")})\b`,
  "g",
);
/** The start of a path on one person's machine; what stands before it must not make it part of a longer path. */
const MACHINE_PATH = /(?<![\w.}~*/-])\/(work|root)\/(?=[\w.])/g;
const REGISTRY_HOST =
  /https?:\/\/[\w.-]*(?:registry|artifactory|nexus|verdaccio|npmjs|pkg\.dev)[\w.-]*/g;

/** What no committed text may say, whatever kind of file it is. */
export function textRules(tree: Tree): readonly Finding[] {
  return tree.texts.flatMap((file) => (isLockfile(file.path) ? [] : [...text(file)]));
}

function* text({ path, text: content }: TextFile): Generator<Finding> {
  yield* findAll(
    path,
    content,
    UNFINISHED,
    "unfinished",
    (match) => `${match[1]}: finish it, or open an issue`,
  );
  yield* findAll(
    path,
    content,
    MACHINE_PATH,
    "machine-path",
    (match) => `/${match[1]}/ is a path of one machine`,
  );
  yield* findAll(
    path,
    content,
    REGISTRY_HOST,
    "registry-host",
    () => "a package registry is named by whoever installs, not by the project",
  );
}
