import { base64, utf8 } from "@moult/base";
import { expect, test } from "vitest";
import { receiptContent } from "./receipt-content.ts";

const content = {
  artifactName: "2.0",
  role: "pump.prod",
  roleVersion: 4,
  rootVersion: 1,
  securityCounter: 7,
  running: { artifactName: "1.0" },
};
const envelopeOf = (payload: string): string =>
  JSON.stringify({
    payloadType: "application/vnd.moult.receipt.v1+json",
    payload: base64(utf8(payload)),
    signatures: [{ keyid: "", sig: "AAAA" }],
  });

test("what the device signed is read out of the envelope, and fields that are not shown are left out", () => {
  expect(receiptContent(envelopeOf(JSON.stringify({ ...content, tenantId: "x" })))).toEqual(
    content,
  );
});

test.each([
  "",
  "no JSON",
  "{}",
  envelopeOf("no JSON"),
  envelopeOf("[]"),
  envelopeOf(JSON.stringify({ ...content, securityCounter: "7" })),
])("%j is no receipt that could be shown", (envelope) => {
  expect(receiptContent(envelope)).toBeUndefined();
});
