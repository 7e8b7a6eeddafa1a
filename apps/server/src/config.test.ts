import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadConfig, publicUrlOf, redacted, settingPaths, tlsPlace } from "./config.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "moult-config-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function file(content: string): string {
  const path = join(folder, "moult.json");
  writeFileSync(path, content);
  return path;
}

test("with nothing said, it is one process with SQLite and a local certificate authority", async () => {
  const config = await loadConfig({ environment: { HOME: "/root" } });

  expect(config.database.url).toBe("sqlite");
  expect(config.tls.mode).toBe("local");
  expect(config.listen.port).toBe(8443);
});

test("the environment wins over the file, and the command line over both", async () => {
  const config = await loadConfig({
    configFile: file('{"listen":{"port":1,"host":"127.0.0.1"},"logLevel":"warn"}'),
    environment: {
      MOULT_LISTEN_PORT: "2",
      MOULT_LOG_LEVEL: "error",
      MOULT_TLS_NAMES: "a.example, b.example",
    },
    overrides: { listen: { port: 3 }, data: folder },
  });

  expect(config.listen).toEqual({ host: "127.0.0.1", port: 3 });
  expect(config.logLevel).toBe("error");
  expect(config.tls.names).toEqual(["a.example", "b.example"]);
});

test("every mistake is named at once: misspelt settings, wrong values, unknown variables", async () => {
  await expect(
    loadConfig({
      configFile: file('{"lissten":{},"listen":{"port":99999}}'),
      environment: { MOULT_LISTEN_PROT: "1" },
    }),
  ).rejects.toMatchObject({
    code: "config-invalid",
    context: {
      problems: [
        expect.stringContaining("MOULT_LISTEN_PROT"),
        expect.stringContaining("listen.port"),
        expect.stringContaining("lissten"),
      ],
    },
  });
  await expect(loadConfig({ configFile: file("{"), environment: {} })).rejects.toMatchObject({
    code: "config-unreadable",
  });
  await expect(loadConfig({ environment: { MOULT_TLS_MODE: "files" } })).rejects.toMatchObject({
    code: "config-invalid",
  });
});

test("variables of the command line tool are no mistakes of the server's", async () => {
  await loadConfig({ environment: { MOULT_SERVER: "https://x", MOULT_API_KEY: "k" } });
});

test("every setting has a variable of its own", () => {
  const names = [...settingPaths().keys()];
  expect(names).toContain("MOULT_DEVICES_CHECK_IN_SECONDS");
  expect(names).toContain("MOULT_TLS_CERTIFICATE_FILE");
  expect(new Set(names).size).toBe(names.length);
});

test("a database password is never shown", async () => {
  const config = await loadConfig({
    environment: {
      MOULT_DATABASE_URL: "postgres://moult:hunter2@db.example/moult?password=hunter2",
    },
  });
  const shown = JSON.stringify(redacted(config));
  expect(shown).not.toContain("hunter2");
  expect(shown).toContain("db.example");
});

test("the public address follows what it listens on unless it is said", async () => {
  const plain = await loadConfig({
    environment: { MOULT_TLS_MODE: "off", MOULT_LISTEN_HOST: "127.0.0.1" },
  });
  expect(publicUrlOf(plain, 8080)).toBe("http://127.0.0.1:8080");

  const said = await loadConfig({ environment: { MOULT_PUBLIC_URL: "https://moult.example/" } });
  expect(publicUrlOf(said, 8443)).toBe("https://moult.example");
  expect(tlsPlace(said)).toMatchObject({
    names: expect.arrayContaining(["localhost", "moult.example"]) as string[],
  });
});
