import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Provisioning } from "@moult/device-protocol";
import { Sha256 } from "@moult/model";
import { describe, expect, test } from "vitest";
import { enrolmentCommand } from "./enrolment-command.ts";

const provisioning = Provisioning.parse({
  version: 1,
  server: { url: "https://moult.example.org" },
  tenantId: "01a2224f-40b1-7937-ae32-536531d4bb1d",
  product: "gw2",
  hardwareType: "linux",
  pathPrefix: "gw2/prod/",
  // As long as a root with ten RSA keys, on one line, with a letter that not every terminal takes.
  root: JSON.stringify({
    signatures: [],
    signed: { note: "ä", keys: Array(40).fill("K".repeat(200)) },
  }),
  artifactKeys: [],
  enrolmentToken: "met_secret",
});
const sha256 = Sha256.parse("ab".repeat(32));
const commandFor = (server: Provisioning["server"]): string =>
  enrolmentCommand({
    provisioning: { ...provisioning, server },
    agent: { path: "/download/moult-agent.mjs", sha256 },
    folder: "moult-gw2-1a2b3c4d",
  });

describe("the command that makes a device", () => {
  const authority = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n";

  test("checks the certificate of a server whose authority every machine knows", () => {
    const command = commandFor({ url: "https://moult.example.org" });

    expect(command).toContain("'https://moult.example.org/download/moult-agent.mjs'");
    expect(command).not.toContain("rejectUnauthorized");
  });

  test("of a server with its own authority lets the digest alone vouch for the agent", () => {
    const command = commandFor({
      url: "https://moult.example.org",
      certificateAuthority: authority,
    });

    expect(command).toContain("rejectUnauthorized:false");
    expect(command.indexOf(`echo '${sha256}  moult-agent.mjs' | sha256sum -c -`)).toBeLessThan(
      command.indexOf("node moult-agent.mjs"),
    );
  });

  test("keeps each line short enough for a terminal that takes lines of 4,095 bytes", () => {
    const longest = commandFor({
      url: "https://moult.example.org",
      certificateAuthority: authority.replace("BBBB", "B".repeat(3_000)),
    });

    expect(Math.max(...longest.split("\n").map((line) => line.length))).toBeLessThan(4_095);
  });

  test("takes no address for a piece of shell", () => {
    const command = commandFor({ url: "https://moult.example.org/'$(reboot)'" });

    expect(command).toContain("'https://moult.example.org/download/moult-agent.mjs'");
    expect(command.split("\n").filter((line) => line.includes("reboot"))).toEqual([
      expect.stringMatching(/^ {2}"url": /),
    ]);
  });

  test("holds nothing that a terminal takes for a command to itself, and the agent reads what was meant", () => {
    const url = "https://moult.example.org/\u009b31m/größe/\u007f/😀";
    const command = commandFor({ url });

    expect(command).toMatch(/^[\n -~]*$/);
    // The part that writes files, run for real.
    const from = command.indexOf("cat > root.json");
    const to = command.indexOf("node moult-agent.mjs provision");
    const folder = mkdtempSync(join(tmpdir(), "moult-command-"));
    try {
      execFileSync("sh", ["-euc", command.slice(from, to)], { cwd: folder });
      const written = readFileSync(join(folder, "provisioning.json"), "utf8");
      expect(Provisioning.parse(JSON.parse(written))).toEqual({ ...provisioning, server: { url } });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
