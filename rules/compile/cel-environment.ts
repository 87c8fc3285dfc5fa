import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import { conditionError } from './condition-error.ts';

const CEL_TYPES = { number: 'double', enum: 'string', boolean: 'bool' } as const;

/** Functions of conditions; the first argument names a metric, a fault code or an attribute. */
export const SIGNATURES: readonly string[] = [
  'fault(string): bool',
  'attr(string): string',
  'absent(string, int): bool',
  ...['avg', 'min', 'max', 'delta', 'rate', 'starts'].map((name) => `${name}(string, int): double`),
  'hours_to(string, double, int): double',
  'hours_to(string, double, int, string): double',
];

const FUNCTIONS = new Set([...SIGNATURES.map((text) => text.slice(0, text.indexOf('('))), 'double']);

/** Functions a condition may call, as the checks need them; what they compute stands in the engine. */
type Handler = (...args: never[]) => unknown;

/** A CEL environment that knows the metrics of a kind by name, `online`, `model` and our functions. */
export function celEnvironment(kind: DeviceKind, handler: (name: string) => Handler): Environment {
  const environment = new Environment();
  for (const metric of METRICS[kind]) environment.registerVariable(metric.name, CEL_TYPES[metric.type]);
  environment.registerVariable('online', 'bool').registerVariable('model', 'string');
  for (const signature of SIGNATURES) {
    environment.registerFunction(signature, handler(signature.slice(0, signature.indexOf('('))));
  }
  return environment;
}

const ENVIRONMENTS = new Map<DeviceKind, Environment>();

function environmentOf(kind: DeviceKind): Environment {
  const known = ENVIRONMENTS.get(kind);
  if (known !== undefined) return known;
  const environment = celEnvironment(kind, () => () => undefined);
  ENVIRONMENTS.set(kind, environment);
  return environment;
}

/** Every node below and including `node`, outermost first. */
export function nodesOf(node: ASTNode): ASTNode[] {
  const children: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (typeof value === 'object' && value !== null && 'op' in value) children.push(value as ASTNode);
  };
  collect(node.args);
  return [node, ...children.flatMap(nodesOf)];
}

/** Parses and type-checks a condition. Errors carry line and column. */
export function parseCondition(kind: DeviceKind, source: string): ASTNode {
  const environment = environmentOf(kind);
  const ast = parse(environment, source);
  for (const node of nodesOf(ast)) checkNames(environment, node, source);
  const verdict = environment.check(source);
  if (!verdict.valid) {
    const offset = verdict.error?.range?.start ?? 0;
    throw conditionError(
      'RULES_CONDITION_TYPE',
      { source, offset },
      verdict.error?.summary ?? 'types do not fit',
    );
  }
  if (verdict.type !== 'bool') {
    throw conditionError(
      'RULES_CONDITION_TYPE',
      { source, offset: 0 },
      `a condition is true or false, this is ${verdict.type}`,
    );
  }
  return ast;
}

function parse(environment: Environment, source: string): ASTNode {
  try {
    return environment.parse(source).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw conditionError(
      'RULES_CONDITION_SYNTAX',
      { source, offset: error.range?.start ?? 0 },
      error.summary,
    );
  }
}

function checkNames(environment: Environment, node: ASTNode, source: string): void {
  const place = { source, offset: node.start };
  if (node.op === 'id' && !environment.hasVariable(node.args)) {
    throw conditionError('RULES_CONDITION_UNKNOWN_NAME', place, `no metric is named ${node.args}`);
  }
  if (node.op === 'call' && !FUNCTIONS.has(node.args[0])) {
    throw conditionError('RULES_CONDITION_UNKNOWN_FUNCTION', place, `no function is named ${node.args[0]}`);
  }
}
