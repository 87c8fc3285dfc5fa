type Json = Readonly<Record<string, unknown>>;

/** Names of settings whose value opens something. */
const SECRET = /passw|secret|token|key$/i;
const HARMLESS = /public/i;
const MASK = '********';

function isSecret(key: unknown): boolean {
  return typeof key === 'string' && SECRET.test(key.trim()) && !HARMLESS.test(key);
}

/** Arguments as people and records may see them: the value of a setting that looks secret is masked. */
export function shownArgs(args: Json): Json {
  return isSecret(args.key) && 'value' in args ? { ...args, value: MASK } : args;
}

/** The same for what a device tells of its settings. */
export function shownResult(result: Json): Json {
  const { configurationKey } = result;
  if (!Array.isArray(configurationKey)) return result;
  return { ...result, configurationKey: configurationKey.map((each) => shownArgs(Object(each))) };
}

/** The password by which a station signs in: it is the server's to set. */
export function isSignInKey(key: unknown): boolean {
  return typeof key === 'string' && key.trim().toLowerCase() === 'authorizationkey';
}
