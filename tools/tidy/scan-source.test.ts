import { expect, test } from "vitest";

import { scanSource } from "./scan-source.ts";

test.each<[source: string, code: string]>([
  ["a(); // b()", "a();       "],
  ["a(/* b\n */ c)", "a(    \n    c)"],
  [`a("b", 'c')`, `a(" ", ' ')`],
  [String.raw`a("\"", b)`, `a("  ", b)`],
  ["a(`b ${c(`d`)} e`)", "a(`  ${c(` `)}  `)"],
  ["a(`${{ b: 1 }}c`)", "a(`${{ b: 1 }} `)"],
  ['a = /["`]/; b("c")', 'a =       ; b(" ")'],
  ["a = b / c / d; // e", "a = b / c / d;     "],
  ["return /'/.test(a)", "return    .test(a)"],
  ["a(b[0] / 2, '/')", "a(b[0] / 2, ' ')"],
  ["<p>Don't</p>\na('b')", "<p>Don'     \na(' ')"],
])("in %j only the code is kept", (source, code) => {
  expect(scanSource(source).code).toBe(code);
});

test.each<[source: string, kind: string, specifier: string, clause: string]>([
  ['import { a } from "./a.ts";', "import", "./a.ts", "{ a }"],
  ['import type { A } from "./a.ts";', "import", "./a.ts", "{ A }"],
  ['import * as z from "zod";', "import", "zod", "* as z"],
  ['import a, { b } from "c";', "import", "c", "a, { b }"],
  ['import {\n  a,\n  b,\n} from "c";', "import", "c", "{\n  a,\n  b,\n}"],
  ['import "./a.ts";', "import", "./a.ts", ""],
  ['export { a } from "./a.ts";', "export", "./a.ts", "{ a }"],
  ['export * from "./a.ts";', "export", "./a.ts", "*"],
  ['await import("./a.ts")', "dynamic", "./a.ts", ""],
  ['let a: typeof import("./a.ts");', "dynamic", "./a.ts", ""],
  ['export interface A {}\nimport b from "c";', "import", "c", "b"],
])("%j is one import", (source, kind, specifier, clause) => {
  const { imports } = scanSource(source);

  expect(imports).toMatchObject([{ kind, specifier, clause }]);
});

test.each([
  '// import { a } from "./a.ts";',
  "const text = 'import { a } from \"./a.ts\";';",
  'const text = `import { a } from "./a.ts";`;',
  'const from = "./a.ts"; export { from };',
])("%j imports nothing", (source) => {
  expect(scanSource(source).imports).toEqual([]);
});
