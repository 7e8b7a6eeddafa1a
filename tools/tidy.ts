/**
 * The rules about the shape of the project that neither the compiler nor the linter can know: `node tools/tidy.ts
 * [root]`. One line per finding, `path:line rule message`; exit status 1 when one of them is more than a warning.
 */
import { tidyFindings } from "./tidy/tidy-findings.ts";
import { readTree } from "./tidy/tree.ts";

const root = process.argv[2] ?? process.cwd();
const tree = readTree(root);
const findings = tidyFindings(tree);
for (const { path, line, rule, message, isWarning } of findings) {
  console.log(`${path}:${line} ${rule} ${message}${isWarning === true ? " (warning)" : ""}`);
}
const failures = findings.filter(({ isWarning }) => isWarning !== true).length;
console.log(`tidy: ${tree.texts.length} files, ${failures} findings`);
process.exitCode = failures === 0 ? 0 : 1;
