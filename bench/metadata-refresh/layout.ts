// Files in a repository's folder that are no metadata by their own name: where a client starts, and what it looks up.
export const PROVISIONED_ROOT = "1.root.json";
export const TARGET_FILE = "target-path";
