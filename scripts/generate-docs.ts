import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Environment } from '#app/config.ts';
import { METRICS } from '#contracts/metrics.ts';
import { AC_RULES } from '#rules/catalog/ac-rules.ts';

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

function metricsPage(): string {
  const rows = METRICS.ac_unit.map((metric) => [
    `\`${metric.name}\``,
    metric.type === 'enum' ? (metric.values ?? []).join(', ') : metric.type,
    metric.unit,
    metric.type === 'number' ? `${metric.min} … ${metric.max}` : '',
    metric.label.en,
    metric.label['zh-CN'],
  ]);
  return `# Metrics of an air conditioner\n\nThe one vocabulary of telemetry. Units are UCUM codes. Generated from \`contracts/metrics.ts\`.\n\n${table(['metric', 'type', 'unit', 'range', 'meaning', '含义'], rows)}\n`;
}

function rulesPage(): string {
  const sections = AC_RULES.map((rule) => {
    const deadband = Object.entries(rule.deadband ?? {}).map(([metric, amount]) => `${metric} ${amount}`);
    const facts = [
      `severity ${rule.severity}`,
      `family \`${rule.faultFamily}\``,
      `action ${rule.action}`,
      `on-delay ${rule.onDelayMs / 1_000} s`,
      `off-delay ${rule.offDelayMs / 1_000} s`,
      ...(deadband.length > 0 ? [`deadband ${deadband.join(', ')}`] : []),
    ];
    return `## ${rule.title.en} (\`${rule.id}\`)\n\n${rule.description.en}\n\n\`\`\`cel\n${rule.condition}\n\`\`\`\n\n${facts.join(' · ')}`;
  });
  return `# Shipped rules\n\nGenerated from \`rules/catalog/ac-rules.ts\`.\n\n${sections.join('\n\n')}\n`;
}

const PAGES: Readonly<Record<string, () => string>> = {
  'config.md': configPage,
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
