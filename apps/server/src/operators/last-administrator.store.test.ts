import { ROLES, type Role } from "@moult/api";
import { instant, seededRandom, type Random } from "@moult/base";
import type { UserId } from "@moult/model";
import { describe, expect, test } from "vitest";
import { ApiError } from "../platform/api-error.ts";
import { DIALECTS } from "../platform/dialect.ts";
import { newId } from "../platform/new-id.ts";
import { TEST_NOW, useTestDatabase } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { changeRole, removePerson, type Actor } from "./change-people.ts";
import { peopleOf } from "./people-queries.ts";
import { insertOperator } from "./queries.ts";

const SEEDS = 25;
const ROUNDS = 8;
const AT_ONCE = 4;

describe.each(DIALECTS)("administrators on %s", (dialect) => {
  const store = useTestDatabase(dialect);

  const addPeople = async (db: TenantDb, roles: readonly Role[]): Promise<Actor[]> => {
    const people: Actor[] = [];
    for (const role of roles) {
      const userId = newId<UserId>();
      const person = { userId, tenantId: db.tenantId, role, name: userId, email: userId };
      await db.transaction((inner) =>
        insertOperator(inner.kysely, {
          ...person,
          accountId: newId(),
          passwordHash: "none",
          at: TEST_NOW,
        }),
      );
      people.push({ userId, name: userId });
    }
    return people;
  };

  /** One of the changes that somebody may ask for, of whom and by whom they like. */
  function anyChange(db: TenantDb, people: readonly Actor[], random: Random) {
    const one = <T>(items: readonly T[]): T =>
      items[Math.floor(random.fraction() * items.length)] as T;
    const [actor, other, role] = [one(people), one(people), one(ROLES)];
    const at = instant(TEST_NOW);
    return random.fraction() < 1 / 3
      ? removePerson(db, actor, other.userId, at)
      : changeRole(db, actor, other.userId, role, at);
  }

  test("whatever people do to each other, also at the same time, a tenant keeps one", async () => {
    let changed = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const random = seededRandom(seed);
      const db = await store.newTenant();
      const people = await addPeople(db, ["admin", "admin", "admin", "operator"]);
      for (let round = 0; round < ROUNDS; round += 1) {
        const ended = await Promise.allSettled(
          Array.from({ length: AT_ONCE }, () => anyChange(db, people, random)),
        );

        for (const each of ended)
          if (each.status === "rejected") expect(each.reason).toBeInstanceOf(ApiError);
          else changed += 1;
        const admins = (await peopleOf(db)).filter(({ role }) => role === "admin");
        expect(admins.length, `seed ${seed}, round ${round}`).toBeGreaterThan(0);
      }
    }
    // The changes did happen; refusals alone would keep anybody.
    expect(changed).toBeGreaterThan(SEEDS * 2);
  });

  test("of two who remove each other at the same time, one is left", async () => {
    const db = await store.newTenant();
    const [ada, bob] = (await addPeople(db, ["admin", "admin"])) as [Actor, Actor];
    const at = instant(TEST_NOW);

    const ended = await Promise.allSettled([
      removePerson(db, ada, bob.userId, at),
      removePerson(db, bob, ada.userId, at),
    ]);

    expect(ended.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await peopleOf(db)).toHaveLength(1);
  });
});
