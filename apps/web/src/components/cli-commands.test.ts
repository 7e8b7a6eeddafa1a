import type { HardwareType, ProductName } from "@moult/model";
import { expect, test } from "vitest";
import { firstReleaseCommand, getCliCommand, quoted, trustInitCommand } from "./cli-commands.ts";

const source = {
  origin: "https://moult.local:8443",
  cli: { path: "/download/moult.mjs", sha256: "ab".repeat(32) },
  certificateAuthority: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
  email: "ada@example.org",
};

test.each([
  ["ada@example.org", "ada@example.org"],
  ["o'brien@example.org", "'o'\\''brien@example.org'"],
  ["$(reboot)", "'$(reboot)'"],
  ["", "''"],
])("%j is one word of a shell", (text, expected) => {
  expect(quoted(text)).toBe(expected);
});

test("the authority of a server that has its own comes with the sign-in", () => {
  const command = getCliCommand(source);

  expect(command).toContain("AAAA");
  expect(command).toContain(
    "login https://moult.local:8443 --email ada@example.org --certificate-authority authority.pem",
  );
});

test.each([
  ["a certificate that every machine knows", { certificateAuthority: null }],
  ["plain HTTP", { origin: "http://localhost:8080" }],
])("with %s nothing is left unchecked", (_, differing) => {
  const command = getCliCommand({ ...source, ...differing });

  expect(command).not.toContain("rejectUnauthorized");
  expect(command).not.toContain("authority.pem");
});

test("every product gets a role, and only to try things out there are fewer keys", () => {
  expect(trustInitCommand(["gw2", "it's"], "production")).toMatch(
    /trust init --product gw2 --product 'it'\\''s'$/,
  );
  expect(trustInitCommand([], "development")).toMatch(/trust init --development$/);
});

test("a first release is signed by offline keys, and inside where the product asks for it", () => {
  const release = {
    product: "gw2" as ProductName,
    hardwareType: "linux" as HardwareType,
    isSigned: true,
  };

  expect(firstReleaseCommand(release)).toMatch(/release upload .* --sign$/);
  expect(firstReleaseCommand(release)).toContain("--sign-key release-key.pem");
  expect(firstReleaseCommand({ ...release, isSigned: false })).not.toContain("--sign-key");
});
