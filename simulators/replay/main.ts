import { SimulatorError } from '../errors.ts';
import { createApiClient } from '../provision/api-client.ts';
import { parseReplayOptions, REPLAY_HELP } from './options.ts';
import { readRecording } from './recording.ts';
import { logIn, replay, tell } from './replay.ts';

const SETTLE_MS = 30_000;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<void> {
  const options = parseReplayOptions(process.argv.slice(2), process.env);
  if (options === null) {
    process.stdout.write(REPLAY_HELP);
    return;
  }
  const { api, login, ocppUrl, model } = options;
  const stations = readRecording(options.file);
  const token = 'token' in login ? login.token : await logIn(api, login);
  const report = await replay(
    { now: Date.now, api: createApiClient({ baseUrl: api, token }), say },
    { stations, ocppUrl, model, settleMs: SETTLE_MS },
  );
  process.stdout.write(options.isJson ? `${JSON.stringify(report)}\n` : tell(report));
  process.exitCode = report.isComplete ? 0 : 1;
}

try {
  await main();
} catch (error) {
  say(`replay: ${error instanceof SimulatorError ? error.message : (error as Error).stack}`);
  process.exitCode = 1;
}
