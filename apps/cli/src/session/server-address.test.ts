import { expect, test } from "vitest";
import { isSameFingerprint } from "./certificate-authority.ts";
import { isExposed, serverAddress } from "./server-address.ts";

test.each([
  ["moult.example.org", "https://moult.example.org"],
  ["https://moult.example.org/", "https://moult.example.org"],
  ["HTTPS://Moult.Example.org:443/ota/", "https://moult.example.org/ota"],
  ["http://localhost:8080", "http://localhost:8080"],
  ["localhost:8443", "https://localhost:8443"],
  ["[::1]:8443", "https://[::1]:8443"],
])("%s is the server at %s", (typed, address) => {
  expect(serverAddress(typed)).toBe(address);
});

test.each(["", "ftp://x", "https://user:secret@x", "https://x?y", "https://x#y", "not a host"])(
  "%j is no server",
  (typed) => {
    expect(() => serverAddress(typed)).toThrow(expect.objectContaining({ code: "usage" }) as Error);
  },
);

test("plain HTTP is exposed, except on this machine", () => {
  expect(isExposed("http://moult.example.org")).toBe(true);
  expect(isExposed("https://moult.example.org")).toBe(false);
  for (const host of ["localhost", "127.0.0.1", "[::1]"])
    expect(isExposed(`http://${host}:8080`)).toBe(false);
});

test("a fingerprint is the same in every way people write it, and only then", () => {
  const text = "AB:CD".padEnd(95, ":01");

  expect(isSameFingerprint(text, text.replaceAll(":", "").toLowerCase())).toBe(true);
  expect(isSameFingerprint(`SHA256:${text}`, text)).toBe(true);
  expect(isSameFingerprint(text.replace("AB", "AC"), text)).toBe(false);
  expect(isSameFingerprint("", "")).toBe(false);
});
