import { AGENT, TUF, control, never, type Control, type Shortened } from "./control.fixture.ts";
import { METADATA_CONTROLS, STAYING_CONTROLS } from "./metadata-controls.fixture.ts";

const INSTRUCTION = "packages/trust/src/instruction.ts";
const INSTALL = `${TUF}install-refusal.ts`;

/** Bytes of a download are digested as they come, as they are unpacked, and by part; all of that has to go. */
const ANY_BYTES: readonly Shortened[] = [
  [`${AGENT}downloads/create-downloads.ts`, "part.sha256() === wanted.sha256", "true"],
  [
    `${AGENT}update-runner/open-artifact.ts`,
    "wanted.sizeBytes !== sizeBytes || wanted.sha256 !== sha256",
    "false",
  ],
];
const ANY_PARTS: readonly Shortened[] = [
  [`${AGENT}update-runner/signed-parts.ts`, "head.sha256 !== custom.headSha256", "false"],
  [
    `${AGENT}update-runner/signed-parts.ts`,
    "JSON.stringify(head.payloads.map(promise)) !== JSON.stringify(custom.payloads.map(promise))",
    "false",
  ],
  [
    `${AGENT}update-runner/signed-parts.ts`,
    "signed?.sha256 !== file.sha256 || signed.sizeBytes !== file.sizeBytes",
    "false",
  ],
];

const INSTRUCTIONS: readonly Control[] = [
  control("signature-invalid", "instruction-by-another-key", [
    [
      "packages/trust/src/dsse.ts",
      "if (crypto.verify(key.scheme, key.publicKey, signed, signature))",
      "if (signature.length > 0)",
    ],
  ]),
  control("wrong-nonce", "instruction-held-back", [
    never(INSTRUCTION, "instruction.nonce !== policy.nonce", 'return "wrong-nonce"'),
  ]),
  control("other-device", "instruction-for-another-device", [
    never(INSTRUCTION, "instruction.deviceId !== policy.deviceId", 'return "other-device"'),
  ]),
  control("other-tenant", "instruction-of-another-tenant", [
    never(INSTRUCTION, "instruction.tenantId !== policy.tenantId", 'return "other-tenant"'),
  ]),
  control("generation-not-newer", "instruction-of-an-old-generation", [
    never(
      INSTRUCTION,
      "instruction.generation <= policy.generation",
      'return "generation-not-newer"',
    ),
  ]),
  control("lifetime-invalid", "instruction-for-ten-years", [
    [INSTRUCTION, "lifetimeMs > INSTRUCTION_LIFETIME_MS_MAX", "false"],
  ]),
  control("wrong-payload-type", "instruction-under-another-name", [
    ["packages/trust/src/dsse.ts", "envelope.payloadType !== payloadType", "false"],
  ]),
  control("outside-path-prefix", "instruction-outside-the-prefix", [
    [
      INSTRUCTION,
      'if (prefix === "" || !prefix.endsWith("/") || !path.startsWith(prefix)) return false;',
      "if (prefix !== path) return true;",
    ],
  ]),
  control("instruction-key-revoked", "instruction-by-a-key-being-revoked", [
    [
      `${AGENT}trust/admission.ts`,
      "!trust.instructionKeys().some((key) => keySha256(key) === signedBy)",
      'signedBy.length === 0 && keySha256(trust.instructionKeys()[0]!) === ""',
    ],
  ]),
  control("tls-failed", "server-with-another-certificate", [
    [
      `${AGENT}server-link/http-client.ts`,
      'minVersion: "TLSv1.2",',
      'minVersion: "TLSv1.2", rejectUnauthorized: false,',
    ],
  ]),
  control(
    "reply-too-large",
    "instruction-without-end",
    [
      [
        `${AGENT}server-link/http-client.ts`,
        "sizeBytes > bytesMax",
        "sizeBytes > bytesMax * 1_000_000",
      ],
    ],
    "unrefused",
  ),
  control(
    "request-timed-out",
    "instruction-drop-by-drop",
    [
      [
        `${AGENT}server-link/http-client.ts`,
        "    options.timeoutMs,\n",
        "    options.timeoutMs * 1_000,\n",
      ],
    ],
    "unrefused",
  ),
];

