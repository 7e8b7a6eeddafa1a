/** Equal to the version in package.json; a test holds them together. */
export const AGENT_VERSION = "0.1.0";

/** How the agent names itself to its server and in User-Agent. */
export const AGENT_NAME = `moult-agent/${AGENT_VERSION}`;
