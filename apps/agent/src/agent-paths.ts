/** Where everything of one agent is; several agents on one machine have nothing in common but the machine. */
export interface AgentPaths {
  /** State file, downloads, work files, deployment logs: the agent alone writes here. */
  readonly dataDir: string;
  /** Update modules: one executable per payload type (Mender: `/usr/share/mender/modules/v3`). */
  readonly modulesDir: string;
  /** Where an artifact's state scripts wait for their turn; removed after each update. */
  readonly scriptsDir: string;
  /** The device's own state scripts: Idle, Sync, Download (Mender: `/etc/mender/scripts`). */
  readonly rootfsScriptsDir: string;
  /** Executables that say what the device's circumstances are: `busy=yes`, `battery_percent=17`, ... */
  readonly contextDir: string;
  /** Versioned folders of applications: `<appsDir>/<name>/releases/…`. */
  readonly appsDir: string;
  /** Put before the absolute paths that `single-file` and `directory` artifacts name; `/` on a real device. */
  readonly destRoot: string;
}
