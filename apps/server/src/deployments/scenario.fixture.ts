import { assert, isoText, later, present, type InstantMs } from "@moult/base";
import {
  FleetEventBody,
  ReleaseVersion,
  type DeploymentId,
  type DeviceId,
  type GroupId,
  type ReleaseId,
  type SafeguardId,
} from "@moult/model";
import { eventSentence, explain, sentenceOfMany, waitKey, type Wait } from "@moult/planner";
import { createDeviceHandlers, recordInventory } from "../devices/index.ts";
import { asOperator } from "../devices/test-fleet.fixture.ts";
import { createGroupHandlers } from "../groups/index.ts";
import { silentLog, TEST_NOW } from "../platform/test-database.fixture.ts";
import type { TenantDb } from "../platform/tenant-db.ts";
import { createSafeguardHandlers } from "../safeguards/index.ts";
import { changeRelease } from "../releases/index.ts";
import { changeDeployment, openNextStage, type DeploymentAction } from "./change-deployment.ts";
import { planningDevice } from "./facts-queries.ts";
import {
  addDevices,
  addProduct,
  addRelease,
  checkIn,
  deploy,
  PRODUCT,
  refreshed,
  report,
} from "./fleet.fixture.ts";
import { loadFacts } from "./load-facts.ts";
import { orderDevice, type DeviceOrder } from "./order-device.ts";
import type { DevicePlan } from "./plan-device.ts";
import { replayChain } from "./replay-chain.ts";
import { reportsOf } from "./scenario-reports.fixture.ts";
import { numbersOf, runCommand, type ScenarioCommand } from "./scenario-script.fixture.ts";
import { showDeployments } from "./show-deployments.ts";
import { verifyChain } from "./verify-chain.ts";
import { createDeploymentTender, type DeploymentTender } from "./tend-deployments.ts";

/** Places are draws, so that devices come in the order of their numbers. */
const SALT = 1;
const TEND_MS = 4 * 60_000;
const UNITS_MS = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const;

interface ScenarioDevice {
  readonly id: DeviceId;
  runs: string;
  offer: Extract<DevicePlan, { kind: "install" }> | null;
}

/** A fleet on a real database, moved by the commands of a scenario. */
export class ScenarioWorld {
  readonly #db: TenantDb;
  readonly #devices: ScenarioDevice[] = [];
  readonly #releases = new Map<string, ReleaseId>();
  readonly #groups = new Map<string, GroupId>();
  readonly #plans = new Map<string, unknown>();
  #tender: DeploymentTender;
  #deploymentId: DeploymentId | null = null;
  #safeguardId: SafeguardId | null = null;
  #now: InstantMs = TEST_NOW;
  #toldUntil = 0;

  private constructor(db: TenantDb) {
    this.#db = db;
    this.#tender = createDeploymentTender({ clock: this.#clock, log: silentLog });
  }

  static async open(db: TenantDb): Promise<ScenarioWorld> {
    await addProduct(db);
    return new ScenarioWorld(db);
  }

  readonly #clock = { now: (): InstantMs => this.#now };

  definePlan(name: string, json: string): void {
    this.#plans.set(name, JSON.parse(json));
  }

