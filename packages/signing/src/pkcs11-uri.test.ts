import { expect, test } from "vitest";
import { parsePkcs11Uri } from "./pkcs11-uri.ts";
import { SigningError } from "./signing-error.ts";

test("a URI names the token, the key, the module and the file of the PIN", () => {
  const uri =
    "pkcs11:token=Release%20keys;serial=DE01;manufacturer=Acme;model=7;object=ci;id=%01%ff;type=private" +
    "?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin";
  expect(parsePkcs11Uri(uri)).toEqual({
    token: "Release keys",
    serial: "DE01",
    manufacturer: "Acme",
    model: "7",
    object: "ci",
    id: Buffer.from([1, 255]),
    modulePath: "/usr/lib/softhsm/libsofthsm2.so",
    pinFile: "/run/pin",
  });
});

test.each([
  ["another scheme", "file:/key"],
  ["no key", "pkcs11:token=a"],
  ["an attribute without a value", "pkcs11:object"],
  ["an attribute twice", "pkcs11:object=a;object=b"],
  ["an attribute that is not known", "pkcs11:object=a;colour=red"],
  ["a query that is not known", "pkcs11:object=a?colour=red"],
  ["a lone percent sign", "pkcs11:object=a%2"],
  ["text that is no UTF-8", "pkcs11:object=%ff"],
  ["a program that tells the PIN", "pkcs11:object=a?pin-source=|cat"],
  ["two question marks", "pkcs11:object=a?b=c?d=e"],
])("a URI with %s is refused", (_case, uri) => {
  expect(() => parsePkcs11Uri(uri)).toThrow(SigningError);
});

test("a PIN in a URI is refused and never repeated", () => {
  for (const uri of ["pkcs11:object=a?pin-value=1234", "pkcs11:colour=red?pin-value=1234"])
    try {
      parsePkcs11Uri(uri);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: "key-reference-invalid" });
      expect((error as Error).message).not.toContain("1234");
    }
});
