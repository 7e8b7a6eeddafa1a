import type { Attack } from "../attack.fixture.ts";
import { buildRelease, type Release } from "../release.fixture.ts";
import { noise, sha256Of } from "../repository.fixture.ts";

/** An artifact as long as `release`'s, with another program in it. */
async function lookalike(release: Release): Promise<Release> {
  const content = noise(release.content.length);
  return buildRelease({ version: release.version, content });
}

/** Other bytes than were signed, or too many, or too slowly. */
export const DOWNLOAD_ATTACKS: readonly Attack[] = [
  {
    name: "other-bytes-than-instructed",
    kind: "install",
    attacker: "evil-server",
    checklist: [2],
    says: "an artifact other than the signed one, in its place,",
    rule: "digest-mismatch",
    act: async (scene, isEvil) => {
      const release = await scene.offerNew();
      if (!isEvil) return release;
      const evil = await lookalike(release);
      scene.server.blobs.set(release.sha256, evil.bytes);
      return evil;
    },
  },
  {
    name: "other-bytes-after-a-cut",
    kind: "install",
    attacker: "network",
    checklist: [4],
    says: "a download that is cut, and goes on with bytes of another artifact,",
    rule: "digest-mismatch",
    act: async (scene, isEvil) => {
      const signed = await scene.release({ content: noise(200_000) });
      scene.offer(signed);
      scene.wire.tamper = (answer) => answer;
      if (!isEvil) return signed;
      const content = Buffer.concat([signed.content.subarray(0, 100_000), noise(100_000)]);
      const evil = await buildRelease({ version: signed.version, content });
      scene.wire.tamper = (answer) => {
        if (!answer.path.startsWith("/device/v1/blobs/")) return answer;
        const start = signed.bytes.length - answer.body.length;
        return { ...answer, body: evil.bytes.subarray(start) };
      };
      return evil;
    },
  },
  {
    name: "digest-other-than-signed",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction that names a signed path with the digest of another artifact",
    rule: "other-digest",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      if (!isEvil) {
        scene.offer(release);
        return release;
      }
      const evil = await lookalike(release);
      scene.server.addBlob(evil.bytes);
      scene.offer(release, { sha256: evil.sha256 });
      return evil;
    },
  },
  {
    name: "length-other-than-signed",
    kind: "install",
    attacker: "evil-server",
    checklist: [5],
    says: "an instruction that names a signed path with length and digest of another artifact",
    rule: "other-length",
    act: async (scene, isEvil) => {
      const release = await scene.release();
      if (!isEvil) {
        scene.offer(release);
        return release;
      }
      const evil = await buildRelease({ version: release.version, content: noise(10_000) });
      scene.server.addBlob(evil.bytes);
      scene.offer(release, { sha256: evil.sha256, sizeBytes: evil.sizeBytes });
      return evil;
    },
  },
  {
    name: "download-without-end",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "a download that goes on for ever",
    rule: "download-refused",
    act: async (scene, isEvil) => {
      const release = await scene.offerNew();
      scene.wire.tamper = (answer) =>
        isEvil && answer.path.startsWith("/device/v1/blobs/")
          ? { ...answer, drip: { bytes: 30_000, pauseMs: 5, isEndless: true } }
          : answer;
      return release;
    },
  },
  {
    name: "download-drop-by-drop",
    kind: "install",
    attacker: "network",
    checklist: [41],
    says: "a download of which a byte comes now and then",
    rule: "download-slow",
    scene: { config: { download: { windowSeconds: 1, bytesPerSecondMin: 1_000 } } },
    act: async (scene, isEvil) => {
      const release = await scene.offerNew();
      scene.wire.tamper = (answer) =>
        isEvil && answer.path.startsWith("/device/v1/blobs/")
          ? { ...answer, drip: { bytes: 1, pauseMs: 200 } }
          : answer;
      return release;
    },
  },
  {
    name: "download-from-elsewhere",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "a download that is sent on to another server",
    rule: "request-refused",
    act: async (scene, isEvil) => {
      const release = await scene.offerNew();
      const elsewhere = await lookalike(release);
      scene.server.addBlob(elsewhere.bytes);
      const location = `http://127.0.0.1:${scene.server.port}/device/v1/blobs/${sha256Of(elsewhere.bytes)}`;
      scene.wire.tamper = (answer) =>
        isEvil && answer.path.startsWith("/device/v1/blobs/")
          ? { status: 302, headers: { location }, body: Buffer.alloc(0) }
          : answer;
      return isEvil ? elsewhere : release;
    },
  },
];
