import { expect, test } from "vitest";
import { answerForPath } from "./answer-for-path.ts";

const HTML = "text/html,application/xhtml+xml,*/*;q=0.8";
const page = { kind: "page" };
const nothing = { kind: "nothing" };

test.each([
  ["", undefined, page],
  ["index.html", "*/*", page],
  ["devices", HTML, page],
  ["o/0192/deployments/0193/devices", HTML, page],
  ["products/pump.v2", HTML, page],
  ["devices", "*/*", nothing],
  ["devices", undefined, nothing],
  ["apiary", HTML, page],
  ["api/v1/nothing", HTML, nothing],
  ["api", HTML, nothing],
  ["device/v1", HTML, nothing],
  ["download/else", HTML, nothing],
  ["healthz/x", HTML, nothing],
  ["assets/index-B3_x-.js", "*/*", { kind: "file", path: "assets/index-B3_x-.js" }],
  ["assets/gone.js", HTML, { kind: "file", path: "assets/gone.js" }],
  ["favicon.ico", "image/*", { kind: "file", path: "favicon.ico" }],
  ["assets/../../secrets/x", "*/*", nothing],
  ["assets/.vite/manifest.json", "*/*", nothing],
  [".vite", HTML, nothing],
  ["..", HTML, nothing],
  ["assets\\..\\x.js", "*/*", nothing],
  ["assets//x.js", "*/*", nothing],
  ["assets/x\0.js", "*/*", nothing],
] as const)("%j for one who accepts %j is answered with %j", (path, accept, answer) => {
  expect(answerForPath(path, accept)).toEqual(answer);
});
