import { isOfDevices, testScreens } from "./screen-tests.fixture.ts";

await testScreens(isOfDevices);
