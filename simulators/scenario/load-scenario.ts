import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf, simulatorError } from '../errors.ts';
import { parseScenario, type Scenario } from './scenario.ts';

const SHIPPED = new URL('../scenarios/', import.meta.url);

/** Reads a scenario: a name that ships, or a path to a JSON file. */
export function loadScenario(nameOrPath: string): Scenario {
  const isName = /^[a-z0-9-]+$/.test(nameOrPath);
  const text = read(nameOrPath, isName);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw simulatorError(
      'SIMULATOR_SCENARIO_INVALID',
      `scenario ${nameOrPath} is not JSON: ${reasonOf(cause)}`,
      cause,
    );
  }
  return parseScenario(nameOrPath, content);
}

function read(nameOrPath: string, isName: boolean): string {
  const path = isName ? new URL(`${nameOrPath}.json`, SHIPPED) : resolve(nameOrPath);
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const shipped = readdirSync(SHIPPED).map((file) => file.replace(/\.json$/, ''));
    throw simulatorError(
      'SIMULATOR_SCENARIO_MISSING',
      `no scenario ${nameOrPath}: give the path of a JSON file, or one of ${shipped.join(', ')}`,
      cause,
    );
  }
}