const SOFTWARE: readonly Control[] = [
  control("target-not-signed", "software-that-nobody-signed", [
    [
      `${AGENT}trust/admission.ts`,
      'if (found.kind === "not-found")\n',
      'if (found.kind === "not-found") return null as never;\n  if (found.kind === ("never" as string))\n',
    ],
  ]),
  control("threshold-not-met", "role-signed-with-online-keys", [
    [
      `${TUF}signed-file.ts`,
      "if (signed.size >= role.threshold) return true;\n  }\n  return false;",
      "}\n  return true;",
    ],
  ]),
  control("threshold-not-met: as many as the threshold", "role-by-one-stolen-key", [
    [`${TUF}signed-file.ts`, "signed.size >= role.threshold", "signed.size >= 1"],
  ]),
  control("threshold-not-met: by different keys", "one-key-under-two-names", [
    [`${TUF}signed-file.ts`, "signed.add(hex(publicKey))", "signed.add(keyid)"],
  ]),
  control("threshold-not-met: of the stored role too", "role-of-another-delegator", [
    [
      `${TUF}bring-role.ts`,
      "storedTrust.verified(role, schema, signers)",
      "storedTrust.verifiedByAnybody(role, schema)",
    ],
    [
      `${TUF}stored-trust.ts`,
      "  async keep(role: string",
      `  async verifiedByAnybody<Schema extends z.ZodType>(role: string, schema: Schema) {
    const bytes = await this.#store.read(fileNameOf(role));
    if (bytes === undefined) return undefined;
    const signed = JSON.parse(new TextDecoder().decode(bytes)).signed;
    return { kind: "verified" as const, metadata: schema.parse(signed), bytes };
  }

  async keep(role: string`,
    ],
  ]),
  control(
    "duplicate-signature",
    "role-by-one-stolen-key-twice",
    [[`${TUF}signed-file.ts`, "signatureByKeyid.size !== signatures.data.length", "false"]],
    { heldBy: "threshold-not-met" },
  ),
  control("digest-mismatch: of all bytes", "other-bytes-than-instructed", [
    ...ANY_BYTES,
    ...ANY_PARTS,
  ]),
  control("digest-mismatch: of the head", "head-other-than-signed", ANY_PARTS.slice(0, 1)),
  control(
    "digest-mismatch: of the payload files",
    "payload-files-other-than-signed",
    ANY_PARTS.slice(1),
  ),
  control("other-digest", "digest-other-than-signed", [
    never(INSTALL, 'component.sha256 !== target.hashes["sha256"]', 'return "other-digest"'),
    ...ANY_PARTS,
  ]),
  control("other-length", "length-other-than-signed", [
    never(INSTALL, "component.sizeBytes !== target.length", 'return "other-length"'),
    never(INSTALL, 'component.sha256 !== target.hashes["sha256"]', 'return "other-digest"'),
    ...ANY_PARTS,
  ]),
  control(
    "download-refused",
    "download-without-end",
    [
      [
        `${AGENT}downloads/fetch-rest.ts`,
        "part.sizeBytes + chunk.length > wanted.sizeBytes",
        "false",
      ],
    ],
    "unrefused",
  ),
  control(
    "download-slow",
    "download-drop-by-drop",
    [[`${AGENT}downloads/fetch-rest.ts`, "bytes < bytesMin", "false"]],
    "unrefused",
  ),
];

const CONDITIONS: readonly Control[] = [
  control("wrong-hardware", "release-for-other-hardware", [
    never(
      INSTALL,
      "!custom.hardwareTypes.includes(device.hardwareType)",
      'return "wrong-hardware"',
    ),
  ]),
  control("security-counter-too-low", "release-with-a-lower-security-counter", [
    never(
      INSTALL,
      "custom.securityCounter < device.securityCounter",
      'return "security-counter-too-low"',
    ),
  ]),
  control("security-counter-too-low: the second copy", "security-counter-after-lost-data", [
    [`${AGENT}trust/security-counter.ts`, "[dataDir, bootStateDir].map", "[dataDir, dataDir].map"],
  ]),
  control("requirement-not-met", "release-that-requires-another", [
    never(
      INSTALL,
      "!areRequirementsMet(custom.requires, device.provides)",
      'return "requirement-not-met"',
    ),
  ]),
  control("conflict", "release-that-conflicts", [
    never(INSTALL, "hasConflict(custom.conflicts, device.provides)", 'return "conflict"'),
  ]),
  control("agent-too-old", "release-for-a-newer-agent", [
    [INSTALL, "!isVersionAtLeast(device.agentVersion, custom.minAgent)", "false"],
  ]),
  control("too-early", "release-before-its-time", [
    [INSTALL, "!hasCome(custom.notBefore, device.now)", "false"],
  ]),
  control("other-component", "release-for-another-component", [
    never(INSTRUCTION, "name !== COMPONENT", 'return "other-component"'),
  ]),
  control("custom-malformed", "release-without-conditions", [
    [
      `${AGENT}trust/admission.ts`,
      "if (rule !== undefined) throw refusal(",
      'if (rule === "custom-malformed") return null as never;\n  if (rule !== undefined) throw refusal(',
    ],
  ]),
  control("artifact-name-mismatch", "release-by-another-name", [
    [
      `${AGENT}update-runner/open-artifact.ts`,
      "head.artifactName !== update.artifactName",
      "false",
    ],
  ]),
];

export const CONTROLS: readonly Control[] = [
  ...INSTRUCTIONS,
  ...SOFTWARE,
  ...CONDITIONS,
  ...METADATA_CONTROLS,
  ...STAYING_CONTROLS.map((each) => ({ ...each, isSlow: true })),
];
