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
  instructionKeys: ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"],
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
    const written = /provisioning\.json <<'END_OF_FILE'\n(.*?)\nEND_OF_FILE/s.exec(command)?.[1];
    expect(Provisioning.parse(JSON.parse(written ?? ""))).toEqual({
      ...provisioning,
      server: { url },
    });
  });
});
