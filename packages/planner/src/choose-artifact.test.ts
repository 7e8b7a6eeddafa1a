import { present } from "@moult/base";
import { expect, test } from "vitest";
import { decide } from "./decide.ts";
import { artifact, artifactId, deployment, device, facts } from "./facts.fixture.ts";

test("each client of one release is offered what is for it, and a file of others only where nothing else fits", () => {
  const forReaders = artifact({ id: artifactId(1), sizeBytes: 1_000 });
  const bare = { storedAt: 1_024, sha1: "ab".repeat(20), md5: "ab".repeat(16) };
  const file = { name: "fw.swu", sizeBytes: 1, sha256: forReaders.sha256, bare };
  const forSwupdate = artifact({
    id: artifactId(2),
    sizeBytes: 10,
    payloads: [{ type: "swu", files: [file] }],
  });
  const own = present(device().traits, "it has some");
  const offered = (traits: object, artifacts = [forSwupdate, forReaders]) =>
    decide(
      facts({
        device: device({ traits: { ...own, ...traits } }),
        candidates: [deployment({ artifacts })],
      }),
    );

  const swupdate = { payloadTypes: ["swu"], bareFiles: true, trust: "server-trusted" };
  expect(offered(swupdate)).toMatchObject({ kind: "offer", artifact: forSwupdate });
  for (const payloadTypes of [null, ["rootfs-image"], ["rootfs-image", "swu"]])
    expect(offered({ payloadTypes })).toMatchObject({ kind: "offer", artifact: forReaders });
  expect(offered({ payloadTypes: ["swu"] }, [forSwupdate])).toMatchObject({
    kind: "offer",
    artifact: forSwupdate,
  });
});
