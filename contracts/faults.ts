import { AC_FAMILIES } from './ac-fault-families.ts';
import { COMMON_FAMILIES } from './common-fault-families.ts';
import { type FaultFamily, toFamily } from './fault-family.ts';
import { PILE_FAMILIES } from './pile-fault-families.ts';
import { PILE_SAFETY_FAMILIES } from './pile-safety-families.ts';
import type { LocalText } from './text.ts';

const ROWS = [...COMMON_FAMILIES, ...AC_FAMILIES, ...PILE_FAMILIES, ...PILE_SAFETY_FAMILIES];

/** Every known family by id: of any equipment, of air conditioners, of charging piles. */
export const FAULT_FAMILIES: ReadonlyMap<string, FaultFamily> = new Map(
  ROWS.map((row) => [row.id, toFamily(row)]),
);

/** Family of a report without a code: a symptom in somebody's words. */
export const UNSPECIFIED_FAMILY = 'unspecified';

/** Family of a code that no table maps; such a ticket opens at P4 and is never lost. */
export function unmappedFamily(code: string): string {
  return `code:${code}`;
}

/** The family's record; an unmapped code or an unspecified report gets a general one, minor and low. */
export function faultFamily(id: string): FaultFamily {
  const known = FAULT_FAMILIES.get(id);
  if (known !== undefined) return known;
  const code = id.startsWith('code:') ? id.slice(5) : '';
  return {
    id,
    severity: 'minor',
    impact: 'low',
    urgency: 'low',
    emergency: false,
    skill: 'general',
    label:
      code === ''
        ? text('未分类故障', 'Unspecified fault')
        : text(`未知故障码 ${code}`, `Unknown fault code ${code}`),
    cause: text('待诊断', 'To be diagnosed'),
    plan: text('现场诊断', 'Diagnose on site'),
    isSafety: false,
    playbook: null,
    parts: [],
  };
}

function text(zh: string, en: string): LocalText {
  return { 'zh-CN': zh, en };
}

/** Every skill that a fault family asks for. */
export const SKILLS: readonly string[] = [...new Set(ROWS.map(({ grade }) => grade[3]))];
