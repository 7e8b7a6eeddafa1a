import type { Artifact, ArtifactId, HardwareType, Sha256 } from "@moult/model";
import { expect, test } from "vitest";
import { decideArtifact } from "./decide-artifact.ts";

const hardware = (...names: string[]) => names as HardwareType[];
const artifact = (id: string, sha256: string, ...types: string[]): Artifact =>
  ({ id, sha256, hardwareTypes: hardware(...types) }) as unknown as Artifact;
const one = artifact("one", "aa", "gw2", "gw3");
const fits = hardware("gw2", "gw3").map((hardwareType) => ({
  hardwareType,
  artifactId: "one" as ArtifactId,
}));
const candidate = (sha256: string, ...types: string[]) => ({
  sha256: sha256 as Sha256,
  hardwareTypes: hardware(...types),
});

test("the first artifact of a release is new", () => {
  expect(decideArtifact(candidate("aa", "gw2"), [], [])).toEqual({ kind: "new" });
});

test("the same content is the same artifact", () => {
  expect(decideArtifact(candidate("aa", "gw2", "gw3"), [one], fits)).toEqual({
    kind: "identical",
    artifact: one,
  });
});

test("other content for one of the same hardware types is refused, and names it", () => {
  expect(decideArtifact(candidate("bb", "gw3", "gw4"), [one], fits)).toEqual({
    kind: "differs",
    hardwareTypes: ["gw3"],
    artifact: one,
  });
});

test("other content for other hardware types, or with other depends, is new", () => {
  expect(decideArtifact(candidate("bb", "gw4"), [one], fits)).toEqual({ kind: "new" });
  expect(decideArtifact(candidate("bb", "gw2"), [one], [])).toEqual({ kind: "new" });
});
