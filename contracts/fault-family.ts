import type { Severity } from './alarms.ts';
import type { Level } from './priority.ts';
import type { LocalText } from './text.ts';

/**
 * What kind of failure it is, whatever a vendor calls it: the unit of "same fault".
 *
 * `skill` is what a technician must hold to be sent; `cause` and `plan` are the preliminary diagnosis a
 * machine-opened ticket starts with; `emergency` starts the emergency response.
 */
export interface FaultFamily {
  readonly id: string;
  readonly label: LocalText;
  readonly severity: Severity;
  readonly impact: Level;
  readonly urgency: Level;
  readonly emergency: boolean;
  readonly skill: string;
  readonly cause: LocalText;
  readonly plan: LocalText;
  /** May hurt somebody: never commanded from afar. */
  readonly isSafety: boolean;
  /** Id of the playbook that is tried before anybody drives (contracts/playbooks.ts), or null. */
  readonly playbook: string | null;
  /** Models of parts that the repair may need. */
  readonly parts: readonly string[];
}

type Grade = readonly [severity: Severity, impact: Level, urgency: Level, skill: string];
type Words = readonly [label: string, cause: string, plan: string];

/** A family as it is written down. A safety family names no playbook. */
export type FamilyRow = {
  readonly id: string;
  readonly grade: Grade;
  readonly zh: Words;
  readonly en: Words;
  readonly parts?: readonly string[];
} & (
  | { readonly isSafety: true; readonly playbook?: never }
  | { readonly isSafety?: never; readonly playbook?: string }
);

const say = (zh: string, en: string): LocalText => ({ 'zh-CN': zh, en });

export function toFamily({ id, grade, zh, en, parts = [], isSafety, playbook }: FamilyRow): FaultFamily {
  const [severity, impact, urgency, skill] = grade;
  return {
    id,
    label: say(zh[0], en[0]),
    severity,
    impact,
    urgency,
    emergency: impact === 'high' && urgency === 'high',
    skill,
    cause: say(zh[1], en[1]),
    plan: say(zh[2], en[2]),
    isSafety: isSafety === true,
    playbook: playbook ?? null,
    parts,
  };
}
