import { InstallError } from "./install-error.ts";
import { QUIET_STATES, type Installer } from "./installer.ts";

/** For artifacts without a payload: they change what the device provides, and nothing else. */
export const noPayloadInstaller: Installer = {
  ...QUIET_STATES,
  unpack: async (files) => {
    for await (const { name } of files)
      throw new InstallError(
        "artifact-invalid",
        `an artifact without a payload holds the file ${name}`,
      );
  },
  supportsRollback: () => Promise.resolve(true),
  install: () => Promise.resolve(),
  rollBack: () => Promise.resolve(),
  cleanUp: () => Promise.resolve(),
};
