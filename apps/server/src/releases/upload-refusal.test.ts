import { ArtifactError, type ArtifactErrorCode } from "@moult/artifact";
import { expect, test } from "vitest";
import { ApiError } from "../platform/api-error.ts";
import { uploadRefusal } from "./upload-refusal.ts";

const whole = { receivedBytes: 10, announcedBytes: 10 };
const refusal = (
  code: ArtifactErrorCode,
  context = {},
  received: { receivedBytes: number; announcedBytes: number | undefined } = whole,
) => uploadRefusal(new ArtifactError(code, context), received);

test.each<[ArtifactErrorCode, object, string, RegExp]>([
  ["tar-invalid", { entry: "artifact" }, "artifact-invalid", /no tar archive.*entry "artifact"/],
  ["digest-mismatch", { entry: "data/0000.tar.gz" }, "artifact-invalid", /data\/0000/],
  ["signature-missing", {}, "artifact-unsigned", /sign it/],
  ["signature-invalid", {}, "artifact-signature-invalid", /add the key/],
  ["limit-exceeded", { limit: "artifactBytesMax", max: 100 }, "body-too-large", /100 bytes/],
  ["limit-exceeded", { limit: "scriptsMax", max: 256 }, "artifact-invalid", /scriptsMax.*256/],
  ["augmented-refused", {}, "artifact-invalid", /upload the original/],
])("%s %j is answered as %s", (code, context, answer, detail) => {
  const error = refusal(code, context);

  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ code: answer, detail: expect.stringMatching(detail) });
});

test("what ends early is the connection's fault when more was announced, else the file's", () => {
  const cut = { receivedBytes: 9, announcedBytes: 10 };

  expect(refusal("artifact-truncated", {}, cut)).toMatchObject({
    code: "upload-incomplete",
    detail: expect.stringContaining("9 of 10 bytes"),
  });
  expect(refusal("artifact-truncated")).toMatchObject({ code: "artifact-invalid" });
  expect(
    refusal("artifact-truncated", {}, { receivedBytes: 9, announcedBytes: undefined }),
  ).toMatchObject({ code: "artifact-invalid" });
});

test("what is nobody's fault but ours passes through", () => {
  const ours = new Error("EIO");

  expect(uploadRefusal(ours, whole)).toBe(ours);
  expect(uploadRefusal(new ArtifactError("source-failed", {}, { cause: ours }), whole)).toBe(ours);
});

test("an entry's name cannot break out of the sentence", () => {
  const error = refusal("entry-name-refused", { entry: 'x"\n<script>' }) as ApiError;

  expect(error.detail).toContain(String.raw`entry "x\"\n<script>"`);
});
