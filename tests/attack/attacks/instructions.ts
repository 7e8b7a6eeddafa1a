import { DAY_MS } from "@moult/base";
import type { Instruction } from "@moult/trust";
import {
  OWN_CERTIFICATE,
  OWN_CERTIFICATE_KEY,
  TEST_CERTIFICATE,
  TEST_CERTIFICATE_KEY,
} from "../../system/test-certificates.fixture.ts";
import { memorySigner } from "../../../tools/local/local-trust.ts";
import type { Attack } from "../attack.fixture.ts";
import type { Release } from "../release.fixture.ts";
import { DEV } from "../repository.fixture.ts";
import type { Scene } from "../scene.fixture.ts";
import type { Carried, Delivered } from "../wire.fixture.ts";

const CHECK_IN = "/device/v1/check-in";

/** An instruction to install `release` in answer to a check-in that went over the wire, signed by `key`. */
function forged(
  scene: Scene,
  release: Release,
  { requestBody }: Pick<Carried, "requestBody">,
  key = memorySigner().privateKey,
): Buffer {
  scene.offer(release);
  const request = JSON.parse(requestBody.toString("utf8")) as { nonce: string; generation: number };
  const { action } = scene.server;
  scene.server.instruct({ kind: "nothing-to-do" });
  const issuedAtMs = Date.now();
  const instruction = {
    type: "instruction",
    tenantId: scene.server.tenantId,
    deviceId: scene.server.onlyDevice.id,
    nonce: request.nonce,
    generation: request.generation + 1,
    issuedAtMs,
    expiresAtMs: issuedAtMs + 60_000,
    action,
    ask: [],
    checkInSeconds: 1,
  };
  return Buffer.from(scene.server.envelope(instruction, key));
}

const ENVELOPE = { "content-type": "application/vnd.dsse.v1+json" };
const delivered = (body: Buffer): Delivered => ({ status: 200, headers: ENVELOPE, body });

/** The honest twin of everything that is wrong with an instruction: the same release, offered as it should be. */
async function offered(scene: Scene): Promise<Release> {
  scene.wire.tamper = (answer) => answer;
  scene.server.alter = (instruction) => instruction;
  const release = await scene.release();
  scene.offer(release);
  return release;
}

/** An instruction that the server's own key signs, and that is wrong in one point. */
const altered =
  (alter: (instruction: Instruction) => object) =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    const release = await offered(scene);
    if (isEvil)
      scene.server.alter = (instruction) =>
        instruction.action.kind === "install" ? alter(instruction) : instruction;
    return release;
  };

const FROM_THE_WIRE: readonly Attack[] = [
  {
    name: "server-with-another-certificate",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "somebody on the network who poses as the server with a certificate of their own",
    rule: "tls-failed",
    scene: { isEncrypted: true },
    act: async (scene, isEvil) => {
      const release = await offered(scene);
      scene.wire.show(
        isEvil
          ? { cert: OWN_CERTIFICATE, key: OWN_CERTIFICATE_KEY }
          : { cert: TEST_CERTIFICATE, key: TEST_CERTIFICATE_KEY },
      );
      return release;
    },
  },
  {
    name: "instruction-by-another-key",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "an instruction that somebody on the network signed with a key of their own",
    rule: "signature-invalid",
    act: async (scene, isEvil) => {
      if (!isEvil) return offered(scene);
      const release = await scene.release();
      scene.wire.tamper = (answer) =>
        answer.path === CHECK_IN ? delivered(forged(scene, release, answer)) : answer;
      return release;
    },
  },
  {
    name: "instruction-changed-on-its-way",
    kind: "install",
    attacker: "network",
    checklist: [],
    says: "an honest nothing-to-do that somebody on the network turned into an installation",
    rule: "signature-invalid",
    act: async (scene, isEvil) => {
      if (!isEvil) return offered(scene);
      const release = await scene.release();
      scene.server.instruct({ kind: "nothing-to-do" });
      scene.wire.tamper = (answer) => {
        if (answer.path !== CHECK_IN || answer.status !== 200) return answer;
        const honest = JSON.parse(answer.body.toString("utf8")) as { payload: string };
        const wanted = JSON.parse(forged(scene, release, answer).toString("utf8")) as object;
        const { payload } = wanted as { payload: string };
        return delivered(Buffer.from(JSON.stringify({ ...honest, payload })));
      };
      return release;
    },
  },
  {
    name: "instruction-held-back",
    kind: "install",
    attacker: "network",
    checklist: [23],
    says: "a genuine instruction that was held back, and delivered after the operator had withdrawn it,",
    rule: "wrong-nonce",
    act: async (scene, isEvil) => {
      const release = await offered(scene);
      if (!isEvil) return release;
      let held: Buffer | undefined;
      scene.wire.tamper = (answer) => {
        if (answer.path !== CHECK_IN) return answer;
        if (held !== undefined) return delivered(held);
        if (answer.status === 200) {
          held = answer.body;
          scene.server.instruct({ kind: "nothing-to-do" });
        }
        return { status: 503, headers: {}, body: Buffer.alloc(0) };
      };
      return release;
    },
  },
  {
    name: "instruction-without-end",
    kind: "install",
    attacker: "network",
    checklist: [41],
    says: "an answer to a check-in that goes on for ever",
    rule: "reply-too-large",
    act: async (scene, isEvil) => {
      const release = await offered(scene);
      if (isEvil)
        scene.wire.tamper = (answer) =>
          answer.path === CHECK_IN
            ? { ...answer, drip: { bytes: 30_000, pauseMs: 5, isEndless: true } }
            : answer;
      return release;
    },
  },
  {
    name: "instruction-drop-by-drop",
    kind: "install",
    attacker: "network",
    checklist: [41],
    says: "an answer to a check-in of which a byte comes now and then",
    rule: "request-timed-out",
    scene: { config: { http: { timeoutSeconds: 1 } } },
    act: async (scene, isEvil) => {
      const release = await offered(scene);
      if (isEvil)
        scene.wire.tamper = (answer) =>
          answer.path === CHECK_IN ? { ...answer, drip: { bytes: 1, pauseMs: 400 } } : answer;
      return release;
    },
  },
];

