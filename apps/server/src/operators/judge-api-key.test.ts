import { ROLES } from "@moult/api";
import type { TenantId, UserId } from "@moult/model";
import { expect, test } from "vitest";
import { judgeApiKey, lowerRole } from "./judge-api-key.ts";
import type { StoredApiKey } from "./queries.ts";

const NOW = Date.UTC(2026, 0, 5, 12);

const keyWith = (over: Partial<StoredApiKey> = {}, role = "admin" as const): StoredApiKey => ({
  id: "k1",
  role: "publisher",
  expiresAt: null,
  lastUsedAt: null,
  operator: {
    userId: "u1" as UserId,
    tenantId: "t1" as TenantId,
    role,
    name: "Ada",
    email: "ada@example.org",
  },
  ...over,
});

test("a key without an end acts for its maker in its own role", () => {
  expect(judgeApiKey(keyWith(), NOW)).toEqual({
    kind: "accepted",
    principal: {
      kind: "api-key",
      keyId: "k1",
      userId: "u1",
      tenantId: "t1",
      role: "publisher",
      name: "Ada",
      email: "ada@example.org",
    },
  });
});

test("a key ends at its instant, and says when that was", () => {
  expect(judgeApiKey(keyWith({ expiresAt: NOW + 1 }), NOW).kind).toBe("accepted");
  expect(judgeApiKey(keyWith({ expiresAt: NOW }), NOW)).toEqual({
    kind: "refused",
    detail: "This API key expired at 2026-01-05T12:00:00.000Z. Create another one.",
  });
});

test("no key is refused", () => {
  expect(judgeApiKey(undefined, NOW).kind).toBe("refused");
});

test("of two roles the lower one counts, whichever comes first", () => {
  const pairs = ROLES.flatMap((one, low) => ROLES.slice(low).map((other) => [one, other] as const));
  for (const [low, high] of pairs) {
    expect(lowerRole(low, high)).toBe(low);
    expect(lowerRole(high, low)).toBe(low);
  }
});
