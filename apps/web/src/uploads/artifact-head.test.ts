import { expect, test } from "vitest";
import { artifactHeadProblem } from "./artifact-head.ts";

function head(name: string, content: string): Uint8Array {
  const bytes = new Uint8Array(1_024);
  const put = (text: string, at: number): void => bytes.set(new TextEncoder().encode(text), at);
  put(name, 0);
  put(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
  put("ustar\0", 257);
  put(content, 512);
  return bytes;
}

test("an artifact of version 3 may go", () => {
  expect(artifactHeadProblem(head("version", '{"format":"mender","version":3}'))).toBeUndefined();
});

test.each<[string, Uint8Array, RegExp]>([
  ["an empty file", new Uint8Array(), /empty/],
  ["a picture", new Uint8Array(2_000).fill(0x89), /tar archive/],
  ["a short text", new TextEncoder().encode("hello"), /tar archive/],
  ["another tar archive", head("etc/passwd", "x"), /first entry/],
  ["a file called version", head("version", "1.2.3"), /another format/],
  ["an older artifact", head("version", '{"format":"mender","version":2}'), /of version 2/],
  ["a version of no size", head("version", ""), /cannot be read/],
])("%s is refused before a byte is sent", (_, bytes, reason) => {
  expect(artifactHeadProblem(bytes)).toMatch(reason);
});
