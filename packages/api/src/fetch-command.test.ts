import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchCommand } from "./fetch-command.ts";

const run = promisify(execFile);
let folder: string;
let server: Server;
let origin: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-fetch-"));
  server = createServer((request, response) => {
    response.statusCode = request.url === "/program.mjs" ? 200 : 404;
    response.end("a program");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const shell = (command: string) =>
  run("/bin/sh", ["-c", command], { cwd: folder, env: { PATH: dirname(process.execPath) } });

test("a shell that has nothing but Node fetches the file", async () => {
  await shell(fetchCommand({ url: `${origin}/program.mjs`, file: "it's.mjs", isChecked: true }));

  expect(readFileSync(join(folder, "it's.mjs"), "utf8")).toBe("a program");
});

test.each([
  ["answers that there is none", () => `${origin}/other.mjs`, / answered 404$/m],
  ["does not listen", () => "http://127.0.0.1:1/program.mjs", /ECONNREFUSED/],
])("a server that %s ends the command with the reason", async (_, url, reason) => {
  const command = fetchCommand({ url: url(), file: "program.mjs", isChecked: true });

  await expect(shell(command)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(reason),
  });
});

test("a certificate is left unchecked only where the machine cannot check it yet", () => {
  const request = { url: "https://moult.example.org/program.mjs", file: "program.mjs" };

  expect(fetchCommand({ ...request, isChecked: true })).not.toContain("rejectUnauthorized");
  expect(fetchCommand({ ...request, isChecked: false })).toContain("rejectUnauthorized:false");
});
