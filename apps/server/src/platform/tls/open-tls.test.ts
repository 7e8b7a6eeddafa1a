import { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DAY_MS, instant, present, type Clock } from "@moult/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../test-database.fixture.ts";
import { openTls, type Tls } from "./open-tls.ts";

let folder: string;
const at = (ms: number): Clock => ({ now: () => instant(ms) });
const now = Date.now();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-tls-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function open(names: readonly string[], clock = at(now)): Promise<Tls> {
  return present(await openTls({ mode: "local", folder, names }, clock, silentLog), "TLS is on");
}

/** What a client that trusts `authority` alone gets from a server that proves itself with `tls`. */
async function ask(tls: Tls, authority: string, servername: string): Promise<string> {
  const server = createServer({ key: tls.privateKey, cert: tls.certificate }, (_, response) =>
    response.end("hello"),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    return await new Promise<string>((resolve, reject) => {
      request({ host: "127.0.0.1", port, servername, ca: authority }, (response) => {
        response.resume();
        response.once("end", () => resolve(String(response.statusCode)));
      })
        .once("error", reject)
        .end();
    });
  } finally {
    server.close();
  }
}

test("a client that trusts the local authority reaches the server by its names, and by no other", async () => {
  const tls = await open(["localhost", "moult.example", "127.0.0.1", "::1"]);
  const authority = present(tls.certificateAuthority, "a local authority");

  expect(await ask(tls, authority, "moult.example")).toBe("200");
  expect(await ask(tls, authority, "localhost")).toBe("200");
  await expect(ask(tls, authority, "evil.example")).rejects.toThrow("does not match");
});

test("a client that trusts another authority is not served", async () => {
  const tls = await open(["localhost"]);
  const elsewhere = mkdtempSync(join(tmpdir(), "moult-tls-"));
  const other = await openTls(
    { mode: "local", folder: elsewhere, names: ["localhost"] },
    at(now),
    silentLog,
  );
  rmSync(elsewhere, { recursive: true });

  await expect(
    ask(tls, present(other?.certificateAuthority, "another authority"), "localhost"),
  ).rejects.toThrow();
});

test("a restart keeps authority and certificate; new names and a near end renew the certificate alone", async () => {
  const first = await open(["localhost"]);
  const again = await open(["localhost"]);
  const moreNames = await open(["localhost", "192.0.2.7"]);
  const yearsLater = await open(["localhost"], at(now + 600 * DAY_MS));

  expect(again).toEqual(first);
  expect(moreNames.certificate).not.toBe(first.certificate);
  expect(yearsLater.certificate).not.toBe(moreNames.certificate);
  for (const tls of [moreNames, yearsLater])
    expect(tls.certificateAuthority).toBe(first.certificateAuthority);
});

test("certificates already hold for a device whose clock is two years behind", async () => {
  const tls = await open(["localhost"]);
  for (const pem of [tls.certificate, present(tls.certificateAuthority, "an authority")])
    expect(new X509Certificate(pem).validFromDate.getTime()).toBeLessThan(now - 730 * DAY_MS);
});

test("private keys are readable by their user alone", async () => {
  await open(["localhost"]);
  for (const name of ["authority-key.pem", "server-key.pem"])
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
});

test("a lost authority is not replaced silently, because every device trusts it", async () => {
  await open(["localhost"]);
  rmSync(join(folder, "authority-key.pem"));
  await expect(open(["localhost"])).rejects.toMatchObject({ code: "authority-unusable" });
});

test("certificate files that do not fit together, or are missing, are refused by name", async () => {
  const certificateFile = join(folder, "own.pem");
  const keyFile = join(folder, "own-key.pem");
  const place = { mode: "files", certificateFile, keyFile } as const;
  await expect(openTls(place, at(now), silentLog)).rejects.toMatchObject({
    code: "certificate-unreadable",
  });

  const one = await open(["localhost"]);
  const elsewhere = mkdtempSync(join(tmpdir(), "moult-tls-"));
  const other = await openTls(
    { mode: "local", folder: elsewhere, names: ["localhost"] },
    at(now),
    silentLog,
  );
  rmSync(elsewhere, { recursive: true });
  writeFileSync(certificateFile, one.certificate);
  writeFileSync(keyFile, present(other, "TLS").privateKey);
  await expect(openTls(place, at(now), silentLog)).rejects.toMatchObject({
    code: "certificate-and-key-differ",
  });
});
