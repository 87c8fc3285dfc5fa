import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Environment } from '#app/config.ts';
import { DEVICE_MODELS } from '#contracts/device-models.ts';
import { type FaultCodeMap, STATE_CODE } from '#contracts/fault-code-map.ts';
import { FAULT_FAMILIES, faultFamily } from '#contracts/faults.ts';
import { type DeviceKind, METRICS } from '#contracts/metrics.ts';
import { SHIPPED_RULES } from '#rules/catalog/shipped-rules.ts';

const DOCS = resolve(import.meta.dirname, '../docs');

interface Property {
  readonly type?: string;
  readonly default?: unknown;
  readonly description?: string;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function configPage(): string {
  const rows = Object.entries(Environment.properties as Readonly<Record<string, Property>>).map(
    ([name, { default: fallback, description = '' }]) => [
      `\`${name}\``,
      fallback === undefined ? '' : `\`${String(fallback)}\``,
      description,
    ],
  );
  return `# Configuration\n\nEvery variable the service reads. Generated from \`app/config.ts\`.\n\n${table(['variable', 'default', 'meaning'], rows)}\n`;
}

const KIND_NAMES: Readonly<Record<DeviceKind, string>> = {
  ac_unit: 'an air conditioner',
  charging_pile: 'a charging pile',
};
const KINDS = Object.keys(KIND_NAMES) as DeviceKind[];

function metricsPage(): string {
  const sections = KINDS.map((kind) => {
    const rows = METRICS[kind].map((metric) => [
      `\`${metric.name}\``,
      metric.type === 'enum' ? (metric.values ?? []).join(', ') : metric.type,
      metric.unit,
      metric.type === 'number' ? `${metric.min} … ${metric.max}` : '',
      metric.label.en,
      metric.label['zh-CN'],
    ]);
    return `## Of ${KIND_NAMES[kind]}\n\n${table(['metric', 'type', 'unit', 'range', 'meaning', '含义'], rows)}`;
  });
  return `# Metrics\n\nThe one vocabulary of telemetry. Units are UCUM codes. Generated from \`contracts/metrics.ts\`.\n\n${sections.join('\n\n')}\n`;
}

function ruleSection(rule: (typeof SHIPPED_RULES)[number]): string {
  const deadband = Object.entries(rule.deadband ?? {}).map(([metric, amount]) => `${metric} ${amount}`);
  const facts = [
    `severity ${rule.severity}`,
    `family \`${rule.faultFamily}\``,
    `action ${rule.action}`,
    `on-delay ${rule.onDelayMs / 1_000} s`,
    `off-delay ${rule.offDelayMs / 1_000} s`,
    ...(deadband.length > 0 ? [`deadband ${deadband.join(', ')}`] : []),
    ...(rule.appliesTo.models === undefined ? [] : [`models ${rule.appliesTo.models.join(', ')}`]),
  ];
  return `### ${rule.title.en} (\`${rule.id}\`)\n\n${rule.description.en}\n\n\`\`\`cel\n${rule.condition}\n\`\`\`\n\n${facts.join(' · ')}`;
}

function rulesPage(): string {
  const sections = KINDS.map((kind) => {
    const rules = SHIPPED_RULES.filter(({ appliesTo }) => appliesTo.kind === kind);
    return `## For ${KIND_NAMES[kind]}\n\n${rules.map(ruleSection).join('\n\n')}`;
  });
  return `# Shipped rules\n\nGenerated from \`rules/catalog/\`. A deadband loosens its limit while the alarm stands.\n\n${sections.join('\n\n')}\n`;
}

const list = (ids: readonly string[]): string => ids.map((id) => `\`${id}\``).join(', ');

function familiesTable(): string {
  const rows = [...FAULT_FAMILIES.values()].map((family) => [
    `\`${family.id}\``,
    family.label.en,
    family.label['zh-CN'],
    `${family.severity}, ${family.impact} × ${family.urgency}`,
    family.skill,
    family.isSafety ? 'never (safety)' : family.playbook === null ? '' : `\`${family.playbook}\``,
    list(family.parts),
  ]);
  return table(
    ['family', 'meaning', '含义', 'severity, impact × urgency', 'skill', 'playbook', 'parts'],
    rows,
  );
}

function codeMapSection(map: FaultCodeMap): string {
  const models = DEVICE_MODELS.filter(({ codeMaps }) => codeMaps.includes(map)).map(({ id }) => id);
  const rows = Object.entries(map.codes).map(([code, family]) => [
    code,
    `\`${family}\``,
    family === STATE_CODE ? 'operating state, opens nothing' : faultFamily(family).label.en,
  ]);
  return `## ${map.vendor}, ${map.series}\n\nModels: ${list(models)}. Sources: ${map.sources.join('; ')}.\n\n${table(['code', 'family', 'meaning'], rows)}`;
}

function faultCodesPage(): string {
  const maps = [...new Set(DEVICE_MODELS.flatMap(({ codeMaps }) => codeMaps))];
  return [
    '# Fault families and fault codes',
    'Generated from `contracts/`. The same code means different things on different series, so codes are looked up by the model of the device. A code that no map knows opens a ticket of its own, at P4.',
    '## Families',
    familiesTable(),
    ...maps.map(codeMapSection),
  ]
    .join('\n\n')
    .concat('\n');
}

const PAGES: Readonly<Record<string, () => string>> = {
  'config.md': configPage,
  'fault-codes.md': faultCodesPage,
  'metrics.md': metricsPage,
  'rules.md': rulesPage,
};

const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
for (const [name, render] of Object.entries(PAGES)) {
  const path = resolve(DOCS, name);
  const text = render();
  if (!values.check) {
    await writeFile(path, text);
    continue;
  }
  if ((await readFile(path, 'utf8').catch(() => '')) === text) continue;
  process.exitCode = 1;
  console.error(`docs/${name} is stale: run \`npm run generate\` and commit it`);
}
