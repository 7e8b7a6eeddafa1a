import { bytesFromBase64, utf8 } from "@moult/base";
import { Envelope, parseJson } from "@moult/trust";
import * as z from "zod";

/** What of a receipt is shown; all of it is in the export. */
const ReceiptContent = z.object({
  artifactName: z.string(),
  role: z.string().nullable(),
  roleVersion: z.number().nullable(),
  rootVersion: z.number(),
  securityCounter: z.number(),
  running: z.object({ artifactName: z.string() }),
});
export type ReceiptContent = z.infer<typeof ReceiptContent>;

/** What the device signed, out of its envelope; undefined for what does not read as a receipt. Nothing is verified here. */
export function receiptContent(envelope: string): ReceiptContent | undefined {
  const payload = parseJson(utf8(envelope), Envelope)?.payload;
  const bytes = payload === undefined ? undefined : bytesFromBase64(payload);
  return bytes === undefined ? undefined : parseJson(bytes, ReceiptContent);
}
