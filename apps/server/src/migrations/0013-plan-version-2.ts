import { sql, type Kysely } from "kysely";

const STATEMENTS = [
  `alter table deployment add column waived text`,
  `alter table deployment add column stage_opened_at bigint not null default 0`,
  `update deployment set stage_opened_at = coalesce((
    select max(event.at) from event where event.deployment_id = deployment.id and event.kind = 'stage-advanced'
  ), created_at)`,
  // It says now where each share ends; whoever needs it counts again.
  `update deployment set census = null`,
] as const;

interface Row {
  readonly id: string;
  readonly plan: string;
  readonly waived_failed: number;
  readonly waived_finished: number;
}

interface FirstPlan {
  readonly stages: readonly {
    readonly percent: number;
    readonly advanceAtPercent: number;
    readonly errorStop?: object;
  }[];
  readonly concurrentMax: number;
  readonly attemptsMax: number;
  readonly assignmentTimeoutSeconds: number;
}

/** Plans of version 2, when a stage opened, and which ends an operator let pass. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db);
  const { rows } =
    await sql<Row>`select id, plan, waived_failed, waived_finished from deployment`.execute(db);
  for (const { id, plan, waived_failed, waived_finished } of rows) {
    const text = JSON.stringify(secondPlan(JSON.parse(plan) as FirstPlan));
    const waived = waivedOf(Number(waived_failed), Number(waived_finished));
    await sql`update deployment set plan = ${text}, waived = ${waived} where id = ${id}`.execute(
      db,
    );
  }
  await sql`alter table deployment drop column waived_failed`.execute(db);
  await sql`alter table deployment drop column waived_finished`.execute(db);
}

function secondPlan(first: FirstPlan): object {
  return {
    version: 2,
    stages: first.stages.map(({ percent, advanceAtPercent, errorStop }) => ({
      size: percent === 100 ? { remaining: true } : { percent },
      advance: { successPercent: advanceAtPercent },
      ...(errorStop === undefined ? {} : { errorStop }),
    })),
    limits: { concurrentMax: first.concurrentMax },
    retry: { attemptsMax: first.attemptsMax, backoffSeconds: 0 },
    timeouts: { silenceSeconds: first.assignmentTimeoutSeconds },
  };
}

/** How the failures ended was not kept; no stop of the version before told them apart either. */
function waivedOf(failed: number, finished: number): string | null {
  if (finished === 0) return null;
  const none = { rolledBack: 0, rejected: 0, timedOut: 0, silent: 0 };
  return JSON.stringify({ succeeded: finished - failed, failed, ...none });
}
