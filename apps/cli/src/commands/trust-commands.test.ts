import {
  copyFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runMoult, signedInTo, type CliOptions, type CliRun } from "../cli.fixture.ts";
import { newOnlineKey, startTrustServer, type TrustServer } from "../trust-server.fixture.ts";

const PASSPHRASE = "correct horse battery";
let folder = "";
let server: TrustServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "moult-trust-"));
  server = await startTrustServer();
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** A person's own machine, signed in to the server. */
const machine =
  (name: string) =>
  (line: string, options: CliOptions = {}): Promise<CliRun> =>
    runMoult(
      [...line.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? ""),
      {
        environment: {
          ...signedInTo(server, join(folder, name)),
          MOULT_TRUST_PASSPHRASE: PASSPHRASE,
        },
        ...options,
      },
    );
const ada = machine("ada");
const ben = machine("ben");
const trustFolder = (name: string): string =>
  join(folder, name, "moult/trust", new URL(server.url).host.replace(":", "_"));

const ok = async (running: Promise<CliRun>): Promise<string> => {
  const run = await running;
  expect(run.err.concat(run.code === 0 ? "" : " FAILED")).not.toContain("FAILED");
  return run.out;
};
const json = async <Reply>(running: Promise<CliRun>): Promise<Reply> =>
  JSON.parse(await ok(running)) as Reply;
const initialised = (): Promise<string> =>
  ok(ada("trust init --development --product gw2 --product gw2/dev --yes"));

async function artifact(name = "1.4.0", depends = ""): Promise<string> {
  const path = join(folder, `${name}.mender`);
  const content = join(folder, "content");
  copyFileSync(import.meta.filename, content);
  await ok(
    ada(
      `artifact create --type single-file --dest-dir /opt --name ${name} --hardware-type board --out ${path} ${depends} ${content}`,
    ),
  );
  return path;
}

describe("a root of trust", () => {
  test("is made with three root keys of which two must sign, and keys for CI and a person", async () => {
    const out = await ok(ada("trust init --product gw2 --yes"));

    expect(out).toContain("+ root needs 2 of 3 keys");
    expect(out).toContain("+ gw2.prod needs 2 of 2 keys");
    expect(out).toContain("Published root, targets, gw2.prod.");
    const keys = readdirSync(join(trustFolder("ada"), "keys")).sort();
    expect(keys).toEqual(
      ["gw2.prod-ci", "gw2.prod-person", "root-1", "root-2", "root-3", "targets"].map(
        (name) => `${name}.key.json`,
      ),
    );
    for (const key of keys) {
      const path = join(trustFolder("ada"), "keys", key);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(readFileSync(path, "utf8")).not.toContain("PRIVATE");
    }
    const list = readFileSync(join(trustFolder("ada"), "keys.json"), "utf8");
    expect(list).not.toContain(PASSPHRASE);
  });

  test("names the server's own keys, which sign what is online", async () => {
    await initialised();

    const status = await json<{
      roles: { name: string; keys: string[]; threshold: number }[];
      findings: unknown[];
    }>(ada("trust status --json"));

    const of = (name: string) => status.roles.find((role) => role.name === name)?.keys;
    expect(of("timestamp")).toEqual([server.online.timestamp.keyid.slice(0, 16)]);
    expect(of("instruction")).toEqual([server.online.instruction.keyid.slice(0, 16)]);
    expect(of("root")).toEqual(["root-1", "root-2"]);
    expect(status.roles.map(({ name }) => name)).toContain("gw2.dev");
  });

  test("is made once: not again here, and not over another's on the server", async () => {
    await initialised();
    expect((await ada("trust init --yes")).code).toBe(1);
    const { code, err } = await ben("trust init --yes");
    expect(code).toBe(1);
    expect(err).toContain("has a root of trust already");
  });

  test("that was cut after it was signed is the one that a second run publishes", async () => {
    server.isSignerAway = true;
    const cut = await ada("trust init --development --yes");
    expect(cut.err).toContain("signer-unavailable");
    const keys = readdirSync(join(trustFolder("ada"), "keys"));
    server.isSignerAway = false;

    const out = await ok(ada("trust init --development --yes"));

    expect(out).toContain("Published root, targets.");
    expect(readdirSync(join(trustFolder("ada"), "keys"))).toEqual(keys);
    expect(await ok(ada("trust status"))).toContain("root-1, root-2");
  });

  test("is taken over by its digest alone", async () => {
    const out = await initialised();
    const digest = /SHA-256 of the first root: (\w+)/.exec(out)?.[1] ?? "";

    expect(await ok(ben(`trust join --root-sha256 ${digest}`))).toContain("version 1");
    expect(await ok(ben("trust status"))).toContain("gw2.prod");
    const { code, err } = await machine("eve")(`trust join --root-sha256 ${"ab".repeat(32)}`);
    expect(code).toBe(1);
    expect(err).toContain("no root with this digest");
  });

  test("is missing on a machine that has none, and the command line says what to do", async () => {
    await initialised();
    const { code, err } = await ben("trust status");
    expect(code).toBe(1);
    expect(err).toContain("moult trust join");
  });
});