const BY_THE_SERVER: readonly Attack[] = [
  {
    name: "instruction-for-another-device",
    kind: "install",
    attacker: "evil-server",
    checklist: [23],
    says: "an instruction that is addressed to another device",
    rule: "other-device",
    act: altered((instruction) => ({
      ...instruction,
      deviceId: "4b5c7a5e-0000-4000-8000-000000000000",
    })),
  },
  {
    name: "instruction-of-another-tenant",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction of another tenant",
    rule: "other-tenant",
    act: altered((instruction) => ({
      ...instruction,
      tenantId: "4b5c7a5e-0000-4000-8000-000000000000",
    })),
  },
  {
    name: "instruction-of-an-old-generation",
    kind: "install",
    attacker: "evil-server",
    checklist: [23],
    says: "an instruction with a generation that the device has seen before",
    rule: "generation-not-newer",
    act: altered((instruction) => ({ ...instruction, generation: 1 })),
  },
  {
    name: "instruction-for-ten-years",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction that holds for ten years",
    rule: "lifetime-invalid",
    act: altered((instruction) => ({
      ...instruction,
      expiresAtMs: instruction.issuedAtMs + 3_650 * DAY_MS,
    })),
  },
  {
    name: "instruction-under-another-name",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction whose envelope says that it is something else",
    rule: "wrong-payload-type",
    act: async (scene, isEvil) => {
      const release = await offered(scene);
      if (isEvil)
        scene.wire.tamper = (answer) => {
          if (answer.path !== CHECK_IN || answer.status !== 200) return answer;
          const envelope = JSON.parse(answer.body.toString("utf8")) as object;
          const payloadType = "application/vnd.moult.receipt.v1+json";
          return delivered(Buffer.from(JSON.stringify({ ...envelope, payloadType })));
        };
      return release;
    },
  },
  {
    name: "instruction-outside-the-prefix",
    kind: "install",
    attacker: "evil-server",
    checklist: [26],
    says: "an order to install a development build, validly signed as such, on a production device",
    rule: "outside-path-prefix",
    act: async (scene, isEvil) => {
      const release = await scene.release(isEvil ? { role: DEV } : {});
      scene.offer(release);
      return release;
    },
  },
  {
    name: "instruction-by-a-revoked-key",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction by a key that a root the device has seen took back",
    rule: "signature-invalid",
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository, server } = scene;
      const stolen = server.repository.instruction;
      scene.signInstructionsBy(memorySigner());
      await repository.rotateRoot(repository.offline.root.slice(0, 2));
      await repository.renew();
      await scene.takesIn(await scene.release());
      const release = await offered(scene);
      if (isEvil) server.repository.instruction = stolen;
      return release;
    },
  },
  {
    name: "instruction-by-a-key-being-revoked",
    kind: "install",
    attacker: "evil-server",
    checklist: [],
    says: "an instruction by a stolen key that the newest root, which the device is about to see, took back,",
    rule: "instruction-key-revoked",
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository } = scene;
      const release = await scene.release();
      if (isEvil) {
        repository.online.instruction = memorySigner();
        await repository.rotateRoot(repository.offline.root.slice(0, 2));
        await repository.renew();
        scene.serve();
      }
      scene.offer(release);
      return release;
    },
  },
];

export const INSTRUCTION_ATTACKS: readonly Attack[] = [...FROM_THE_WIRE, ...BY_THE_SERVER];
