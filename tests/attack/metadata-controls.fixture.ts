import { AGENT, TUF, control, type Control } from "./control.fixture.ts";

export const METADATA_CONTROLS: readonly Control[] = [
  control("version-rollback: of the role", "role-of-before", [
    [`${TUF}rollback.ts`, "if (after < before)", "if (after < 0)"],
  ]),
  control(
    "version-rollback: of the timestamp",
    "timestamp-of-before",
    [
      [
        `${TUF}rollback.ts`,
        '  if (offered.version < stored.version)\n    return failed("version-rollback", `Version ${offered.version} came after ${stored.version}.`);\n  const after',
        "  const after",
      ],
    ],
    { heldBy: "version-rollback" },
  ),
  control("version-mismatch", "role-of-before-under-the-new-version", [
    [`${TUF}bring-role.ts`, "if (version !== entry.version)", "if (version < 0)"],
  ]),
  control("role-removed", "role-taken-out-of-the-snapshot", [
    [
      `${TUF}rollback.ts`,
      "if (after === undefined) return",
      "if (after === undefined) continue;\n    if (after < 0) return",
    ],
  ]),
  control("role-not-in-snapshot", "role-never-in-the-snapshot", [
    [
      `${TUF}open-trust.ts`,
      "const entry = Object.hasOwn(snapshot.meta, name) ? snapshot.meta[name] : undefined;",
      "const entry = snapshot.meta[name] ?? { version: 3 };",
    ],
  ]),
  control("content-changed", "role-with-other-content-than-before", [
    [
      `${TUF}bring-role.ts`,
      "version === stored.metadata.version && !equalBytes(bytes, stored.bytes)",
      "false",
    ],
  ]),
  control("expired", "role-past-its-end", [
    [`${TUF}open-trust.ts`, "return expiryOf(metadata) > now\n", "return expiryOf(metadata) > 0\n"],
  ]),
  control("expired: by a clock that never goes back", "clock-turned-back", [
    [`${AGENT}daemon/open-device-trust.ts`, "now > floorNow ? now : floorNow", "now"],
  ]),
  control("root-not-next", "root-that-skips-one", [
    [`${TUF}root-chain.ts`, "version !== trusted.metadata.version + 1", "version < 0"],
  ]),
  control("threshold-not-met: by the keys of the root before", "root-by-the-attacker", [
    [
      `${TUF}root-chain.ts`,
      "if (!isSignedBy(file, before, crypto)) return thresholdNotMet(before);",
      "",
    ],
  ]),
  control(
    "provisioning-invalid",
    "anchor-without-signatures",
    [
      [
        `${AGENT}identity/read-provisioning.ts`,
        'if (inspected.kind === "unusable") throw invalid([`root: ${inspected.reason}`]);',
        'if (inspected.kind === "unusable") return { provisioning, root, rootVersion: 1 };',
      ],
    ],
    { heldBy: "signature-invalid" },
  ),
  control("metadata-invalid", "type-of-another-role", [
    [`${TUF}metadata.ts`, '_type: z.literal("timestamp")', "_type: z.string()"],
  ]),
  control("json-invalid", "name-given-twice", [[`${TUF}strict-json.ts`, " || name in object", ""]]),
  control("hash-unknown", "hash-md5", [
    [`${TUF}file-entry.ts`, "return unknown === undefined\n", 'return unknown !== ""\n'],
  ]),
  control("hash-mismatch", "hash-other", [
    [`${TUF}file-entry.ts`, "hex(crypto[algorithm](bytes)) !== expected", "false"],
  ]),
  control("length-mismatch", "length-other", [
    [`${TUF}file-entry.ts`, "entry.length !== bytes.length", "false"],
  ]),
  control("file-too-large", "length-huge", [
    [`${TUF}bring-role.ts`, "entry.length > bytesMax", "false"],
    [`${TUF}file-entry.ts`, "entry.length !== bytes.length", "false"],
  ]),
];

/** Against freezes and denials. */
export const STAYING_CONTROLS: readonly Control[] = [
  control("instruction-not-fresh", "nothing-new-for-ever", [
    [`${AGENT}daemon/held-instruction.ts`, "nowMs < held.atMs + held.lifetimeMs", "nowMs > 0"],
  ]),
  control("expired: said by the device", "old-metadata-played-back", [
    [`${TUF}open-trust.ts`, "return expiryOf(metadata) > now\n", "return expiryOf(metadata) > 0\n"],
  ]),
  control("reset-by-new-online-keys", "versions-run-ahead", [
    [
      `${TUF}root-chain.ts`,
      "(role) => materialOf(before, role) !== materialOf(after, role)",
      '(role) => materialOf(before, role) === "" && materialOf(after, role) === "x"',
    ],
    // What is stored counts only if the present keys signed it, which alone would do.
    [
      `${TUF}stored-trust.ts`,
      "const stored = verifyFile(bytes, schema, signers, this.#crypto);",
      `const signed = JSON.parse(new TextDecoder().decode(bytes)).signed;
    const stored = { kind: "verified" as const, metadata: schema.parse(signed), bytes };`,
    ],
  ]),
  control("reset-by-new-instruction-key", "generation-run-ahead", [
    [
      `${AGENT}server-link/check-in.ts`,
      "if (by === null) return generation;",
      "if (by !== undefined) return generation;",
    ],
  ]),
  control("out-of-reach", "metadata-out-of-reach", [
    [`${AGENT}trust/device-trust.ts`, "!isReached && !isCurrent(trust.state(), clock)", "false"],
  ]),
  control("bounded-time-jump", "clock-pushed-forward", [
    [
      `${AGENT}clock/time-floor.ts`,
      "issuedAt < ceiling ? issuedAt : ceiling",
      "issuedAt > ceiling ? issuedAt : ceiling",
    ],
  ]),
  control("store-read-with-suspicion", "store-cut-in-half", [
    [
      `${TUF}stored-trust.ts`,
      'return stored.kind === "verified" ? stored : undefined;',
      'if (stored.kind === "verified") return stored;\n    throw new Error(stored.rule);',
    ],
  ]),
];
