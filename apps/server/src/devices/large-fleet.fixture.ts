import type { GroupId, ProductName } from "@moult/model";
import { sql } from "kysely";
import type { TenantDb } from "../platform/tenant-db.ts";
import { PRODUCT, addProduct } from "./test-fleet.fixture.ts";

export const CAMERA = "camera" as ProductName;
export const LARGE_NOW = 1_000_000_000_000;

/**
 * 100,000 devices, as wide as real ones: one in five a camera, twenty waiting, one in fifty on v1, fifty in the small group
 * and half in the large one, a hundred in an update; nine in ten on time, the rest late, silent or never seen. Each has a
 * name and three attributes: a region of two, a site of a thousand, a serial of its own.
 */
export async function largeFleet(
  db: TenantDb,
): Promise<{ readonly small: GroupId; readonly large: GroupId }> {
  const [small, large] = [1, 2].map(
    (number) => `01990000-0000-7000-9000-${db.tenantId.slice(-11)}${number}` as GroupId,
  ) as [GroupId, GroupId];
  const tenantId = sql.lit(db.tenantId);
  // Ids are a tenant's own, so that two large fleets fit into one database.
  const prefix = sql.lit(`${db.tenantId.slice(0, 8)}-${db.tenantId.slice(9, 13)}-7000-8000-`);
  await addProduct(db);
  await addProduct(db, CAMERA);
  await db.transaction(async (inner) => {
    await sql`
      with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000)
      insert into device (id, tenant_id, product, hardware_type, name, identity, identity_sha256, search_text, sort_name,
        state, draw, credential_epoch, traits, running_artifact, running_provides, generation, decided_epoch, enrolled_at,
        last_seen_at, open_assignment_id)
      select ${prefix} || substr('000000000000' || i, length('' || i) + 1), ${tenantId},
        case when i % 5 = 0 then 'camera' else 'gateway' end, 'gw2', 'Pump ' || (i * 7919 % 100003),
        '{"serial":"SN-' || i || '","mac":"00:11:22:33:' || i || '"}', 'sha' || i,
        'pump ' || (i * 7919 % 100003) || ${"\n"} || 'sn-' || i || ${"\n"} || '00:11:22:33:' || i || ${"\n"} || ${prefix} || i,
        'pump ' || (i * 7919 % 100003), case when i <= 20 then 'pending' else 'accepted' end, i, 0,
        '{"client":"moult-agent/0.1.0","payloadTypes":["rootfs-image","single-file","directory","app","script"],"pathPrefix":"gateway/prod/","canAbort":true,"trust":"end-to-end"}',
        case when i % 50 = 1 then 'v1' else 'v2' end,
        '{"artifact_name":"v2","rootfs-image.version":"v2","rootfs-image.checksum":"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}',
        0, 0, i,
        case when i % 100 < 90 then cast(${LARGE_NOW} as bigint) - i % 170000 when i % 100 < 95 then cast(${LARGE_NOW} as bigint) - 3600000 - i
          when i % 100 < 99 then cast(${LARGE_NOW} as bigint) - 200000000 - i end,
        case when i % 1000 = 7 then ${prefix} || 'open' || i end
      from n`.execute(inner.kysely);
    await sql`insert into device_key (fingerprint, tenant_id, device_id, public_key, state, created_at)
      select 'key of ' || id, tenant_id, id, 'MCowBQYDK2VwAyEA', case when draw <= 20 then 'pending' else 'accepted' end, 0
      from device where tenant_id = ${tenantId}`.execute(inner.kysely);
    for (const [id, name] of [
      [small, "small"],
      [large, "large"],
    ] as const)
      await inner.kysely
        .insertInto("device_group")
        .values({ id, tenant_id: db.tenantId, product: PRODUCT, name, created_at: 0 })
        .execute();
    for (const [id, nth, rest] of [
      [small, 2000, 1],
      [large, 2, 1],
    ] as const)
      await sql`insert into device_group_member (tenant_id, group_id, device_id)
        select tenant_id, ${sql.lit(id)}, id from device
        where tenant_id = ${tenantId} and draw % ${sql.lit(nth)} = ${sql.lit(rest)}`.execute(
        inner.kysely,
      );
    for (const [name, value] of [
      ["region", `case when draw % 2 = 0 then 'eu' else 'us' end`],
      ["site", `'site ' || (draw % 1000)`],
      ["serial", `'SN-' || draw`],
    ] as const)
      await sql`insert into device_attribute (tenant_id, product, device_id, name, value)
        select tenant_id, product, id, ${sql.lit(name)}, ${sql.raw(value)} from device
        where tenant_id = ${tenantId}`.execute(inner.kysely);
  });
  return { small, large };
}
