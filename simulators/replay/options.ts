import { parseArgs } from 'node:util';
import { reasonOf, SimulatorError } from '../errors.ts';

export interface ReplayOptions {
  readonly file: string;
  readonly api: string;
  readonly ocppUrl: string;
  readonly model: string;
  readonly login: { readonly token: string } | { readonly username: string; readonly password: string };
  readonly isJson: boolean;
}

export const REPLAY_HELP = `Plays recorded OCPP 1.6 stations against a running gateway and looks whether all of it is found afterwards.

  npm run replay -- FILE --token TOKEN
  npm run replay -- FILE --user admin --password SECRET --json

  --api URL        the service, default http://127.0.0.1:8080
  --ocpp-url URL   its OCPP server, default ws://127.0.0.1:9000/ocpp
  --token TOKEN    of a user who may register devices, default AFTERCARE_TOKEN of the environment; or
  --user NAME --password SECRET, default admin and ADMIN_PASSWORD of the environment
  --model ID       model of stations that are not registered, default dc-pile-generic
  --json           one line of JSON on standard output
  --help           this text
`;

const OPTIONS = {
  api: { type: 'string', default: 'http://127.0.0.1:8080' },
  'ocpp-url': { type: 'string', default: 'ws://127.0.0.1:9000/ocpp' },
  token: { type: 'string' },
  user: { type: 'string' },
  password: { type: 'string' },
  model: { type: 'string', default: 'dc-pile-generic' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Variables = Readonly<Record<string, string | undefined>>;

/** Reads the command line; null asks for help. SIMULATOR_OPTION_INVALID says what is wrong. */
export function parseReplayOptions(args: readonly string[], env: Variables = {}): ReplayOptions | null {
  const { values, positionals } = parsed(args);
  if (values.help) return null;
  const [file, ...others] = positionals;
  if (file === undefined || others.length > 0) throw invalid('name one recording: see --help');
  return {
    file,
    api: urlOf('--api', values.api, ['http:', 'https:']),
    ocppUrl: urlOf('--ocpp-url', values['ocpp-url'], ['ws:', 'wss:']),
    model: values.model,
    login: loginOf({
      token: values.token ?? (values.user === undefined ? env.AFTERCARE_TOKEN : undefined),
      user: values.user ?? 'admin',
      password: values.password ?? env.ADMIN_PASSWORD,
    }),
    isJson: values.json,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw invalid(`${reasonOf(cause).split('. ')[0]}: see --help`, cause);
  }
}

function loginOf(values: {
  token?: string | undefined;
  user?: string | undefined;
  password?: string | undefined;
}): ReplayOptions['login'] {
  if (values.token !== undefined) return { token: values.token };
  const { user: username, password } = values;
  if (username !== undefined && password !== undefined) return { username, password };
  throw invalid('give --token, or --user and --password, or set AFTERCARE_TOKEN or ADMIN_PASSWORD');
}

function urlOf(option: string, text: string, protocols: readonly string[]): string {
  if (URL.canParse(text) && protocols.includes(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw invalid(
    `${option} ${text} is no address: write ${protocols.map((p) => `${p}//host:port`).join(' or ')}`,
  );
}

function invalid(message: string, cause?: unknown): SimulatorError {
  return new SimulatorError('SIMULATOR_OPTION_INVALID', message, { cause });
}
