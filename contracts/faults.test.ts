import { expect, test } from 'vitest';
import { AC_FAMILIES } from './ac-fault-families.ts';
import { COMMON_FAMILIES } from './common-fault-families.ts';
import { FAULT_FAMILIES, faultFamily, SKILLS, unmappedFamily } from './faults.ts';
import { PILE_FAMILIES } from './pile-fault-families.ts';
import { PILE_SAFETY_FAMILIES } from './pile-safety-families.ts';
import { findPlaybook } from './playbooks.ts';

const families = [...FAULT_FAMILIES.values()];

test('every fault family is complete in both languages and has an id of its own', () => {
  const rows = [AC_FAMILIES, COMMON_FAMILIES, PILE_FAMILIES, PILE_SAFETY_FAMILIES].flat();
  expect(families).toHaveLength(rows.length);
  for (const { id, label, cause, plan, parts } of families) {
    expect(id).toMatch(/^[a-z]+(_[a-z]+)*$/);
    for (const said of [label, cause, plan]) {
      expect(said['zh-CN']).toMatch(/\p{Script=Han}/u);
      expect(said.en).toMatch(/^[A-Z][^\p{Script=Han}]+$/u);
    }
    for (const part of parts) expect(part).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  }
  expect([...SKILLS].sort()).toEqual([
    'charging',
    'controls',
    'electrical',
    'general',
    'high_voltage',
    'refrigeration',
  ]);
});

test('a safety family has no playbook, and a technician always goes', () => {
  const safety = families.filter(({ isSafety }) => isSafety);
  expect(safety.map(({ id }) => id)).toEqual(PILE_SAFETY_FAMILIES.map(({ id }) => id));
  for (const { playbook, parts } of safety) {
    expect(playbook).toBeNull();
    expect(parts).not.toEqual([]);
  }
});

test('every playbook that a family names exists and is for the equipment that has such a fault', () => {
  const kinds = [
    [AC_FAMILIES, 'ac_unit'],
    [PILE_FAMILIES, 'charging_pile'],
  ] as const;
  for (const [rows, kind] of kinds) {
    for (const { playbook } of rows) {
      if (playbook !== undefined) expect(findPlaybook(playbook)?.kind).toBe(kind);
    }
  }
  for (const { playbook } of COMMON_FAMILIES) expect(playbook).toBeUndefined();
});

test('a protection trip of refrigerant pressure is not cleared from afar', () => {
  for (const id of ['high_pressure', 'low_pressure', 'compressor_overcurrent']) {
    expect(FAULT_FAMILIES.get(id)?.playbook).toBeNull();
  }
});

test('a code that no table maps is a family of its own, minor, without a command', () => {
  expect(faultFamily(unmappedFamily('X9'))).toMatchObject({
    label: { en: 'Unknown fault code X9' },
    severity: 'minor',
    impact: 'low',
    urgency: 'low',
    playbook: null,
    isSafety: false,
  });
});
