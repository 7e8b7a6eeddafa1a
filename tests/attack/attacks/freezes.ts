import { DAY_MS } from "@moult/base";
import type { Attack } from "../attack.fixture.ts";
import type { Release } from "../release.fixture.ts";
import type { Scene } from "../scene.fixture.ts";
import { NOT_FOUND, type Carried, type Delivered } from "../wire.fixture.ts";

const CHECK_IN = "/device/v1/check-in";
const INSTRUCTION_LIFE_MS = 3_000;
const LIFE_OF_AN_INSTRUCTION = "the life of the instruction that the device holds: 24 h at most";
const LIFE_OF_A_TIMESTAMP = "the life of the timestamp: 3 days";

/** A release on offer whose offer never arrives, because check-ins are answered otherwise. */
const keptBack =
  (instead: (answer: Carried, held: Carried | undefined) => Delivered | "cut") =>
  async (scene: Scene, isEvil: boolean): Promise<Release> => {
    scene.wire.tamper = (answer) => answer;
    scene.server.lifetimeMs = INSTRUCTION_LIFE_MS;
    scene.server.instruct({ kind: "nothing-to-do" });
    await scene.checkedIn(2);
    const held = scene.wire.heard.findLast(
      ({ path, status }) => path === CHECK_IN && status === 200,
    );
    if (isEvil)
      scene.wire.tamper = (answer) => (answer.path === CHECK_IN ? instead(answer, held) : answer);
    const release = await scene.release();
    scene.offer(release);
    return release;
  };

/** Whoever looks at the device sees that it holds no instruction any more that it may obey. */
const hasNoFreshInstruction = async (scene: Scene): Promise<boolean> => {
  const { link } = (await scene.status()) as { link: { isFresh: boolean } };
  return !link.isFresh;
};

/** The inventory tells the server, and with it whoever looks at the fleet, that metadata ran out. */
const says =
  (standing: RegExp) =>
  (scene: Scene): Promise<boolean> => {
    const newest = scene.server.checkIns.findLast(({ inventory }) => inventory !== undefined);
    return Promise.resolve(standing.test(String(newest?.inventory?.["moult.trust"])));
  };

export const FREEZE_ATTACKS: readonly Attack[] = [
  {
    name: "nothing-new-for-ever",
    kind: "freeze",
    attacker: "network",
    checklist: [],
    says: "an endless row of unsigned answers that nothing is new",
    rule: "instruction-not-fresh",
    bound: LIFE_OF_AN_INSTRUCTION,
    act: keptBack(() => ({ status: 204, headers: {}, body: Buffer.alloc(0) })),
    isNoticed: hasNoFreshInstruction,
  },
  {
    name: "answers-dropped",
    kind: "freeze",
    attacker: "network",
    checklist: [],
    says: "a network that lets no answer to a check-in through",
    rule: "instruction-not-fresh",
    bound: LIFE_OF_AN_INSTRUCTION,
    act: keptBack(() => "cut"),
    isNoticed: hasNoFreshInstruction,
  },
  {
    name: "old-instruction-played-back",
    kind: "freeze",
    attacker: "network",
    checklist: [23],
    says: "an old signed answer that there is nothing to do, again and again,",
    rule: "wrong-nonce",
    bound: "at once",
    act: keptBack((answer, held) => (held === undefined ? answer : { ...answer, ...held })),
    isNoticed: (scene) => Promise.resolve(scene.rulesNamed().has("wrong-nonce")),
  },
  {
    name: "old-metadata-played-back",
    kind: "freeze",
    attacker: "network",
    checklist: [],
    says: "the metadata of before a release, for longer than the timestamp's life,",
    rule: "expired",
    bound: LIFE_OF_A_TIMESTAMP,
    scene: { hasOwnClock: true },
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository, server } = scene;
      const before = new Map(repository.files);
      if (isEvil) {
        repository.clockAheadMs = server.clockAheadMs = 4 * DAY_MS;
        scene.setClock(4 * DAY_MS);
        await repository.renew();
      }
      const release = await scene.release();
      if (isEvil)
        scene.wire.tamper = (answer) => {
          const name = answer.path.split("/device/v1/trust/")[1];
          if (name === undefined) return answer;
          const body = before.get(name);
          return body === undefined ? NOT_FOUND : { ...answer, status: 200, body };
        };
      scene.offer(release);
      return release;
    },
    isNoticed: says(/^expired: /),
  },
  {
    name: "metadata-out-of-reach",
    kind: "freeze",
    attacker: "network",
    checklist: [],
    says: "a network that lets instructions through and no metadata, for longer than the timestamp's life,",
    rule: "out-of-reach",
    bound: LIFE_OF_A_TIMESTAMP,
    scene: { hasOwnClock: true },
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository, server } = scene;
      if (isEvil) {
        repository.clockAheadMs = server.clockAheadMs = 4 * DAY_MS;
        scene.setClock(4 * DAY_MS);
      }
      const release = await scene.release();
      scene.wire.tamper = (answer) =>
        isEvil && answer.path.startsWith("/device/v1/trust/") ? "cut" : answer;
      scene.offer(release);
      return release;
    },
    isNoticed: says(/^out-of-reach$/),
  },
  {
    name: "nothing-to-do-by-the-server",
    kind: "freeze",
    attacker: "evil-server",
    checklist: [],
    says: "a server that signs day by day that there is nothing to do, and renews what it can,",
    rule: "expired",
    bound: "the life of the offline roles: delegations and channel roles 1 year, root 2 years",
    scene: { hasOwnClock: true },
    hasTwinOfItsOwn: true,
    act: async (scene, isEvil) => {
      const { repository, server } = scene;
      if (isEvil) {
        repository.clockAheadMs = server.clockAheadMs = 366 * DAY_MS;
        scene.setClock(366 * DAY_MS);
        await repository.renew();
        scene.serve();
        server.instruct({ kind: "nothing-to-do" });
        return scene.build();
      }
      const release = await scene.release();
      scene.offer(release);
      return release;
    },
    isNoticed: says(/^expired: /),
  },
];