describe("a release", () => {
  test("is signed from the file itself, and published when all have signed", async () => {
    await initialised();
    const file = await artifact("1.4.0", "--depends bootloader=2");

    const out = await ok(
      ada(
        `trust propose --product gw2 ${file} --security-counter 3 --conflicts modem=1 --min-agent 0.1.0 --sign --yes`,
      ),
    );

    expect(out).toContain("version 1.4.0; for board; security counter 3");
    expect(out).toContain("requires bootloader 2; conflicts with modem 1; agent 0.1.0 or newer");
    expect(out).toContain("Published: gw2.prod.");
    const { targets } = server.published("gw2.prod").signed as {
      targets: Record<string, { length: number; custom: { moult: { payloads: unknown[] } } }>;
    };
    const [[path, target] = ["", undefined]] = Object.entries(targets);
    expect(path).toMatch(/^gw2\/prod\/1\.4\.0\/[0-9a-f]{64}\.mender$/);
    expect(target?.length).toBe(statSync(file).size);
    expect(target?.custom.moult.payloads).toHaveLength(1);
  });

  test("has the highest counter of its channel unless told, and is not proposed twice", async () => {
    await initialised();
    const first = await artifact("1.0.0");
    const second = await artifact("1.1.0");
    await ok(ada(`trust propose --product gw2 ${first} --security-counter 5 --sign --yes`));
    expect(await ok(ada(`trust propose --product gw2 ${second} --sign --yes`))).toContain(
      "security counter 5",
    );
    const again = await ada(`trust propose --product gw2 ${second} --sign --yes`);
    expect(again.err).toContain("it is signed already");
    expect(server.proposals).toHaveLength(3);
  });

  test("needs CI's key and a person's, each on a machine of its own", async () => {
    const digest = /SHA-256 of the first root: (\w+)/.exec(
      await ok(ada("trust init --product gw2/dev --yes")),
    )?.[1];
    await ok(ben(`trust join --root-sha256 ${digest ?? ""}`));
    const made = await json<{ keyval: { public: string } }>(ben("trust key create ben --json"));
    expect(made.keyval.public).toHaveLength(64);
    const pem = join(folder, "ben.pem");
    writeFileSync(pem, (await ok(ben("trust key list --pem"))).replace(/^#.*\n/, ""));
    await ok(ada(`trust key add ben --public-key ${pem}`));
    await ok(ada("trust key create ci"));
    const created = await json<{ proposalId: string; published: boolean }>(
      ada("trust role create gw2/prod --member ci --member ben --sign --yes --json"),
    );
    expect(created.published).toBe(false);
    await ok(ben(`trust sign ${created.proposalId} --publish --yes`));

    const file = await artifact();
    const proposed = await json<{ proposalId: string; files: { missing: string[] }[] }>(
      ada(`trust propose --product gw2 ${file} --sign --yes --json`),
    );
    expect(proposed.files[0]?.missing).toEqual(["ben"]);
    const early = await ada(`trust publish ${proposed.proposalId}`);
    expect(early.err).toContain("too few signatures; these keys could give more: ben");

    expect(await ok(ben("trust status"))).toContain(proposed.proposalId);
    expect(await ok(ben("trust diff"))).toContain("version 1.4.0");
    expect(await ok(ben(`trust sign ${proposed.proposalId} --yes`))).toContain(
      "has all signatures",
    );
    const beginning = proposed.proposalId.slice(0, 8);
    expect(await ok(ben(`trust publish ${beginning}`))).toBe("Published: gw2.prod.");
    expect((await ben("trust sign --yes")).err).toContain("There is no open proposal");
    expect(await ok(ada("trust status --targets"))).toContain("gw2/prod/1.4.0/");
  });

  test("that was revoked is off the list, and the others stay", async () => {
    await initialised();
    for (const name of ["1.0.0", "1.1.0"])
      await ok(ada(`trust propose --product gw2 ${await artifact(name)} --sign --yes`));

    const out = await ok(ada("trust revoke release gw2/1.0.0 --sign --yes"));

    expect(out).toMatch(/^ {2}- gw2\/prod\/1\.0\.0\//m);
    const left = await ok(ada("trust status --targets"));
    expect(left).toContain("gw2/prod/1.1.0/");
    expect(left).not.toContain("gw2/prod/1.0.0/");
    expect((await ada("trust revoke release gw2/1.0.0 --sign --yes")).err).toContain(
      "does not list",
    );
  });

  test("of a channel that nobody may sign is refused with the way to it", async () => {
    await initialised();
    const { code, err } = await ada(`trust propose --product gw9 ${await artifact()} --sign --yes`);
    expect(code).toBe(1);
    expect(err).toContain("moult trust role create");
  });
});

describe("keys", () => {
  test("of root are exchanged by those before and those after", async () => {
    await initialised();
    await ok(ada("trust key create root-3"));
    const out = await ok(ada("trust rotate root --add root-3 --remove root-1 --sign --yes"));
    expect(out).toContain("Published: root.");
    const { signatures } = server.published("root");
    expect(signatures).toHaveLength(3);
    expect(await ok(ada("trust status"))).toContain("root-2, root-3");
  });

  test("of root that is not here leaves the proposal open, and says whose signature is missing", async () => {
    await initialised();
    await ok(ada("trust key create root-3"));
    rmSync(join(trustFolder("ada"), "keys/root-2.key.json"));
    const { out, err } = await ada("trust rotate root --add root-3 --sign --yes");
    expect(err).toContain("The key root-2 is not here");
    expect(out).toContain("root: of root-2");
  });

  test("of a channel that was stolen is out, and what it had signed is signed anew", async () => {
    await initialised();
    await ok(ada(`trust propose --product gw2 ${await artifact()} --sign --yes`));
    await ok(ada("trust key create ci-2"));

    const out = await ok(ada("trust revoke key gw2.prod-ci --replacement ci-2 --sign --yes"));

    expect(out).toContain("Published: targets, gw2.prod.");
    expect(await ok(ada("trust status --targets"))).toContain("gw2/prod/1.4.0/");
    const { signatures } = server.published("gw2.prod");
    expect(signatures).toHaveLength(1);
  });

  test("that would leave too few to sign are not taken out", async () => {
    await initialised();
    const { code, err } = await ada("trust revoke key root-1 --sign --yes");
    expect(code).toBe(2);
    expect(err).toContain("root would have 1 keys, and 2 must sign");
  });

  test("of the server that are new are taken into root, and devices follow", async () => {
    await initialised();
    server.online = {
      snapshot: newOnlineKey(),
      timestamp: newOnlineKey(),
      instruction: newOnlineKey(),
    };
    expect(await ok(ada("trust status"))).toContain("moult trust rotate online");
    await ok(ada("trust rotate online --sign --yes"));
    await ok(ada("trust rotate instruction --keep-old --sign --yes"));
    const both = await json<{ roles: { name: string; keys: string[] }[] }>(
      ada("trust status --json"),
    );
    expect(both.roles.find(({ name }) => name === "instruction")?.keys).toHaveLength(2);
    await ok(ada("trust rotate instruction --sign --yes"));
    expect((await ada("trust rotate instruction --sign --yes")).err).toContain(
      "Nothing to propose",
    );
    expect(await ok(ada("trust status"))).not.toContain("moult trust rotate");
  });

  test("are renewed as they are", async () => {
    await initialised();
    const out = await ok(
      ada("trust propose --renew root --renew targets --renew gw2.prod --sign --yes"),
    );
    expect(out).toContain("Published: root, targets, gw2.prod.");
  });

  test("have one name each, and names no other key", async () => {
    await ok(ada("trust key create ci --type ecdsa"));
    expect((await ada("trust key create ci")).err).toContain("There is a");
    const path = join(trustFolder("ada"), "keys/ci.key.json");
    expect((await ada(`trust key add other file:${path}`)).err).toContain("This is the key ci");
    expect((await ada("trust key add nobody")).code).toBe(2);
    expect(await ok(ada("trust key list"))).toContain("ecdsa-sha2-nistp256");
  });

  test("are found again when their folder was moved, to CI for example", async () => {
    await initialised();
    const moved = join(folder, "ci-trust");
    cpSync(trustFolder("ada"), moved, { recursive: true });
    rmSync(trustFolder("ada"), { recursive: true });
    const environment = {
      ...signedInTo(server, join(folder, "ci")),
      MOULT_TRUST_PASSPHRASE: PASSPHRASE,
      MOULT_TRUST_FOLDER: moved,
    };
    const file = await artifact();
    const out = await ok(ada(`trust propose --product gw2 ${file} --sign --yes`, { environment }));
    expect(out).toContain("Published: gw2.prod.");
  });

  test("open with their passphrase alone", async () => {
    await initialised();
    const environment = {
      ...signedInTo(server, join(folder, "ada")),
      MOULT_TRUST_PASSPHRASE: "another passphrase",
    };
    const file = await artifact();
    const { code, err } = await ada(`trust propose --product gw2 ${file} --sign --yes`, {
      environment,
    });
    expect(code).toBe(1);
    expect(err).toContain("The passphrase does not open the key gw2.prod-ci");
    expect(server.proposals).toHaveLength(1);
  });
});

describe("a server that lies", () => {
  test("about what a proposal changes is not asked: the change is derived here", async () => {
    await initialised();
    const file = await artifact();
    await ok(ada(`trust propose --product gw2 ${file} --note 'only a typo'`));
    const [, proposal] = server.proposals;
    const [proposed] = proposal?.files ?? [];
    const signed = proposed?.metadata.signed as { targets: Record<string, unknown> };
    signed.targets[`gw2/prod/6.6.6/${"66".repeat(32)}.mender`] = Object.values(signed.targets)[0];

    const out = await ok(ada(`trust diff ${proposal?.id ?? ""}`));

    expect(out).toContain("+ gw2/prod/6.6.6/");
  });

  test("with a root of its own gets no signature", async () => {
    await initialised();
    await server.close();
    server = await startTrustServer();
    await ok(machine("eve")("trust init --development --product gw2 --yes"));
    const environment = {
      ...signedInTo(server, join(folder, "ada")),
      MOULT_TRUST_PASSPHRASE: PASSPHRASE,
      MOULT_TRUST_FOLDER: trustFolderNotOf("ada", server.url),
    };
    const { code, err } = await ada("trust status", { environment });
    expect(code).toBe(1);
    expect(err).toContain("does not follow from your root of trust");
  });

  test("with a role of an earlier time gets no signature", async () => {
    await initialised();
    const before = new Map(server.files);
    await ok(ada(`trust propose --product gw2 ${await artifact()} --sign --yes`));
    for (const [name, bytes] of before) server.files.set(name, bytes);

    const { code, err } = await ada("trust status");

    expect(code).toBe(1);
    expect(err).toContain("version-rollback");
  });
});

/** The one trust folder of a person that is of another server. */
const trustFolderNotOf = (name: string, url: string): string => {
  const all = join(folder, name, "moult/trust");
  const other = readdirSync(all).find((each) => each !== new URL(url).host.replace(":", "_"));
  return join(all, other ?? "");
};

test("nothing is signed before somebody said yes to what was shown", async () => {
  await initialised();
  const file = await artifact();
  const refused = await ada(`trust propose --product gw2 ${file} --sign`, { answers: ["n"] });
  expect(refused.code).toBe(1);
  expect(refused.out).toContain("version 1.4.0");
  expect(server.proposals).toHaveLength(1);
  const agreed = await ada(`trust propose --product gw2 ${file} --sign`, { answers: ["y"] });
  expect(agreed.code).toBe(0);
});
