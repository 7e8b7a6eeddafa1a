import { isOfDevices, testScreens } from "./screen-tests.fixture.ts";

await testScreens((name) => !isOfDevices(name));