  /** What the command answers, and after it what became of deployments. */
  async answer(command: string): Promise<readonly string[]> {
    const answers = await runCommand(this.#commands, command);
    return [...answers, ...(await this.#news())];
  }

  readonly #commands: readonly ScenarioCommand[] = [
    [
      /^devices (?<first>\d+)-(?<last>\d+)(?: with (?<name>[\w.-]+)=(?<value>\S+))?$/u,
      ({ first, last, name, value }) =>
        this.#addDevices(
          Number(first),
          Number(last),
          name === undefined ? null : { [name]: value ?? "" },
        ),
    ],
    [/^release (?<version>\S+)$/u, async ({ version = "" }) => this.#addRelease(version)],
    [
      /^release (?<version>\S+), that must be passed through$/u,
      ({ version = "" }) => this.#addRelease(version, { mustPassThrough: true }),
    ],
    [
      /^release (?<version>\S+), from (?<minimum>\S+) on$/u,
      ({ version = "", minimum = "" }) =>
        this.#addRelease(version, { minimumFrom: ReleaseVersion.parse(minimum) }),
    ],
    [
      /^safeguard (?<version>\S+) where (?<query>.+): (?<note>.+)$/u,
      ({ version = "", query = "", note = "" }) => this.#safeguard(version, query, note),
    ],
    [/^lift the safeguard$/u, () => this.#liftSafeguard()],
    [
      /^hold (?<device>\d+): (?<note>.+)$/u,
      ({ device, note = "" }) => this.#hold(Number(device), note),
    ],
    [/^release device (?<device>\d+)$/u, ({ device }) => this.#release(Number(device))],
    [
      /^group (?<name>\w+): (?<devices>\S+)$/u,
      ({ name = "", devices = "" }) => this.#addGroup(name, devices),
    ],
    [
      /^deploy (?<version>\S+)(?: to (?<group>\w+))?(?: with the plan (?<plan>[a-z-]+))?$/u,
      ({ version = "", group, plan }) => this.#deploy(version, group, plan),
    ],
    [/^(?<devices>\S+) checks? in$/u, ({ devices = "" }) => this.#checkIn(devices)],
    [
      /^(?<devices>\S+) (?<what>succeeds?|fails?|rolls? back|refuses?|installs?)(?: with (?<code>[a-z-]+))?$/u,
      ({ devices = "", what = "", code }) => this.#report(devices, what, code),
    ],
    [
      /^wait (?<count>\d+) (?<unit>s|min|h|d)$/u,
      ({ count, unit }) => this.#wait(Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]),
    ],
    [
      /^the server is down for (?<count>\d+) (?<unit>s|min|h|d)$/u,
      ({ count, unit }) => this.#beDown(Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]),
    ],
    [/^(?<action>pause|resume|abort)$/u, ({ action }) => this.#change(action as DeploymentAction)],
    [/^open the next stage$/u, () => this.#openNextStage()],
    [
      /^(?<order>force|retry|cancel) (?<device>\d+)$/u,
      ({ order, device }) => this.#order(order as DeviceOrder, Number(device)),
    ],
    [/^why (?<device>\d+)$/u, ({ device }) => this.#why(Number(device))],
    [/^show$/u, () => this.#show()],
  ];

  async #addDevices(first: number, last: number, inventory: Record<string, string> | null) {
    assert(first === this.#devices.length + 1, "devices are numbered without gaps");
    const draws = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    for (const id of await addDevices(this.#db, draws)) {
      this.#devices.push({ id, runs: "1.0", offer: null });
      if (inventory !== null)
        await this.#db.transaction((inner) => recordInventory(inner, id, inventory, this.#now));
    }
    return [];
  }

  async #addRelease(
    version: string,
    rules: { readonly mustPassThrough?: boolean; readonly minimumFrom?: ReleaseVersion } = {},
  ) {
    const id = await addRelease(this.#db, version);
    await changeRelease(this.#db, id, rules, "Ada", { clock: this.#clock });
    this.#releases.set(version, id);
    return [];
  }

  async #safeguard(version: string, query: string, note: string) {
    const { createSafeguard } = createSafeguardHandlers({ clock: this.#clock });
    const params = { releaseId: present(this.#releases.get(version), "the release exists") };
    const body = { query, note };
    const made = await createSafeguard(asOperator(this.#db), { params, query: undefined, body });
    this.#safeguardId = made.id;
    return [];
  }

  async #liftSafeguard() {
    const { liftSafeguard } = createSafeguardHandlers({ clock: this.#clock });
    const params = { safeguardId: present(this.#safeguardId, "a safeguard holds") };
    await liftSafeguard(asOperator(this.#db), { params, query: undefined, body: undefined });
    return [];
  }

  #deviceHandlers() {
    const closeOpenAssignment = (): never => {
      throw new Error("no command of scenarios takes a device out of the fleet");
    };
    return createDeviceHandlers({ clock: this.#clock, checkInSeconds: 60, closeOpenAssignment });
  }

  async #hold(number: number, note: string) {
    const { holdDevice } = this.#deviceHandlers();
    const params = { deviceId: this.#device(number).id };
    await holdDevice(asOperator(this.#db), { params, query: undefined, body: { note } });
    return [];
  }

  async #release(number: number) {
    const { releaseDevice } = this.#deviceHandlers();
    const params = { deviceId: this.#device(number).id };
    await releaseDevice(asOperator(this.#db), { params, query: undefined, body: undefined });
    return [];
  }

  async #addGroup(name: string, devices: string) {
    const groups = createGroupHandlers({ clock: this.#clock });
    const operator = asOperator(this.#db);
    const asked = { params: undefined, query: undefined };
    const { id } = await groups.createGroup(operator, {
      ...asked,
      body: { name, product: PRODUCT },
    });
    const deviceIds = this.#numbered(devices).map((device) => device.id);
    await groups.addToGroup(operator, { ...asked, params: { groupId: id }, body: { deviceIds } });
    this.#groups.set(name, id);
    return [];
  }

  async #deploy(version: string, group: string | undefined, plan: string | undefined) {
    const releaseId = present(this.#releases.get(version), `the release ${version} exists`);
    const named =
      plan === undefined ? {} : present(this.#plans.get(plan), `the plan ${plan} exists`);
    const { id } = await deploy(this.#db, releaseId, {
      at: this.#now,
      plan: named as object,
      ...(group === undefined
        ? {}
        : {
            target: {
              kind: "group",
              groupId: present(this.#groups.get(group), "the group exists"),
            },
          }),
    });
    await this.#db.transaction((inner) =>
      inner.kysely.updateTable("deployment").set({ salt: SALT }).where("id", "=", id).execute(),
    );
    this.#deploymentId = id;
    return [];
  }

  async #checkIn(devices: string) {
    const offered = new Map<string, number>();
    const waits = new Map<string, { readonly wait: Wait; count: number }>();
    for (const device of this.#numbered(devices)) {
      const plan = await checkIn(this.#db, device.id, {
        at: this.#now,
        isIdle: device.offer === null,
      });
      device.offer = plan.kind === "install" ? plan : null;
      if (plan.kind === "install") {
        const { artifactName } = plan.offer;
        offered.set(artifactName, (offered.get(artifactName) ?? 0) + 1);
        continue;
      }
      const wait = present(plan.reasons[0], "who waits has a reason");
      const noted = waits.get(waitKey(wait)) ?? { wait, count: 0 };
      noted.count += 1;
      waits.set(waitKey(wait), noted);
    }
    return [
      ...[...offered].map(
        ([version, count]) => `${count} ${count === 1 ? "has" : "have"} the offer of ${version}.`,
      ),
      ...[...waits.values()].map(({ wait, count }) => sentenceOfMany(wait, count)),
    ];
  }

  async #report(devices: string, what: string, code: string | undefined) {
    for (const device of this.#offered(devices)) {
      const { offer } = present(device.offer, "who reports has an offer");
      const verb = what.replace(/s(?= back$|$)/u, "");
      const reports = reportsOf(verb, offer.artifactName, device.runs, code);
      await report(this.#db, device.id, present(device.offer, "it has one"), reports, this.#now);
      if (verb === "install") continue;
      if (verb === "succeed") device.runs = offer.artifactName;
      device.offer = null;
    }
    return [];
  }

  /** In steps, as the server tends: one long step would look like a server that was down. */
  async #wait(ms: number) {
    const end = later(this.#now, ms);
    while (this.#now < end) {
      this.#now = later(this.#now, Math.min(TEND_MS, end - this.#now));
      await this.#tender.tend(this.#db);
    }
    return [];
  }

  async #beDown(ms: number) {
    this.#now = later(this.#now, ms);
    this.#tender = createDeploymentTender({ clock: this.#clock, log: silentLog });
    await this.#tender.tend(this.#db);
    return [];
  }

  async #change(action: DeploymentAction) {
    await changeDeployment(this.#db, this.#deployment, action, "Ada", { clock: this.#clock });
    return [];
  }

  async #openNextStage() {
    const { stage } = await refreshed(this.#db, this.#deployment);
    await openNextStage(this.#db, this.#deployment, stage, "Ada", { clock: this.#clock });
    return [];
  }

  async #order(order: DeviceOrder, number: number) {
    const { id } = this.#device(number);
    await orderDevice(this.#db, this.#deployment, id, order, "Ada", { clock: this.#clock });
    return [];
  }

  async #why(number: number) {
    const device = present(await planningDevice(this.#db, this.#device(number).id), "it exists");
    const facts = await loadFacts(this.#db, device, null, this.#now, "with-others");
    const { summary, reasons, earliest } = explain(facts);
    return [
      summary,
      ...reasons.slice(1).map(({ sentence }) => `  also: ${sentence}`),
      ...(earliest === null ? [] : [`  changes by itself at ${isoText(earliest)}`]),
    ];
  }

  async #show() {
    const record = await refreshed(this.#db, this.#deployment);
    const shown = present((await showDeployments(this.#db, [record]))[0], "a record is shown");
    return [shown.headline, ...(shown.nextStage === null ? [] : [shown.nextStage])];
  }

  /** What the chains of its deployments say that a planner of today decides otherwise, or that is not as it was written. */
  async audit(): Promise<readonly unknown[]> {
    const rows = await this.#db.kysely
      .selectFrom("deployment")
      .select("id")
      .where("tenant_id", "=", this.#db.tenantId)
      .execute();
    const problems: unknown[] = [];
    for (const { id } of rows) {
      const { firstBreak, isMore } = await verifyChain(this.#db, id, 0);
      const replayed = await replayChain(this.#db, id, 0);
      assert(!isMore && !replayed.isMore, "the chain of a scenario is read at once");
      problems.push(...(firstBreak === null ? [] : [firstBreak]), ...replayed.others);
    }
    return problems;
  }

  /** What happened to deployments since the last command; single devices are in what it answered. */
  async #news(): Promise<readonly string[]> {
    const rows = await this.#db.kysely
      .selectFrom("event")
      .leftJoin("deployment", "deployment.id", "event.deployment_id")
      .select(["event.sequence", "event.body", "deployment.name", "deployment.version"])
      .where("event.tenant_id", "=", this.#db.tenantId)
      .where("event.sequence", ">", this.#toldUntil)
      .orderBy("event.sequence")
      .execute();
    this.#toldUntil = rows.at(-1)?.sequence ?? this.#toldUntil;
    return rows.flatMap(({ body, name, version }) => {
      const event = FleetEventBody.parse(JSON.parse(body));
      if (!/^(?:deployment|stage)-/u.test(event.kind)) return [];
      return [
        `→ ${eventSentence(event, { device: null, group: null, deployment: name, version })}`,
      ];
    });
  }

  get #deployment(): DeploymentId {
    return present(this.#deploymentId, "something is deployed");
  }

  #device(number: number): ScenarioDevice {
    return present(this.#devices[number - 1], `the device ${number} exists`);
  }

  #numbered(text: string): readonly ScenarioDevice[] {
    return numbersOf(text, this.#devices.length).map((number) => this.#device(number));
  }

  /** `all`: all that have an offer. */
  #offered(text: string): readonly ScenarioDevice[] {
    const devices = this.#numbered(text);
    return text === "all" ? devices.filter(({ offer }) => offer !== null) : devices;
  }
}
